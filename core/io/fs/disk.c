/* disk.c: see disk.h. */
#include "io/fs/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int disk_code(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_STORE_FULL;
    case EROFS:
    case EACCES:
    case EPERM:
        return ERR_STORE_READONLY;
    default:
        return err_of_errno(error);
    }
}

const char *disk_cure(int code)
{
    switch (code) {
    case ERR_STORE_FULL:
        return "free some space; nothing that was acknowledged is lost";
    case ERR_STORE_READONLY:
        return "give this user write permission on .orket/ and its files, on a disk that can be "
               "written";
    case ERR_IO:
        return "look at the disk and the kernel's log; nothing that was acknowledged is lost";
    default:
        return err_host_fix(code);
    }
}

int disk_no_descriptors(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);
    int error = fd < 0 && err_of_errno(errno) == ERR_DESCRIPTORS ? errno : 0;
    base_close_fd(&fd);
    return error;
}

int disk_fail(struct err *err, const char *path, int error)
{
    int code = disk_code(error);
    err_set(err, code, "%s: %s", path, strerror(error));
    err_fix(err, "%s", disk_cure(code));
    return code;
}
