/* file.c: a bundle's file appears under its name when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "io/bundle/impl.h"

static int fail(const char *path, struct err *err)
{
    int error = errno;
    return error == ENOSPC ? err_set(err, ERR_STORE_FULL, "%s: %s", path, strerror(error))
                           : err_os(err, error, "%s", path);
}

int bundle_create(const char *path, int *fd, struct err *err)
{
    struct buf new = {0};
    buf_printf(&new, "%s-new", path);
    *fd = -1;
    if (!buf_ok(&new))
        return err_set(err, ERR_MEMORY, "out of memory");
    unlink(new.data);
    *fd = open(new.data, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    int rc = *fd < 0 ? fail(path, err) : 0;
    buf_clear(&new);
    return rc;
}

int bundle_keep(const char *path, int fd, bool keep, struct err *err)
{
    struct buf new = {0};
    buf_printf(&new, "%s-new", path);
    int rc = buf_ok(&new) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
    bool synced = !keep || fsync(fd) == 0;
    if ((close(fd) || !synced) && !rc)
        rc = fail(path, err);
    if (!rc && keep && rename(new.data, path))
        rc = fail(path, err);
    if ((rc || !keep) && new.data)
        unlink(new.data);
    buf_clear(&new);
    return rc;
}
