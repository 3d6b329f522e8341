/* lock.c: flock(2) on a file that holds the owner's process id as text. */
#include "io/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "io/disk.h"

static int owned(int fd, const char *path, struct err *err)
{
    char pid[32] = "";
    ssize_t len = pread(fd, pid, sizeof pid - 1, 0);
    pid[len > 0 ? len : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    err_set(err, ERR_OWNED, "process %s holds %s", pid[0] ? pid : "(unknown)", path);
    err_fix(err, "use the commands that talk to the running owner, or stop that process");
    return ERR_OWNED;
}

int lock_take(struct lock *lock, const char *path, struct err *err)
{
    lock->fd = -1;
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = FAULT_CALL(lock_open, open(path, flags, 0600));
    if (fd < 0)
        return disk_fail(err, path, errno);
    if (FAULT_CALL(lock_take, flock(fd, LOCK_EX | LOCK_NB))) {
        int rc = errno == EWOULDBLOCK ? owned(fd, path, err)
                                      : disk_fail(err, path, errno);
        close(fd);
        return rc;
    }
    char pid[32];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    errno = ENOSPC; // of a write that is too short
    if (ftruncate(fd, 0) || FAULT_CALL(lock_write, pwrite(fd, pid, (size_t)len, 0)) != len) {
        int rc = disk_fail(err, path, errno);
        close(fd);
        return rc;
    }
    lock->fd = fd;
    return 0;
}

/* The kernel's list has a line for every lock that is held:
 * "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1835016 0 EOF". Trying the lock would refuse it to its owner. */
bool lock_is_held(const char *path)
{
    struct stat file;
    FILE *locks = stat(path, &file) ? NULL : fopen("/proc/locks", "re");
    char line[256];
    bool held = false;
    while (locks && !held && fgets(line, sizeof line, locks)) {
        unsigned long inode = 0;
        held = sscanf(line, "%*s FLOCK %*s WRITE %*d %*x:%*x:%lu", &inode) == 1 &&
               inode == (unsigned long)file.st_ino;
    }
    if (locks)
        fclose(locks);
    return held;
}

void lock_release(struct lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
