/* watch.h: a deadline that needs no cooperation.
 *
 * The hook, the library and the allocator look at the clock; one instruction of the VM cannot: a
 * rehash with colliding keys, a marking collector, a parser can run for seconds inside liblua. A
 * watch is a timer whose signal arrives in the running thread. Armed only while a box runs with
 * enough memory for such work to be long; ordinary calls never pay for it.
 */
#ifndef SCRIPT_LIMITS_WATCH_H
#define SCRIPT_LIMITS_WATCH_H

#include <sys/types.h>
#include <time.h>

#include "base/base.h"

struct watch {
    void (*late)(void *ctx); /* runs in the signal handler of the thread that armed it */
    void *ctx;
    timer_t timer; /* exists when thread != 0 */
    pid_t thread;
    volatile bool armed;
};

/* Calls late(ctx) once, ns nanoseconds from now, until disarmed. False when the system has no timer
 * left. Not async-signal-safe: call it outside handlers. */
bool watch_arm(struct watch *watch, uint64_t ns);

/* In `late` itself: calls it once more, ns nanoseconds from now. */
void watch_again(struct watch *watch, uint64_t ns);

/* After it returns, late will not be called. */
void watch_disarm(struct watch *watch);

/* Gives the timer back. */
void watch_clear(struct watch *watch);

#endif
