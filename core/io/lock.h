/* lock.h: the lock file that makes one process the owner. The lock dies with the process, whatever
 * happens to it; the file stays and names the last owner's process id. */
#ifndef IO_LOCK_H
#define IO_LOCK_H

#include "base/err.h"

struct lock {
    int fd; /* -1: not held */
};

/* Takes the lock file (created when missing). ERR_OWNED names the holder; ERR_IO. */
int lock_take(struct lock *lock, const char *path, struct err *err) MUST_CHECK;

/* True while some process holds the lock file; asking is in nobody's way. */
bool lock_is_held(const char *path);

/* Lets go; idempotent. */
void lock_release(struct lock *lock);

#endif
