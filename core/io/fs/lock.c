/* lock.c: flock(2) on a file that holds the owner's process id as text. */
#include "io/fs/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fs/disk.h"

/* ---- who holds it ---- */

/* The number in the file is that of the last owner, which may be gone: a process that was forked
 * from it holds the lock on. What the kernel says of a descriptor names its locks. */
static bool is_locked_by(int proc, const char *pid, const char *fd)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "%.16s/fdinfo/%.16s", pid, fd);
    auto_close int info = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = info < 0 ? -1 : read(info, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    return strstr(text, "FLOCK") != NULL;
}

static bool holds(int proc, const char *pid, const struct stat *file)
{
    char path[32];
    struct stat info;
    snprintf(path, sizeof path, "%.16s/fd", pid);
    int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool found = false;
    while (list && !found && (entry = readdir(list)))
        found = entry->d_name[0] != '.' && fstatat(fd, entry->d_name, &info, 0) == 0 &&
                info.st_ino == file->st_ino && info.st_dev == file->st_dev &&
                is_locked_by(proc, pid, entry->d_name);
    if (list)
        closedir(list);
    else if (fd >= 0)
        close(fd);
    return found;
}

/* "4711 (orket) T 1 …" */
static bool describe(int proc, const char *pid, struct lock_holder *out)
{
    char path[32], text[512];
    snprintf(path, sizeof path, "%.16s/stat", pid);
    auto_close int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (!name || !end || end < name || end[1] != ' ')
        return false;
    *end = '\0';
    out->pid = atol(pid);
    out->state = end[2];
    snprintf(out->name, sizeof out->name, "%s", name + 1);
    return true;
}

bool lock_find_holder(const char *path, struct lock_holder *out)
{
    struct stat file;
    int proc = stat(path, &file) ? -1 : open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = proc < 0 ? NULL : fdopendir(proc);
    const struct dirent *entry;
    bool found = false;
    while (list && !found && (entry = readdir(list)))
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                holds(proc, entry->d_name, &file) && describe(proc, entry->d_name, out);
    if (list)
        closedir(list);
    else if (proc >= 0)
        close(proc);
    return found;
}

const char *lock_state(char state)
{
    switch (state) {
    case 'T':
    case 't':
        return "stopped";
    case 'D':
        return "waiting for the disk";
    case 'Z':
    case 'X':
        return "ended";
    default:
        return "running";
    }
}

bool lock_taken_at(const char *path, char out[LOCK_TIME])
{
    struct stat file;
    struct tm tm;
    char seconds[24];
    out[0] = '\0';
    if (stat(path, &file) || !gmtime_r(&file.st_mtime, &tm) ||
        !strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm))
        return false;
    snprintf(out, LOCK_TIME, "%s.%03ldZ", seconds, file.st_mtim.tv_nsec / 1000000 % 1000);
    return true;
}

static int owned(const char *path, struct err *err)
{
    struct lock_holder holder;
    if (!lock_find_holder(path, &holder)) {
        err_set(err, ERR_OWNED, "a process that cannot be seen from here holds %s", path);
        err_fix(
            err,
            "end it where it runs: as another user, in another container or on another machine");
        return ERR_OWNED;
    }
    const char *state = lock_state(holder.state);
    char since[LOCK_TIME];
    bool is_known = lock_taken_at(path, since);
    err_set(err, ERR_OWNED, "process %ld (%s, %s) owns the project%s%s: it holds %s", holder.pid,
            holder.name, state, is_known ? " since " : "", since, path);
    if (strcmp(state, "stopped") == 0)
        err_fix(err, "let it go on (kill -CONT %ld) or end it (kill -9 %ld)", holder.pid,
                holder.pid);
    else
        err_fix(err,
                "orket halt stops its runs, kill %ld ends it; other commands go through it",
                holder.pid);
    return ERR_OWNED;
}

/* ---- taking it ---- */

int lock_take(struct lock *lock, const char *path, struct err *err)
{
    lock->fd = -1;
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    int fd = FAULT_CALL(lock_open, open(path, flags, 0600));
    if (fd < 0)
        return disk_fail(err, path, errno);
    if (FAULT_CALL(lock_take, flock(fd, LOCK_EX | LOCK_NB))) {
        int rc = errno == EWOULDBLOCK ? owned(path, err)
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
 * "1: FLOCK  ADVISORY  WRITE 4711 fd:01:1835016 0 EOF".
 * Trying the lock would refuse it to its owner. */
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
