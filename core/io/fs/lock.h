/* lock.h: the lock file that makes one process the owner. The lock dies with the process, whatever
 * happens to it; the file stays and names the last owner's process id. */
#ifndef IO_LOCK_H
#define IO_LOCK_H

#include "base/err.h"

struct lock {
    int fd; /* -1: not held */
};

/* The process that holds a lock now, as the kernel lists it. */
struct lock_holder {
    long pid;
    char name[32]; /* of its program; may be cut */
    char state;    /* as /proc/PID/stat has it: R, S, D, T (stopped), t (traced), Z … */
};

/* Finds the process that holds the lock file; false when there is none, or it cannot be seen from
 * here (of another user, or in another pid namespace).
 * Looks at every process: for errors, not for each step. */
bool lock_find_holder(const char *path, struct lock_holder *out);

/* What the state is called: "running", "stopped", "waiting for the disk", "ended". */
const char *lock_state(char state);

/* Takes the lock file (created when missing). ERR_OWNED names the holder; ERR_IO. */
int lock_take(struct lock *lock, const char *path, struct err *err) MUST_CHECK;

/* True while some process holds the lock file; asking is in nobody's way. */
bool lock_is_held(const char *path);

#define LOCK_TIME 32

/* When its holder, or the last one, took it: "2026-01-31T12:00:00.000Z"; false, and "", when that
 * cannot be read. */
bool lock_taken_at(const char *path, char out[LOCK_TIME]);

/* Lets go; idempotent. */
void lock_release(struct lock *lock);

#endif
