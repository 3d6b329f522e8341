/* fs.c: perform: read, write, make, delete, on the descriptors of a target and nothing else.
 * Resolve is in fs_resolve.c, lists are in fs_list.c. */
#include "io/fs/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/fault.h"

#define CHUNK_MIN ((size_t)1024) /* read at once, at least */

/* ---- read ---- */

int fs_read(const struct fs_target *t, size_t offset, size_t max, struct buf *out, bool *more,
            struct err *err)
{
    if (broken(t->want != FS_READ || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for reading");
    max = max ? max : FS_READ_MAX;
    size_t got = 0, chunk = CHUNK_MIN; // the size is a hint: the file may change meanwhile
    if (t->size > offset && t->size - offset >= chunk)
        chunk = t->size - offset + 1;
    while (got <= max) {
        size_t want = max + 1 - got < chunk ? max + 1 - got : chunk;
        char *room = buf_reserve(out, want);
        if (!room)
            return err_set(err, ERR_MEMORY, "'%.200s': no memory to read it", t->path);
        ssize_t n = FAULT_CALL(file_read, pread(t->fd, room, want, (off_t)(offset + got)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_fail(err, errno, t->path);
        got += (size_t)n;
        out->len += (size_t)n;
        if (n == 0 || ((size_t)n < want && offset + got == t->size))
            break;
    }
    bool rest = got > max;
    out->len -= rest;
    if (out->data)
        out->data[out->len] = '\0';
    if (more)
        *more = rest;
    else if (rest)
        return err_set(err, ERR_TOO_LARGE, "'%.200s' is larger than %zu bytes", t->path, max);
    return 0;
}

/* The file, opened so that neither a link nor a pipe can hold anybody up; -1 with errno. */
static int open_name(int dir, const char *name, struct stat *st)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = FAULT_CALL(file_open, openat(dir, name, flags));
    if (fd < 0)
        return -1;
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    int error = S_ISREG(st->st_mode) ? errno : ENXIO;
    close(fd);
    errno = error;
    return -1;
}

int fs_read_name(int dir, const char *name, size_t max, struct buf *out, struct err *err)
{
    struct stat st = {0};
    buf_reset(out);
    auto_close int fd = open_name(dir, name, &st);
    if (fd < 0)
        return fs_fail(err, errno == ENOENT || errno == ELOOP ? ENXIO : errno, name);
    struct fs_target target = {.want = FS_READ, .fd = fd, .dir = -1, .size = (size_t)st.st_size};
    return (size_t)st.st_size > max ? err_set(err, ERR_TOO_LARGE, "'%.200s' is too large", name)
                                    : fs_read(&target, 0, max, out, NULL, err);
}

/* ---- write, mkdir, delete ---- */

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = FAULT_CALL(file_write, write(fd, bytes, len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* Makes and enters the missing directories; *dir becomes that of the last name (owned by the caller
 * when it is not target->dir). Answers the last name, or NULL with errno. */
static const char *enter(const struct fs_target *t, int *dir)
{
    const char *name = t->path + t->rest, *slash;
    *dir = t->dir;
    while ((slash = strchr(name, '/'))) {
        char part[FS_NAME_MAX + 1];
        size_t len = (size_t)(slash - name);
        memcpy(part, name, len);
        part[len] = '\0';
        int next = -1;
        if (FAULT_CALL(file_mkdir, mkdirat(*dir, part, 0777)) == 0 || errno == EEXIST)
            next = openat(*dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        if (*dir != t->dir)
            close(*dir);
        errno = error;
        if (next < 0)
            return NULL;
        *dir = next;
        name = slash + 1;
    }
    return name;
}

static void leave(const struct fs_target *t, int dir)
{
    int error = errno;
    if (dir != t->dir)
        close(dir);
    errno = error;
}

/* A new file under a name that is free, filled and closed; 0 or -1 with errno and no file. */
static int create(int dir, const char *name, mode_t mode, const void *bytes, size_t len)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    int fd = FAULT_CALL(file_create, openat(dir, name, flags, mode & 0777));
    if (fd < 0)
        return -1;
    bool ok = write_all(fd, bytes, len);
    int error = errno;
    if (FAULT_END(file_close, close(fd)) && ok) {
        ok = false;
        error = errno;
    }
    if (!ok)
        unlinkat(dir, name, 0);
    errno = error;
    return ok ? 0 : -1;
}

/* The filled temp takes the name. An exchange is as atomic as a rename over the old file, without
 * the write-back that ext4 does for the latter (80 us): nothing is synced here. */
static int take_name(int dir, const char *temp, const char *name)
{
    if (FAULT_CALL(file_rename, renameat2(dir, temp, dir, name, RENAME_EXCHANGE))) {
        // After any other error it may have happened, and a second one would take it back.
        bool never = errno == EINVAL || errno == ENOSYS || errno == ENOENT;
        return never ? renameat(dir, temp, dir, name) : -1;
    }
    (void)!FAULT_CALL(file_remove, unlinkat(dir, temp, 0)); // written it is; fs_walk_all sweeps
    return 0;
}

static void temp_name(char temp[sizeof FS_TEMP + 16])
{
    uint64_t tag;
    randombytes_buf(&tag, sizeof tag);
    snprintf(temp, sizeof FS_TEMP + 16, FS_TEMP "%016llx", (unsigned long long)tag);
}

/* Temp and rename: somebody may be reading, or hold another link to, what is there. */
static int replace(int dir, const char *name, const void *bytes, size_t len)
{
    struct stat st;
    char temp[sizeof FS_TEMP + 16];
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        st.st_mode = S_IFREG | 0666; // it went away meanwhile
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISLNK(st.st_mode) ? ELOOP : ENXIO;
        return -1;
    }
    temp_name(temp);
    if (create(dir, temp, st.st_mode, bytes, len))
        return -1;
    if (FAULT_CALL(file_mode, fchmodat(dir, temp, st.st_mode & 0777, 0)) == 0 &&
        take_name(dir, temp, name) == 0)
        return 0;
    int error = errno;
    unlinkat(dir, temp, 0);
    errno = error;
    return -1;
}

int fs_write(const struct fs_target *t, const void *bytes, size_t len, struct err *err)
{
    if (broken((t->want != FS_WRITE && t->want != FS_PUT) || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for writing");
    if (len > FS_FILE_MAX)
        return err_set(err, ERR_TOO_LARGE, "'%.200s': %zu bytes are too many", t->path, len);
    int dir, rc = -1;
    const char *name = enter(t, &dir);
    if (!name)
        return fs_fail(err, errno, t->path);
    errno = EEXIST;
    if (!t->exists)
        rc = create(dir, name, 0666, bytes, len);
    if (rc && errno == EEXIST)
        rc = replace(dir, name, bytes, len);
    leave(t, dir);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

int fs_make_executable(const struct fs_target *t, struct err *err)
{
    struct stat st;
    if (broken(t->want != FS_READ || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for a mode");
    if (fstat(t->fd, &st) || fchmod(t->fd, (st.st_mode & 0777) | (st.st_mode & 0444) >> 2))
        return fs_fail(err, errno, t->path);
    return 0;
}

/* What is in the file, or the directory, is on the disk. */
static int sync_name(int dir, const char *name, int flags)
{
    int fd = openat(dir, name, flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int rc = fsync(fd);
    close(fd);
    return rc;
}

static int add(int dir, const char *name, const void *bytes, size_t len)
{
    char temp[sizeof FS_TEMP + 16];
    temp_name(temp);
    if (create(dir, temp, 0666, bytes, len))
        return -1;
    int rc = sync_name(dir, temp, 0);
    if (rc == 0)
        rc = FAULT_CALL(file_rename, linkat(dir, temp, dir, name, 0)); // never over what is there
    int error = errno;
    unlinkat(dir, temp, 0);
    errno = error;
    return rc ? rc : sync_name(dir, ".", O_DIRECTORY);
}

int fs_add(const struct fs_target *t, const void *bytes, size_t len, struct err *err)
{
    if (broken(t->want != FS_PUT || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for a new file");
    if (len > FS_FILE_MAX)
        return err_set(err, ERR_TOO_LARGE, "'%.200s': %zu bytes are too many", t->path, len);
    int dir;
    const char *name = enter(t, &dir);
    if (!name)
        return fs_fail(err, errno, t->path);
    int rc = add(dir, name, bytes, len);
    leave(t, dir);
    if (rc && errno == EEXIST)
        return err_set(err, ERR_EXISTS, "'%.200s' exists", t->path);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

/* Something has the name already: fine when it is a directory. */
static int accept_directory(int dir, const char *name)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return -1;
    errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
    return S_ISDIR(st.st_mode) ? 0 : -1;
}

int fs_mkdir(const struct fs_target *t, bool *made, struct err *err)
{
    if (broken(t->want != FS_MKDIR || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for making a directory");
    int dir;
    const char *name = enter(t, &dir);
    if (!name)
        return fs_fail(err, errno, t->path);
    int rc = FAULT_CALL(file_mkdir, mkdirat(dir, name, 0777));
    if (made)
        *made = rc == 0;
    if (rc && errno == EEXIST)
        rc = accept_directory(dir, name);
    leave(t, dir);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

int fs_link(const struct fs_target *t, const char *to, struct err *err)
{
    if (broken(t->want != FS_MKDIR || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for making a link");
    int dir;
    const char *name = enter(t, &dir);
    if (!name)
        return fs_fail(err, errno, t->path);
    int rc = symlinkat(to, dir, name);
    leave(t, dir);
    if (rc && errno == EEXIST)
        return err_set(err, ERR_EXISTS, "'%.200s' exists", t->path);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

int fs_delete(const struct fs_target *t, struct err *err)
{
    if (broken(t->want != FS_DELETE || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for deleting");
    const char *name = t->path + t->rest;
    int rc = FAULT_CALL(file_delete, unlinkat(t->dir, name, 0));
    if (rc && errno == EISDIR)
        rc = unlinkat(t->dir, name, AT_REMOVEDIR);
    if (rc && errno == ENOTEMPTY)
        return err_set(err, ERR_EXISTS, "'%.200s' is a directory and not empty", t->path);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

int fs_hide(const struct fs_target *t, struct err *err)
{
    struct stat st;
    int dir;
    if (broken(t->want != FS_MKDIR || t->dir < 0))
        return err_set(err, ERR_BUG, "not a target for a whiteout");
    const char *name = enter(t, &dir);
    if (!name)
        return fs_fail(err, errno, t->path);
    int rc = FAULT_CALL(file_hide, mknodat(dir, name, S_IFCHR, 0));
    if (rc && errno == EEXIST && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        rc = fs_is_whiteout(&st) ? 0 : -1;
    }
    leave(t, dir);
    return rc ? fs_fail(err, errno, t->path) : 0;
}

int fs_show(const struct fs_target *t, struct err *err)
{
    if (broken(t->want != FS_LIST || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for showing");
    if (fremovexattr(t->fd, FS_OPAQUE) && errno != ENODATA)
        return fs_fail(err, errno, t->path);
    return 0;
}

int fs_publish(int dir, const char *from, const char *to, struct err *err)
{
    auto_close int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || FAULT_CALL(layer_sync, syncfs(fd)))
        return fs_fail(err, errno, from);
    if (FAULT_CALL(layer_rename, renameat2(dir, from, dir, to, RENAME_NOREPLACE)) || fsync(fd))
        return fs_fail(err, errno, to);
    return 0;
}
