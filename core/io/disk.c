/* disk.c: see disk.h. */
#include "io/disk.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

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
        return ERR_IO;
    }
}

const char *disk_cure(int code)
{
    switch (code) {
    case ERR_STORE_FULL:
        return "free some space; nothing that was acknowledged is lost";
    case ERR_STORE_READONLY:
        return "give this user write permission on .orket/ and its files, on a disk that can be written";
    case ERR_IO:
        return "look at the disk and the kernel's log; nothing that was acknowledged is lost";
    default:
        return NULL;
    }
}

int disk_fail(struct err *err, const char *path, int error)
{
    int code = disk_code(error);
    err_set(err, code, "%s: %s", path, strerror(error));
    err_fix(err, "%s", disk_cure(code));
    return code;
}
