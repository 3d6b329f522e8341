/* key_file.c: open(2) without following, fstat(2), rename(2). */
#include "io/keys/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "io/fs/disk.h"

static int refuse(const char *path, const char *what, const char *fix, struct err *err)
{
    err_set(err, ERR_DENIED, "%s %s", path, what);
    err_fix(err, fix, path);
    return ERR_DENIED;
}

/* May this file hold a secret? */
static int check_private(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return err_os(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return refuse(path, "is no regular file", "restore %s from a backup", err);
    if (st.st_uid != geteuid())
        return refuse(path, "belongs to another user",
                      "run orket as the user that owns %s, or give it back", err);
    if (st.st_mode & 0077)
        return refuse(path, "may be read or written by others: what it holds is worth nothing",
                      "chmod 600 %s; if others may have seen it, remove it (and key.pub beside "
                      "a key)",
                      err);
    return 0;
}

static int read_line(const char *path, bool secret, char line[KEY_FILE_LINE], size_t *len,
                     struct err *err)
{
    auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return refuse(path, "is a link", "put the file itself in the place of %s", err);
    if (fd < 0)
        return errno == ENOENT ? err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno))
                               : err_os(err, errno, "%s", path);
    int rc = secret ? check_private(fd, path, err) : 0;
    ssize_t n = rc ? 0 : read(fd, line, KEY_FILE_LINE);
    if (n < 0)
        return err_os(err, errno, "%s", path);
    *len = (size_t)n;
    while (*len && (line[*len - 1] == '\n' || line[*len - 1] == '\r'))
        --*len;
    return rc;
}

int key_file_read_public(const char *path, char line[KEY_FILE_LINE], size_t *len, struct err *err)
{
    return read_line(path, false, line, len, err);
}

int key_file_read_secret(const char *path, char line[KEY_FILE_LINE], size_t *len, struct err *err)
{
    return read_line(path, true, line, len, err);
}

static int sync_directory(const char *dir)
{
    auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) ? -1 : 0;
}

static int write_new(const char *path, const char *text, mode_t mode)
{
    size_t len = strlen(text);
    unlink(path);
    auto_close int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
    bool ok = fd >= 0 && FAULT_CALL(key_write, write(fd, text, len)) == (ssize_t)len &&
              write(fd, "\n", 1) == 1 && FAULT_CALL(key_sync, fsync(fd)) == 0;
    return ok ? 0 : -1;
}

int key_file_put(const char *dir, const char *path, const char *text, mode_t mode, struct err *err)
{
    struct buf new = {0};
    buf_printf(&new, "%s-new", path);
    int rc = buf_ok(&new) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
    if (!rc && (write_new(new.data, text, mode) ||
                FAULT_CALL(key_rename, rename(new.data, path)) || sync_directory(dir))) {
        rc = disk_fail(err, path, errno);
        unlink(new.data);
    }
    buf_clear(&new);
    return rc;
}
