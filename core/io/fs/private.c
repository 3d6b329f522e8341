/* private.c: open(2) without following, fstat(2), readdir(3). */
#include "io/fs/private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

static int foreign(const char *path, const char *what, struct err *err)
{
    err_set(err, ERR_DENIED, "%s %s", path, what);
    err_fix(err, "look who put it there; without it orket makes a new one");
    return ERR_DENIED;
}

static int check_owner(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return err_os(err, errno, "%s", path);
    if (geteuid() != 0 && st.st_uid != geteuid())
        return foreign(path, "belongs to another user", err);
    if ((st.st_mode & 0022) && fchmod(fd, st.st_mode & 07755))
        return err_os(err, errno, "%s", path);
    return 0;
}

static int check_entries(int fd, const char *path, struct err *err)
{
    DIR *dir = fdopendir(fd);
    const struct dirent *entry;
    struct stat st;
    int rc = dir ? 0 : err_os(err, errno, "%s", path);
    while (rc == 0 && (entry = readdir(dir)))
        if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
            rc = foreign(path, "holds a link", err);
    if (dir)
        closedir(dir);
    else
        close(fd);
    return rc;
}

int private_dir(const char *path, struct err *err)
{
    if (FAULT_CALL(dir_make, mkdir(path, 0700)) && errno != EEXIST)
        return err_os(err, errno, "%s", path);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return foreign(path, "is no directory", err);
    if (fd < 0)
        return err_os(err, errno, "%s", path);
    int rc = check_owner(fd, path, err);
    if (rc) {
        close(fd);
        return rc;
    }
    return check_entries(fd, path, err);
}
