/* fs_sweep.c: a tree after a program worked in it. Nobody else does meanwhile, but it may have left
 * anything: names are never followed, and depth is bounded:
 * what lies too deep is moved up first. */
#include "io/fs/fs_sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "io/fs/fs.h"

#define TOLD_MAX 100
#define MOVED    FS_TEMP "deep-"

struct sweep {
    int root;
    struct buf *removed;
    size_t count;
    unsigned moved; /* directories that were moved up, to be removed from there */
    int error;
    bool changes; /* whiteouts stay */
};

static void fail(struct sweep *s)
{
    s->error = s->error ? s->error : errno;
}

/* Its last names; bytes that are no text become '?'. */
static void tell(struct sweep *s, const char *dir, const char *name)
{
    char line[300];
    if (strncmp(name, MOVED, strlen(MOVED)) == 0 || s->count++ >= TOLD_MAX)
        return; // it was told where it lay
    int len = snprintf(line, sizeof line, "%.140s%s%.140s", dir, *dir ? "/" : "", name);
    bool text = utf8_valid(line, strlen(line));
    for (int i = 0; i < len && i < (int)sizeof line - 1; i++) {
        bool odd = (unsigned char)line[i] < 32 || ((line[i] & 0x80) && !text);
        buf_putc(s->removed, odd ? '?' : line[i]);
    }
    buf_putc(s->removed, '\n');
}

static bool is_name(const char *name)
{
    char room[FS_PATH_MAX + 1];
    size_t len;
    return strncmp(name, FS_TEMP, strlen(FS_TEMP)) != 0 &&
           fs_canonical(name, strlen(name), room, &len, NULL, NULL) == 0;
}

/* A directory that its owner may work in; -1 with errno.
 * Nobody is there to exchange it for a link. */
static int enter(int at, const char *name)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
        return -1;
    if (S_ISDIR(st.st_mode) && (st.st_mode & 0700) != 0700)
        (void)!fchmodat(at, name, 0755, 0); // what it needs is tried next
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void remove_all(struct sweep *s, int at, const char *name, unsigned depth);

/* To where it is not deep any more. */
static void move_up(struct sweep *s, int at, const char *name)
{
    char to[64];
    do
        snprintf(to, sizeof to, MOVED "%u", s->moved++);
    while (renameat2(at, name, s->root, to, 1 /* RENAME_NOREPLACE */) && errno == EEXIST);
}

/* Takes fd; NULL is a failure. */
static DIR *open_dir(struct sweep *s, int fd)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        fail(s);
        close(fd);
    }
    return dir;
}

static void remove_below(struct sweep *s, int fd, unsigned depth)
{
    DIR *dir = open_dir(s, fd);
    const struct dirent *entry;
    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_all(s, dirfd(dir), entry->d_name, depth + 1);
    closedir(dir);
}

static void remove_all(struct sweep *s, int at, const char *name, unsigned depth)
{
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
        return;
    if (depth > FS_DEPTH_MAX && at != s->root) {
        move_up(s, at, name);
        return;
    }
    int fd = enter(at, name);
    if (fd >= 0)
        remove_below(s, fd, depth);
    if (unlinkat(at, name, AT_REMOVEDIR) && errno != ENOENT)
        fail(s);
}

static void sweep_dir(struct sweep *s, int fd, const char *path, unsigned depth);

static void sweep_entry(struct sweep *s, int at, const char *dir, const char *name, unsigned depth)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW)) {
        if (errno != ENOENT)
            fail(s);
        return;
    }
    char path[FS_PATH_MAX + 1];
    int len = snprintf(path, sizeof path, "%s%s%s", dir, *dir ? "/" : "", name);
    bool fits = is_name(name) && len < FS_PATH_MAX;
    if (fits && s->changes && fs_is_whiteout(&st))
        return;
    if (fits && S_ISREG(st.st_mode)) {
        if ((st.st_mode & 07600) != 0600)
            (void)!fchmodat(at, name, (st.st_mode & 0777) | 0600, 0);
        return;
    }
    int fd = fits && S_ISDIR(st.st_mode) && depth < FS_DEPTH_MAX ? enter(at, name) : -1;
    if (fd >= 0) {
        sweep_dir(s, fd, path, depth + 1);
        return;
    }
    tell(s, dir, name);
    remove_all(s, at, name, depth);
}

/* Depth is bounded by FS_DEPTH_MAX. Takes fd. */
static void sweep_dir(struct sweep *s, int fd, const char *path, unsigned depth)
{
    DIR *dir = open_dir(s, fd);
    const struct dirent *entry;
    if (!dir)
        return;
    while (!s->error && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            sweep_entry(s, dirfd(dir), path, entry->d_name, depth);
    closedir(dir);
}

static int sweep(struct sweep s, size_t *count, struct err *err)
{
    int root = s.root;
    (void)!fchmod(root, 0755);
    for (unsigned before = 0, pass = 0; pass == 0 || s.moved > before; pass++) {
        before = s.moved;
        int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return err_os(err, errno, "cannot look at the tree");
        sweep_dir(&s, fd, "", 1);
        if (s.error)
            break;
    }
    *count = s.count;
    if (s.error)
        return err_os(err, s.error, "cannot clean the tree");
    return buf_ok(s.removed) ? 0 : err_set(err, ERR_MEMORY, "no memory for a list");
}

int fs_sweep(int root, struct buf *removed, size_t *count, struct err *err)
{
    return sweep((struct sweep){.root = root, .removed = removed}, count, err);
}

int fs_sweep_changes(int root, struct buf *removed, size_t *count, struct err *err)
{
    struct sweep s = {.root = root, .removed = removed, .changes = true};
    return sweep(s, count, err);
}

int fs_remove(int dir, const char *name, struct err *err)
{
    char moved[64];
    struct sweep s = {.root = dir};
    remove_all(&s, dir, name, 0);
    for (unsigned i = 0; i < s.moved; i++) {
        snprintf(moved, sizeof moved, MOVED "%u", i);
        remove_all(&s, dir, moved, 0);
    }
    return s.error ? err_os(err, s.error, "'%.200s' cannot be removed", name) : 0;
}
