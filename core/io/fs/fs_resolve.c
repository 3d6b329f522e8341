/* fs_resolve.c: names, roots and resolve of fs.h. The kernel confines (openat2); this file decides
 * which resolutions are wanted, and answers descriptors with the name of what they are. */
#include "io/fs/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fault.h"
#include "base/json.h"

#define OPEN_TRIES 32 /* openat2 answers EAGAIN when a rename races with it */

/* ---- errors ---- */

static int code_of(int error)
{
    switch (error) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOTDIR:
        return ERR_NOT_DIR;
    case EISDIR:
    case ENXIO:
        return ERR_NOT_FILE;
    case EXDEV:
    case ELOOP:
    case ENAMETOOLONG:
    case EINVAL: // a name that this file system does not take
    case EILSEQ:
        return ERR_PATH;
    case EEXIST:
    case ENOTEMPTY:
        return ERR_EXISTS;
    default:
        return err_of_errno(error);
    }
}

/* What fixes a failure of the machine. A program's modes are put right before anything else looks
 * (fs_sweep.c), so a missing permission is never an agent's doing. */
static const char *fix_of(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "free some space on the disk that holds workspace/, then run it again";
    case EFBIG:
        return "raise this user's limit on file sizes (ulimit -f), then run it again";
    case EACCES:
    case EPERM:
    case EROFS:
        return "give this user write permission on workspace/ and all below it, on a disk that can "
               "be written";
    default:
        return NULL;
    }
}

int fs_fail(struct err *err, int error, const char *path)
{
    int code = code_of(error);
    if (!utf8_valid(path, strlen(path)))
        path = "(a name that is not UTF-8)";
    if (error == EXDEV)
        return err_set(err, code, "'%.200s' leaves the tree", path);
    if (error == ELOOP)
        return err_set(err, code, "'%.200s' passes a link", path);
    if (code != err_of_errno(error))
        return err_set(err, code, "'%.200s': %s", path, err_text(code));
    err_os(err, error, "'%.200s'", path);
    const char *fix = fix_of(error);
    if (fix)
        err_fix(err, "%s", fix);
    return code;
}

/* ---- roots ---- */

/* openat2 beneath root; a descriptor or -1 with errno. */
static int open_beneath(int root, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | resolve,
    };
    int fd, tries = 0;
    do
        fd = (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
    while (fd < 0 && (errno == EAGAIN || errno == EINTR) && ++tries < OPEN_TRIES);
    return fd;
}

/* mkdir -p of a trusted path; errors show when it is opened. */
static void make_all(const char *path)
{
    char part[FS_PATH_MAX + 1];
    size_t len = strlen(path);
    if (len > FS_PATH_MAX)
        return;
    memcpy(part, path, len + 1);
    for (char *p = part + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(part, 0777);
        *p = '/';
    }
    mkdir(part, 0777);
}

int fs_root_open(const char *path, bool create, struct err *err)
{
    if (create)
        make_all(path);
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? fd : fs_fail(err, errno, path);
}

static int make_beneath(int root, const char *path, size_t len, bool *made, struct err *err)
{
    struct fs_target target;
    int rc = fs_resolve(root, path, len, FS_MKDIR, &target, err);
    if (rc)
        return rc;
    rc = fs_mkdir(&target, made, err);
    fs_target_close(&target);
    return rc;
}

int fs_root_beneath(int root, const char *path, size_t len, bool *made, struct err *err)
{
    struct fs_target target;
    struct err why = {0};
    int failed = 0;
    if (made) {
        *made = false;
        failed = make_beneath(root, path, len, made, &why); // it may be there, beyond a link
    }
    int rc = fs_resolve(root, path, len, FS_LIST, &target, err);
    if (rc == ERR_NOT_FOUND && failed) {
        rc = failed;
        if (err)
            *err = why;
    }
    return rc ? rc : target.fd;
}

/* ---- names ---- */

static bool has_control(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < len && (unsigned char)text[i + 1] < 0xA0)
            return true; // U+0080 to U+009F
    }
    return false;
}

/* One component to out; answers why it is refused, or NULL. */
static const char *put_part(const char *part, size_t len, char *out, size_t *out_len)
{
    if (len == 0 || (len == 1 && part[0] == '.'))
        return NULL;
    if (len == 2 && memcmp(part, "..", 2) == 0)
        return "the path has '..'";
    if (len > FS_NAME_MAX)
        return "a name in the path is longer than 255 bytes";
    if (len >= strlen(FS_TEMP) && memcmp(part, FS_TEMP, strlen(FS_TEMP)) == 0)
        return "the path has a reserved name";
    if (*out_len)
        out[(*out_len)++] = '/';
    memcpy(out + *out_len, part, len);
    *out_len += len;
    return NULL;
}

static const char *put_path(const char *path, size_t path_len, char *out, size_t *len)
{
    unsigned depth = 0;
    for (size_t at = 0; at < path_len;) {
        const char *slash = memchr(path + at, '/', path_len - at);
        size_t part = slash ? (size_t)(slash - path) - at : path_len - at;
        size_t before = *len;
        const char *why = put_part(path + at, part, out, len);
        if (why)
            return why;
        if (*len > before && ++depth > FS_DEPTH_MAX)
            return "the path is deeper than 64 directories";
        at += part + 1;
    }
    return NULL;
}

int fs_canonical(const char *path, size_t path_len, char *out, size_t *len, bool *directory,
                 struct err *err)
{
    const char *why = NULL;
    *len = 0;
    if (path_len == 0)
        why = "the path is empty";
    else if (path_len > FS_PATH_MAX)
        why = "the path is longer than 4096 bytes";
    else if (path[0] == '/')
        why = "the path is absolute";
    else if (has_control(path, path_len))
        why = "the path has a control character";
    else if (!utf8_valid(path, path_len))
        why = "the path is not valid UTF-8";
    else
        why = put_path(path, path_len, out, len);
    if (why) {
        err_set(err, ERR_PATH, "%s", why);
        err_fix(err, "name a file inside the tree, like src/main.py");
        return ERR_PATH;
    }
    out[*len] = '\0';
    if (directory)
        *directory = path[path_len - 1] == '/' || *len == 0;
    return 0;
}

/* ---- resolve ---- */

void fs_target_close(struct fs_target *target)
{
    if (target->fd >= 0)
        close(target->fd);
    if (target->dir >= 0)
        close(target->dir);
    target->fd = target->dir = -1;
}

bool fs_root_path(int fd, char out[FS_PATH_MAX + 1])
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, out, FS_PATH_MAX);
    if (len >= 0 && (len == 0 || out[0] != '/'))
        errno = ENOENT;
    if (len <= 0 || out[0] != '/')
        return false;
    out[len] = '\0';
    return true;
}

static bool same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The target was reached through links: its name becomes that of the real file, and is proved by
 * opening it once more without links. */
static bool take_true_name(int root, struct fs_target *t)
{
    char base[FS_PATH_MAX + 1], path[FS_PATH_MAX + 1];
    if (!fs_root_path(root, base) || !fs_root_path(t->fd, path))
        return false;
    size_t skip = strlen(base);
    if (skip == 1)
        skip = 0; // the root is "/"
    else if (strncmp(path, base, skip) != 0)
        return false;
    if (path[skip] && path[skip] != '/')
        return false;
    const char *name = path[skip] ? path + skip + 1 : ".";
    if (fs_canonical(name, strlen(name), t->path, &t->len, NULL, NULL))
        return false;
    auto_close int again = open_beneath(root, t->path, O_PATH, RESOLVE_NO_SYMLINKS);
    return again >= 0 && same_file(again, t->fd);
}

/* A directory was opened as one: nothing is left to look at. */
static int check_kind(struct fs_target *t, bool directory, struct err *err)
{
    struct stat st;
    if (t->want == FS_LIST)
        return 0;
    if (fstat(t->fd, &st))
        return fs_fail(err, errno, t->path);
    if (!S_ISREG(st.st_mode))
        return fs_fail(err, ENXIO, t->path);
    t->size = (size_t)st.st_size;
    return directory ? fs_fail(err, ENOTDIR, t->path) : 0;
}

static int resolve_open(int root, struct fs_target *t, bool directory, struct err *err)
{
    int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (t->want == FS_LIST ? O_DIRECTORY : 0);
    bool linked = false;
    t->fd = FAULT_CALL(file_open, open_beneath(root, t->path, flags, RESOLVE_NO_SYMLINKS));
    if (t->fd < 0 && errno == ELOOP) {
        linked = true;
        t->fd = open_beneath(root, t->path, flags, 0);
    }
    if (t->fd < 0)
        return fs_fail(err, errno, t->path);
    int rc = check_kind(t, directory, err);
    if (rc == 0 && linked && !take_true_name(root, t))
        rc = err_set(err, ERR_PATH, "a link in the path changed while it was followed");
    t->exists = true;
    t->rest = 0;
    return rc;
}

/* Opens the deepest directory that exists above the last name. */
static int resolve_parent(int root, struct fs_target *t, struct err *err)
{
    char dir[FS_PATH_MAX + 1];
    memcpy(dir, t->path, t->len + 1);
    char *slash;
    while ((slash = strrchr(dir, '/'))) {
        *slash = '\0';
        t->dir = open_beneath(root, dir, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
        t->rest = (size_t)(slash - dir) + 1;
        if (t->dir >= 0)
            return 0;
        if (errno != ENOENT || t->want == FS_DELETE)
            return fs_fail(err, errno, t->path);
    }
    t->rest = 0;
    // fcntl says EINVAL for EMFILE
    t->dir = open_beneath(root, ".", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    return t->dir >= 0 ? 0 : fs_fail(err, errno, t->path);
}

/* May what is there already be the target of this want? */
static int check_old(const struct fs_target *t, const struct stat *st, struct err *err)
{
    if (t->want == FS_DELETE)
        return 0;
    if (S_ISLNK(st->st_mode))
        return fs_fail(err, ELOOP, t->path);
    return S_ISREG(st->st_mode) ? 0 : fs_fail(err, ENXIO, t->path);
}

static int resolve_name(int root, struct fs_target *t, bool directory, struct err *err)
{
    if (t->len == 0)
        return err_set(err, ERR_PATH, "the path is the root itself");
    if (directory && t->want != FS_DELETE && t->want != FS_MKDIR)
        return fs_fail(err, ENXIO, t->path);
    int rc = resolve_parent(root, t, err);
    if (rc || t->want == FS_PUT || t->want == FS_MKDIR || strchr(t->path + t->rest, '/'))
        return rc; // nobody asks, or a directory above it is missing
    struct stat st;
    t->exists = fstatat(t->dir, t->path + t->rest, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (t->exists)
        return check_old(t, &st, err);
    return errno == ENOENT && t->want != FS_DELETE ? 0 : fs_fail(err, errno, t->path);
}

int fs_resolve(int root, const char *path, size_t len, enum fs_want want, struct fs_target *out,
               struct err *err)
{
    bool directory;
    out->want = want;
    out->fd = out->dir = -1;
    out->exists = false;
    out->size = out->rest = 0;
    int rc = fs_canonical(path, len, out->path, &out->len, &directory, err);
    if (rc)
        return rc;
    if (want == FS_READ || want == FS_LIST)
        rc = resolve_open(root, out, directory, err);
    else
        rc = resolve_name(root, out, directory, err);
    if (rc)
        fs_target_close(out);
    return rc;
}
