/* meter.h: what a box may use: memory, steps, time. One meter for each box.
 *
 * step     one VM instruction, or a comparable piece of work of a library function or the allocator
 * spent    a limit was hit (`limit`): from then on the hook fires at every instruction and each
 *          library function raises, so that no pcall outlives the budget
 * host     a stretch of C that may hold memory of the process (malloc): the watch waits for its end
 *
 * A script's thread finds its meter in the extra space of its Lua state.
 */
#ifndef SCRIPT_LIMITS_METER_H
#define SCRIPT_LIMITS_METER_H

#include <lua.h>
#include <setjmp.h>
#include <signal.h>

#include "base/err.h"
#include "script/limits/heap.h"
#include "script/limits/watch.h"

#define METER_PATIENCE 10

#define TRACE_LINES  65536 /* of a text that is traced; what is below is not seen */
#define TRACE_RECENT 256

/* The lines of one text that ran. */
struct meter_trace {
    const char *chunk;                  /* "@roles/coder.lua" */
    unsigned char hit[TRACE_LINES / 8]; /* by line */
    int highest;                        /* line that ran */
    int recent[TRACE_RECENT];           /* a ring: count % TRACE_RECENT is the next */
    size_t count;
};

struct meter {
    struct heap *heap;
    lua_State *thread;  /* the one thread that runs scripts; NULL until there is one */
    size_t string_max;  /* bytes of one string */
    size_t watch_at;    /* heap size from which single instructions may be long */
    int64_t steps;      /* left */
    uint64_t deadline;  /* monotonic ns */
    uint64_t budget;    /* ns of this run */
    uint64_t last;      /* monotonic ns beyond which no excuse counts */
    uint64_t cpu;       /* the thread's own time at the beginning; 0 = only the clock counts */
    uint64_t cpu_seen;  /* the thread's own time when the kernel was asked last; 0 = never */
    uint64_t seen_at;   /* monotonic ns of that */
    int64_t unseen;     /* steps since the clock was looked at */
    /* 0, ERR_SCRIPT_MEMORY, ERR_SCRIPT_STEPS, ERR_SCRIPT_TIME, ERR_IO or ERR_MEMORY */
    volatile int limit;
    volatile bool running;
    volatile bool host;
    bool stress;         /* fail the first try of every allocation (GCSTRESS) */
    const void *refused; /* the allocation that failed last: block and new size */
    size_t refused_size;
    struct watch watch;
    struct meter_trace *trace; /* borrowed; NULL = nobody wants to know */
    sigjmp_buf
        escape; /* set by whoever resumes the thread; taken when an instruction is too long */
};

/* Monotonic nanoseconds. */
uint64_t meter_now(void);

/* The allocator of a box's Lua state; ud is its meter. */
void *meter_alloc(void *ud, void *block, size_t old_len, size_t len);

static inline struct meter *meter_of(lua_State *L)
{
    return *(struct meter **)lua_getextraspace(L);
}

/* Takes the heap as it is now for one on which no single instruction is long. */
void meter_calm(struct meter *meter);

/* Begins a run of meter->thread with so many steps and nanoseconds. Strict: on the clock. Otherwise
 * time in which the machine ran others is not counted, up to METER_PATIENCE times as much. */
void meter_begin(struct meter *meter, int64_t steps, uint64_t ns, bool strict);

/* The thread may have waited since: a run that goes on is measured from what the kernel says now,
 * so that not each of its pieces gets a little more. */
void meter_idle(struct meter *meter);

/* Nanoseconds of its budget that the run has used. */
uint64_t meter_used(const struct meter *meter);

/* Ends it; after that nothing interrupts. */
void meter_end(struct meter *meter);

/* Arms the watch: the next instruction may be long whatever the heap's size. */
void meter_watch(struct meter *meter);

/* Takes n steps; raises when a limit was hit. For library functions and their loops. */
void meter_spend(lua_State *L, size_t n);

/* Raises when a limit was hit before. */
void meter_check(lua_State *L);

/* Ends the entry with a code that no pcall of the script can swallow: the host has failed it. */
void meter_fail(lua_State *L, int code);

/* Around code that may hold memory of the process: the watch then only marks the limit. */
static inline void meter_host(struct meter *meter, bool host)
{
    meter->host = host;
}

#endif
