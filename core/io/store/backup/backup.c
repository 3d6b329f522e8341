/* backup.c: a database is copied by SQLite's online backup from one snapshot, into a directory that
 * gets its name when the copy was synced and verified. A restore makes such a copy beside the
 * database that it replaces, so that the last step is a rename. */
#include "io/store_backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fs/disk.h"
#include "io/fs/lock.h"
#include "io/store/backup/copy.h"
#include "io/store_read.h"

#define KEY_MAX  4096 /* bytes of a key's file that are looked at */
#define KEPT_MAX 1000 /* restores */

static const char *const parts[] = {COPY_NAME,           "highwater",      "key",
                                    "key.pub",           COPY_NAME "-wal", COPY_NAME "-shm",
                                    COPY_NAME "-journal"};

/* ---- files ---- */

static int check_length(const char *dir, struct err *err)
{
    return strlen(dir) > COPY_DIR_MAX ? disk_fail(err, dir, ENAMETOOLONG) : 0;
}

static bool is_there(const char *dir, const char *name)
{
    char path[PATH_MAX];
    struct stat info;
    return lstat(path_in(dir, name, path), &info) == 0 || errno != ENOENT;
}

/* Only what stands in workspace/ can: the rest is moved within .orket/. */
static int is_elsewhere(const char *path, struct err *err)
{
    err_set(err, ERR_IO, "%s is on another file system than .orket/, where it would be kept", path);
    return err_fix(err, "move it out of workspace/, and run orket restore again; the database is "
                        "as it was");
}

static int move(const char *from, const char *to, const char *name, struct err *err)
{
    char a[PATH_MAX], b[PATH_MAX];
    path_in(from, name, a);
    if (!FAULT_CALL(restore_move, rename(a, path_in(to, name, b))) || errno == ENOENT)
        return 0;
    bool elsewhere = errno == EXDEV || errno == EBUSY; // busy: something is mounted on it
    return elsewhere ? is_elsewhere(a, err) : disk_fail(err, a, errno);
}

static void drop_dir(const char *dir)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        unlink(path_in(dir, parts[i], path));
    rmdir(dir);
}

/* A small file, or nothing where there is none; answers its length. */
static ssize_t read_small(const char *dir, const char *name, char text[KEY_MAX], struct err *err)
{
    char path[PATH_MAX];
    auto_close int fd =
        open(path_in(dir, name, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, KEY_MAX);
    if (len < 0)
        return errno == ENOENT ? 0 : disk_fail(err, path, errno);
    return len;
}

static int copy_small(const char *from, const char *to, const char *name, mode_t mode,
                      struct err *err)
{
    char text[KEY_MAX], path[PATH_MAX];
    ssize_t len = read_small(from, name, text, err);
    if (len <= 0)
        return (int)len;
    auto_close int fd =
        open(path_in(to, name, path), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = fd >= 0 && write(fd, text, (size_t)len) == len && fsync(fd) == 0;
    explicit_bzero(text, sizeof text);
    return ok ? 0 : disk_fail(err, path, errno);
}

static int copy_key(const char *from, const char *to, struct err *err)
{
    int rc = copy_small(from, to, "key", 0600, err);
    return rc ? rc : copy_small(from, to, "key.pub", 0644, err);
}

/* ---- backup ---- */

static int exists(const char *path, const char *fix, struct err *err)
{
    err_set(err, ERR_EXISTS, "%s is there already", path);
    return err_fix(err, "%s", fix);
}

static int publish(const char *from, const char *to, struct err *err)
{
    char parent[PATH_MAX];
    int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (rc && errno == EINVAL) // this file system cannot; it was not there before
        rc = rename(from, to);
    if (rc)
        return errno == EEXIST ? exists(to, "name a directory that is not there yet", err)
                               : disk_fail(err, to, errno);
    snprintf(parent, sizeof parent, "%s/..", to);
    return sync_dir(parent, err);
}

static int dir_of(const struct store_options *options, char dir[PATH_MAX], struct err *err)
{
    const char *slash = strrchr(options->path, '/');
    snprintf(dir, PATH_MAX, "%.*s", slash ? (int)(slash - options->path) : 1,
             slash ? options->path : ".");
    return check_length(options->path, err);
}

int store_backup(const struct store_options *options, const char *to, struct store_copied *out,
                 struct err *err)
{
    char dir[PATH_MAX], new[PATH_MAX];
    struct stat info;
    *out = (struct store_copied){0};
    int rc = dir_of(options, dir, err);
    rc = rc ? rc : check_length(to, err);
    if (rc)
        return rc;
    if (lstat(to, &info) == 0)
        return exists(to, "name a directory that is not there yet", err);
    snprintf(new, sizeof new, "%s.partial-XXXXXX", to);
    if (!mkdtemp(new))
        return disk_fail(err, to, errno);
    struct copy copy = {.options = options, .to = new, .err = err};
    rc = copy_key(dir, new, err);
    rc = rc ? rc : copy_make(&copy, true, out);
    rc = rc ? rc : publish(new, to, err);
    if (rc)
        drop_dir(new);
    return rc;
}

/* ---- restore ---- */

/* Only what is damaged or missing is replaced. */
static int check_replaced(const struct store_options *options, const char *dir, struct err *err)
{
    struct store_options old = *options;
    struct buf report = {0};
    struct err why = {0};
    bool sound = false;
    if (!is_there(dir, COPY_NAME))
        return 0;
    old.readonly = true;
    int rc = store_check(&old, &report, &sound, &why);
    buf_clear(&report);
    if (!rc && sound)
        return exists(options->path,
                      "it is sound; to go back to the backup all the same, move .orket/ away first",
                      err);
    if (rc && rc != ERR_STORE_CORRUPT && err)
        *err = why;
    return rc == ERR_STORE_CORRUPT ? 0 : rc;
}

/* The project's key stays; the backup's comes where there is none. */
static int take_key(const char *from, const char *dir, const char *new, struct err *err)
{
    char mine[KEY_MAX], theirs[KEY_MAX];
    ssize_t m = read_small(dir, "key.pub", mine, err), t = read_small(from, "key.pub", theirs, err);
    if (m < 0 || t < 0)
        return (int)(m < 0 ? m : t);
    if (m > 0 && t > 0 && (m != t || memcmp(mine, theirs, (size_t)m) != 0)) {
        err_set(err, ERR_DENIED, "the backup in %s is signed by another key than this project's",
                from);
        return err_fix(
            err, "restore it into a directory of its own, or move .orket/key and key.pub away");
    }
    return copy_key(m > 0 ? dir : from, new, err);
}

/* A directory for what is replaced, which is kept. */
static int make_kept(const char *dir, struct store_copied *out, struct err *err)
{
    char kept[PATH_MAX];
    for (int i = 1; i < KEPT_MAX; i++) {
        snprintf(out->kept, sizeof out->kept, "replaced-%d", i);
        if (!mkdir(path_in(dir, out->kept, kept), 0700))
            return 0;
        if (errno != EEXIST)
            return disk_fail(err, kept, errno);
    }
    return exists(kept, "remove what of it is no longer needed", err);
}

/* Whether work was done there: the files may be ahead of the restored database, which does not know
 * that they are not what the person put there. */
static bool was_worked_on(const char *workspace, const char *epic)
{
    char dir[PATH_MAX];
    return epic[0] != '.' && is_there(path_in(workspace, epic, dir), "cards");
}

/* What follows from the database, from workspace/EPIC beside DIR into KEPT/workspace/EPIC. */
static int keep_workspace(const char *dir, struct store_copied *out, struct err *err)
{
    char above[PATH_MAX], workspace[PATH_MAX], kept[PATH_MAX], to[PATH_MAX];
    path_in(dir, "..", above);
    DIR *list = opendir(path_in(above, "workspace", workspace));
    const struct dirent *entry;
    int rc = list || errno == ENOENT ? 0 : disk_fail(err, workspace, errno);
    while (!rc && list && (entry = readdir(list))) {
        if (!was_worked_on(workspace, entry->d_name))
            continue;
        rc = out->kept[0] ? 0 : make_kept(dir, out, err);
        path_in(path_in(dir, out->kept, kept), "workspace", to);
        if (!rc && mkdir(to, 0700) && errno != EEXIST)
            rc = disk_fail(err, to, errno);
        rc = rc ? rc : move(workspace, to, entry->d_name, err);
    }
    if (list)
        closedir(list);
    if (rc && out->kept[0] && !rmdir(to) && !rmdir(kept)) // nothing was moved
        out->kept[0] = 0;
    return rc;
}

/* The log goes first, because the new database must not meet it; the old mark goes last, because it
 * says until then that something is missing. */
static int swap(const char *dir, const char *new, struct store_copied *out, struct err *err)
{
    static const char *const logs[] = {COPY_NAME "-wal", COPY_NAME "-journal", COPY_NAME "-shm"};
    char kept[PATH_MAX], old[PATH_MAX], link_of[PATH_MAX];
    bool has_old = is_there(dir, COPY_NAME) || is_there(dir, COPY_NAME "-wal");
    int rc = has_old && !out->kept[0] ? make_kept(dir, out, err) : 0;
    path_in(dir, out->kept, kept);
    for (size_t i = 0; !rc && out->kept[0] && i < COUNT_OF(logs); i++)
        rc = move(dir, kept, logs[i], err);
    if (!rc && out->kept[0] &&
        link(path_in(dir, COPY_NAME, old), path_in(kept, COPY_NAME, link_of)) && errno != ENOENT)
        rc = disk_fail(err, old, errno);
    rc = rc ? rc : sync_dir(dir, err);
    if (!rc && !is_there(dir, "key.pub")) {
        rc = move(new, dir, "key", err);
        rc = rc ? rc : move(new, dir, "key.pub", err);
    }
    rc = rc ? rc : move(new, dir, COPY_NAME, err);
    rc = rc ? rc : sync_dir(dir, err);
    rc = rc || !out->kept[0] ? rc : copy_small(dir, kept, "highwater", 0600, err);
    if (!rc && out->seq == 0)
        unlink(path_in(dir, "highwater", old));
    rc = rc ? rc : move(new, dir, "highwater", err);
    return rc ? rc : sync_dir(dir, err);
}

static int restore(const struct store_options *options, const char *from, const char *dir,
                   struct store_copied *out, struct err *err)
{
    char new[PATH_MAX], source[PATH_MAX];
    struct store_options other = *options;
    struct copy copy = {.options = &other, .to = new, .err = err};
    path_in(dir, "restoring", new);
    drop_dir(new);
    if (from)
        other.path = path_in(from, COPY_NAME, source);
    if (access(other.path, F_OK)) {
        err_set(err, ERR_NOT_FOUND, "%s: %s", other.path, strerror(errno));
        return err_fix(err, "%s",
                       from ? "name a directory that orket backup made"
                            : "restore a backup; to begin anew, remove .orket/");
    }
    if (mkdir(new, 0700))
        return disk_fail(err, new, errno);
    int rc = take_key(from ? from : dir, dir, new, err);
    rc = rc ? rc : copy_make(&copy, from != NULL, out);
    rc = rc ? rc : keep_workspace(dir, out, err);
    rc = rc ? rc : swap(dir, new, out, err);
    drop_dir(new);
    return rc;
}

int store_restore(const struct store_options *options, const char *from, struct store_copied *out,
                  struct err *err)
{
    char dir[PATH_MAX], path[PATH_MAX];
    struct highwater old = {0};
    struct lock lock;
    *out = (struct store_copied){0};
    int rc = dir_of(options, dir, err);
    if (!rc && from)
        rc = check_length(from, err);
    rc = rc ? rc : lock_take(&lock, path_in(dir, COPY_NAME "-owner", path), err);
    if (rc)
        return rc;
    rc = check_replaced(options, dir, err);
    if (!rc)
        highwater_load(options, &old, NULL); // what it says of the files is why we are here
    rc = rc ? rc : restore(options, from, dir, out, err);
    out->lost = old.seq > out->seq ? old.seq : 0;
    lock_release(&lock);
    return rc;
}
