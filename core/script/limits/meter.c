/* meter.c: the hook, the allocator and the watch, which all count on the same meter. */
#include "script/limits/meter.h"

#include <string.h>
#include <time.h>

enum {
    INTERVAL = 100,    /* instructions between two hooks */
    GLANCE = 5000,     /* library steps between two looks at the clock */
    BIG_BLOCK = 16384, /* an allocation that costs more than a look at the clock */
    BYTES_A_STEP = 64, /* of allocations */
    FRESH = 1000000,   /* ns for which the thread's own time need not be asked for again */
    CALM = 64 << 10,   /* heap growth below which no instruction can be long */
    MOST = 1 << 30     /* steps of one piece of work: an endless budget stays endless */
};

static const char killed; /* its address: the error value of a killed script */

static uint64_t read_clock(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t meter_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* The thread's own time, at most what it can be: since the kernel was asked no more of it went by
 * than of the clock's. So a short run costs no system call, and may get FRESH more than its own. */
static uint64_t thread_time(struct meter *meter, uint64_t now)
{
    if (!meter->cpu_seen || now - meter->seen_at > FRESH) {
        meter->cpu_seen = read_clock(CLOCK_THREAD_CPUTIME_ID);
        meter->seen_at = now;
    }
    return meter->cpu_seen + (now - meter->seen_at);
}

/* What the run has used of it. */
static uint64_t thread_used(const struct meter *meter)
{
    uint64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
    return cpu > meter->cpu ? cpu - meter->cpu : 0;
}

static void on_count(lua_State *L, lua_Debug *ar);

static int hooks(const struct meter *meter)
{
    return meter->trace ? LUA_MASKCOUNT | LUA_MASKLINE : LUA_MASKCOUNT;
}

/* Marks the meter as spent and lets the hook fire at every instruction from now on. Safe anywhere:
 * it neither allocates nor raises. */
static void stop(struct meter *meter, int limit)
{
    if (!meter->limit)
        meter->limit = limit;
    if (meter->thread)
        lua_sethook(meter->thread, on_count, LUA_MASKCOUNT, 1);
}

/* The deadline has passed: was it because the machine ran others? Then there is a later one. */
static bool was_starved(struct meter *meter, uint64_t now)
{
    if (!meter->cpu || now >= meter->last)
        return false;
    uint64_t used = thread_used(meter);
    if (used + used / 16 >= meter->budget)
        return false;
    meter->deadline = now + meter->budget - used;
    if (meter->deadline > meter->last)
        meter->deadline = meter->last;
    return true;
}

static void look_at_clock(struct meter *meter)
{
    meter->unseen = 0;
    if (meter->limit)
        return;
    uint64_t now = meter_now();
    if (now >= meter->deadline && !was_starved(meter, now))
        stop(meter, ERR_SCRIPT_TIME);
}

static void take(struct meter *meter, int64_t steps)
{
    meter->steps -= steps;
    if (meter->steps < 0 && !meter->limit)
        stop(meter, ERR_SCRIPT_STEPS);
}

static void raise_killed(lua_State *L)
{
    stop(meter_of(L), 0);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&killed);
    lua_error(L);
}

static void see_line(lua_State *L, lua_Debug *ar)
{
    struct meter_trace *trace = meter_of(L)->trace;
    lua_getinfo(L, "S", ar);
    if (!trace || strcmp(ar->source, trace->chunk) != 0 || ar->currentline <= 0 ||
        ar->currentline >= TRACE_LINES)
        return;
    trace->hit[ar->currentline / 8] |= (unsigned char)(1u << (ar->currentline % 8));
    if (ar->currentline > trace->highest)
        trace->highest = ar->currentline;
    trace->recent[trace->count++ % TRACE_RECENT] = ar->currentline;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    struct meter *meter = meter_of(L);
    if (ar->event == LUA_HOOKLINE) {
        see_line(L, ar);
        return;
    }
    if (!meter->limit) {
        take(meter, INTERVAL);
        look_at_clock(meter);
    }
    if (meter->limit)
        raise_killed(L);
    if (meter->steps < INTERVAL)
        lua_sethook(L, on_count, hooks(meter), (int)meter->steps + 1);
}

void meter_fail(lua_State *L, int code)
{
    stop(meter_of(L), code);
    raise_killed(L);
}

void meter_check(lua_State *L)
{
    if (meter_of(L)->limit)
        raise_killed(L);
}

void meter_spend(lua_State *L, size_t n)
{
    struct meter *meter = meter_of(L);
    int64_t steps = n > MOST ? MOST : (int64_t)n;
    take(meter, steps);
    meter->unseen += steps;
    if (meter->unseen >= GLANCE)
        look_at_clock(meter);
    if (meter->limit)
        raise_killed(L);
}

/* ---- memory ---- */

/* A refused request is followed by a full collection and the same request again. Only when that is
 * refused too is the memory really spent. */
static void *refuse(struct meter *meter, const void *block, size_t len)
{
    if (meter->refused_size == len && meter->refused == block && !meter->limit)
        stop(meter, ERR_SCRIPT_MEMORY);
    meter->refused = block;
    meter->refused_size = len;
    return NULL;
}

static bool is_stressed(const struct meter *meter, const void *block, size_t len)
{
    return meter->stress && !(meter->refused_size == len && meter->refused == block);
}

/* The costs of an allocation, and what it means for the instructions to come. */
static void charge(struct meter *meter, size_t len)
{
    if (!meter->running || meter->limit)
        return;
    take(meter, (int64_t)(len / BYTES_A_STEP));
    if (len >= BIG_BLOCK)
        look_at_clock(meter);
    if (!meter->watch.armed && heap_used(meter->heap) > meter->watch_at)
        meter_watch(meter);
}

void *meter_alloc(void *ud, void *block, size_t old_len, size_t len)
{
    struct meter *meter = ud;
    if (len == 0) {
        heap_free(meter->heap, block);
        return NULL;
    }
    if (block && len <= old_len)
        return heap_resize(meter->heap, block, len);
    if (!block && old_len == LUA_TSTRING && len > meter->string_max)
        return refuse(meter, block, len);
    if (is_stressed(meter, block, len))
        return refuse(meter, block, len);
    void *memory = block ? heap_resize(meter->heap, block, len) : heap_alloc(meter->heap, len);
    if (!memory)
        return refuse(meter, block, len);
    meter->refused_size = 0;
    charge(meter, len); // afterwards: what cannot be had is a matter of memory, not of steps
    return memory;
}

/* ---- time ---- */

/* In the signal handler. Nothing of the process is held inside a box but in a host stretch, so the
 * jump leaves only the region behind in disorder, and that is restored from its image. */
static void on_late(void *ctx)
{
    struct meter *meter = ctx;
    uint64_t now = meter_now();
    if (!meter->running)
        return;
    if (!meter->limit && was_starved(meter, now)) {
        watch_again(&meter->watch, meter->deadline - now);
        return;
    }
    if (!meter->limit)
        meter->limit = ERR_SCRIPT_TIME;
    if (!meter->host)
        siglongjmp(meter->escape, 1);
}

void meter_watch(struct meter *meter)
{
    uint64_t now = meter_now();
    meter->watch.late = on_late;
    meter->watch.ctx = meter;
    if (!watch_arm(&meter->watch, meter->deadline > now ? meter->deadline - now : 0))
        stop(meter, ERR_IO); // no timer: fail closed
}

void meter_calm(struct meter *meter)
{
    meter->watch_at = heap_used(meter->heap) + CALM;
}

void meter_idle(struct meter *meter)
{
    meter->cpu_seen = 0;
}

void meter_begin(struct meter *meter, int64_t steps, uint64_t ns, bool strict)
{
    uint64_t now = meter_now();
    meter->steps = steps;
    meter->budget = ns;
    meter->deadline = now + ns;
    meter->last = now + ns * METER_PATIENCE;
    meter->cpu = strict ? 0 : thread_time(meter, now);
    meter->unseen = 0;
    meter->limit = 0;
    meter->host = false;
    meter->refused_size = 0;
    lua_sethook(meter->thread, on_count, hooks(meter),
                steps < INTERVAL ? (int)steps + 1 : INTERVAL);
    meter->running = true;
    if (heap_used(meter->heap) > meter->watch_at)
        meter_watch(meter);
}

uint64_t meter_used(const struct meter *meter)
{
    uint64_t wall = meter_now() - (meter->last - meter->budget * METER_PATIENCE);
    if (!meter->cpu || wall < meter->budget / 8)
        return wall; // not worth asking the kernel
    return thread_used(meter);
}

void meter_end(struct meter *meter)
{
    meter->running = false;
    watch_disarm(&meter->watch);
}
