/* fault.c: see fault.h. Part of test builds only (make FAULT=1), so it may hold what no other file
 * may: state of the process. The linker leads allocations and calls of the system through here. */
#include "base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unwind.h>

#define SITES  (1u << 15)
#define FRAMES 6 /* of a stack that tell one site from another */

// clang-format off
enum act {
    NOTHING, KILL, EIO_, ENOSPC_, EMFILE_, ENOMEM_, OOM, STARVE, NOFILE, TERM, INT, HUP, STOP
};
// clang-format on

struct site {
    uint64_t stack;
    uint64_t count;
    const char *what;
    uint32_t frames[FRAMES]; /* offsets in the program, 0 outside of it */
};

static struct {
    atomic_ullong hits[FAULT_COUNT];
    enum fault_point point;
    enum act act;
    unsigned long long hit;
    uint64_t stack; /* of the site that shall fail, or 0 */
    atomic_bool spent, starving;
    atomic_int pipes;
    const char *record;
    pthread_mutex_t mutex;
    struct site sites[SITES];
} state = {.point = FAULT_COUNT, .mutex = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local bool oom; /* the next allocation fails */
static _Thread_local bool busy; /* recording: what it calls itself does not count */

/* ---- the table ---- */

static const struct fault rows[] = {
#define TWO(name, place, what, before, after)                                                      \
    {#name "_before", place, what, before}, {#name "_after", place, what, after},
#define X(name, place, what) TWO(name, place, what, true, true)
    FAULT_CALLS(X)
#undef X
#define X(name, place, what) TWO(name, place, what, false, true)
    FAULT_ENDS(X)
#undef X
#define X(name, place, what) TWO(name, place, what, true, false)
    FAULT_OPENS(X)
#undef X
#define X(name, place, what) TWO(name, place, what, false, false)
    FAULT_STEPS(X)
#undef X
    {"allocation", "everywhere", "memory is asked for", false},
    {"any", "everywhere", "any point but allocation is passed", false},
};

const struct fault *fault_row(size_t i, struct fault *row)
{
    if (i >= COUNT_OF(rows))
        return NULL;
    *row = rows[i];
    return row;
}

/* ---- what was asked for ---- */

static bool refuse(const char *what, const char *text)
{
    fprintf(stderr,
            "orket: ORKET_FAULT: %s '%s'\n"
            "  fix: POINT:HIT:kill|eio|enospc|emfile|enomem|oom|starve|nofile|term|int|hup|stop; "
            "`orket faults` lists the points\n",
            what, text);
    return false;
}

static void write_site(FILE *file, const struct site *site)
{
    fprintf(file, "site %016llx %llu %s", (unsigned long long)site->stack,
            (unsigned long long)site->count, site->what);
    for (size_t i = 0; i < FRAMES; i++)
        if (site->frames[i])
            fprintf(file, " %#x", (unsigned)site->frames[i]);
    fputc('\n', file);
}

static void write_record(void)
{
    busy = true;
    FILE *file = fopen(state.record, "w");
    for (size_t i = 0; file && i < FAULT_COUNT; i++)
        fprintf(file, "point %s %llu\n", rows[i].name, (unsigned long long)state.hits[i]);
    for (size_t i = 0; file && i < SITES; i++)
        if (state.sites[i].stack)
            write_site(file, &state.sites[i]);
    if (file)
        fclose(file);
}

static int errno_of(enum act act)
{
    static const int errors[] = {
        [EIO_] = EIO, [ENOSPC_] = ENOSPC, [EMFILE_] = EMFILE, [ENOMEM_] = ENOMEM};
    return (size_t)act < COUNT_OF(errors) ? errors[act] : 0;
}

static int signal_of(enum act act)
{
    static const int signals[] = {
        [TERM] = SIGTERM, [INT] = SIGINT, [HUP] = SIGHUP, [STOP] = SIGSTOP};
    return (size_t)act < COUNT_OF(signals) ? signals[act] : 0;
}

static bool take_act(const char *text)
{
    static const char *const names[] = {
        [KILL] = "kill",     [EIO_] = "eio", [ENOSPC_] = "enospc", [EMFILE_] = "emfile",
        [ENOMEM_] = "enomem", [OOM] = "oom", [STARVE] = "starve", [NOFILE] = "nofile",
        [TERM] = "term", [INT] = "int", [HUP] = "hup", [STOP] = "stop"};
    for (size_t i = KILL; i < COUNT_OF(names); i++)
        if (strcmp(names[i], text) == 0)
            state.act = (enum act)i;
    bool fails = errno_of(state.act) != 0;
    if (state.act == NOTHING || (fails && !state.stack && !rows[state.point].fails))
        return refuse("this cannot happen there:", text);
    return true;
}

static bool take_point(const char *name, const char *hit)
{
    char *end;
    if (strcmp(name, "site") == 0) {
        state.stack = strtoull(hit, &end, 16);
        return (state.stack && !*end) || refuse("no site", hit);
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            state.point = (enum fault_point)i;
    if (state.point == FAULT_COUNT)
        return refuse("there is no point", name);
    state.hit = strtoull(hit, &end, 10);
    return (state.hit && !*end) || refuse("no number of a hit", hit);
}

bool fault_start(void)
{
    static char text[512];
    const char *given = getenv("ORKET_FAULT");
    if (!given || !*given)
        return true;
    snprintf(text, sizeof text, "%s", given);
    char *second = strchr(text, ':');
    if (!second)
        return refuse("not understood:", given);
    *second++ = '\0';
    if (strcmp(text, "record") == 0) {
        state.record = second;
        return atexit(write_record) == 0;
    }
    char *third = strchr(second, ':');
    if (!third)
        return refuse("not understood:", given);
    *third++ = '\0';
    return take_point(text, second) && take_act(third);
}

/* ---- hits ---- */

static int act(void)
{
    if (state.act == KILL)
        for (;;)
            kill(getpid(), SIGKILL);
    if (state.act == NOFILE)
        // of 0, poll() would say EINVAL of what is open
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, 3});
    if (signal_of(state.act))
        kill(getpid(), signal_of(state.act));
    oom = oom || state.act == OOM || state.act == STARVE;
    state.starving = state.starving || state.act == STARVE;
    int error = errno_of(state.act);
    if (error)
        errno = error;
    return error;
}

static int count(enum fault_point point)
{
    unsigned long long hit = ++state.hits[point];
    return point == state.point && hit == state.hit ? act() : 0;
}

int fault_hit(enum fault_point point)
{
    count(FAULT_any);
    return count(point);
}

int fault_int(enum fault_point point, int result)
{
    int error = errno;
    if (result < 0)
        return result;
    errno = error;
    return fault_hit(point) && rows[point].fails ? -1 : result;
}

ssize_t fault_size(enum fault_point point, ssize_t result)
{
    if (result < 0)
        return result;
    return fault_hit(point) && rows[point].fails ? -1 : result;
}

/* ---- sites: an allocation or a call of the system, told apart by the stack it comes from ---- */

extern const char __executable_start[], etext[];

struct walk {
    uint64_t stack;
    uint32_t at[FRAMES];
    int frames, skip;
};

static _Unwind_Reason_Code on_frame(struct _Unwind_Context *context, void *ctx)
{
    struct walk *walk = ctx;
    uintptr_t at = _Unwind_GetIP(context), base = (uintptr_t)__executable_start;
    if (walk->skip-- > 0)
        return _URC_NO_REASON;
    if (at >= base && at < (uintptr_t)etext) {
        walk->stack = (walk->stack ^ (at - base)) * 0x100000001b3u;
        walk->at[walk->frames] = (uint32_t)(at - base);
    }
    return ++walk->frames < FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static struct walk stack_of(const char *what)
{
    struct walk walk = {.stack = 0xcbf29ce484222325u, .skip = 3};
    for (; *what; what++)
        walk.stack = (walk.stack ^ (unsigned char)*what) * 0x100000001b3u;
    busy = true;
    _Unwind_Backtrace(on_frame, &walk);
    busy = false;
    walk.stack += !walk.stack;
    return walk;
}

static void record(const struct walk *walk, const char *what)
{
    uint64_t stack = walk->stack;
    pthread_mutex_lock(&state.mutex);
    for (uint64_t i = stack, tries = 0; tries < SITES; i++, tries++) {
        struct site *site = &state.sites[i % SITES];
        if (site->stack && site->stack != stack)
            continue;
        *site = (struct site){stack, site->count + 1, what, {0}};
        memcpy(site->frames, walk->at, sizeof site->frames);
        break;
    }
    pthread_mutex_unlock(&state.mutex);
}

/* True when this call is the one that shall fail. */
static bool fails_here(const char *what)
{
    if (busy || (!state.record && (!state.stack || state.spent)))
        return false;
    struct walk walk = stack_of(what);
    if (state.record)
        record(&walk, what);
    if (walk.stack != state.stack || atomic_exchange(&state.spent, true))
        return false;
    act();
    if (state.act == OOM || state.act == STARVE)
        errno = ENOMEM;
    oom = false;
    return true;
}

/* ---- memory ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool is_out(void)
{
    if (busy)
        return false;
    count(FAULT_allocation);
    bool out = fails_here("memory") || oom || state.starving;
    oom = false;
    if (out)
        errno = ENOMEM;
    return out;
}

void *__wrap_malloc(size_t size)
{
    return is_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_out() ? NULL : __real_realloc(old, size);
}

/* ---- calls of the system: X(name, type of the result, parameters, arguments) ---- */

#define WRAPPED(X)                                                                                 \
    X(accept4, int, (int a, void *b, void *c, int d), (a, b, c, d))                                \
    X(connect, int, (int a, const void *b, unsigned c), (a, b, c))                                 \
    X(epoll_create1, int, (int a), (a))                                                            \
    X(eventfd, int, (unsigned a, int b), (a, b))                                                   \
    X(fchmod, int, (int a, unsigned b), (a, b))                                                    \
    X(fdatasync, int, (int a), (a))                                                                \
    X(flock, int, (int a, int b), (a, b))                                                          \
    X(fstat, int, (int a, void *b), (a, b))                                                        \
    X(fstat64, int, (int a, void *b), (a, b))                                                      \
    X(fstatat, int, (int a, const char *b, void *c, int d), (a, b, c, d))                          \
    X(fsync, int, (int a), (a))                                                                    \
    X(ftruncate, int, (int a, long b), (a, b))                                                     \
    X(ftruncate64, int, (int a, long b), (a, b))                                                   \
    X(getdents64, ssize_t, (int a, void *b, size_t c), (a, b, c))                                  \
    X(inotify_add_watch, int, (int a, const char *b, unsigned c), (a, b, c))                       \
    X(inotify_init1, int, (int a), (a))                                                            \
    X(listen, int, (int a, int b), (a, b))                                                         \
    X(lseek, long, (int a, long b, int c), (a, b, c))                                              \
    X(lstat, int, (const char *a, void *b), (a, b))                                                \
    X(lstat64, int, (const char *a, void *b), (a, b))                                              \
    X(memfd_create, int, (const char *a, unsigned b), (a, b))                                      \
    X(mkdir, int, (const char *a, unsigned b), (a, b))                                             \
    X(mkdirat, int, (int a, const char *b, unsigned c), (a, b, c))                                 \
    X(open, int, (const char *a, int b, int c), (a, b, c))                                         \
    X(open64, int, (const char *a, int b, int c), (a, b, c))                                       \
    X(openat, int, (int a, const char *b, int c, int d), (a, b, c, d))                             \
    X(pread, ssize_t, (int a, void *b, size_t c, long d), (a, b, c, d))                            \
    X(pread64, ssize_t, (int a, void *b, size_t c, long d), (a, b, c, d))                          \
    X(pwrite, ssize_t, (int a, const void *b, size_t c, long d), (a, b, c, d))                     \
    X(pwrite64, ssize_t, (int a, const void *b, size_t c, long d), (a, b, c, d))                   \
    X(readlink, ssize_t, (const char *a, char *b, size_t c), (a, b, c))                            \
    X(rename, int, (const char *a, const char *b), (a, b))                                         \
    X(renameat, int, (int a, const char *b, int c, const char *d), (a, b, c, d))                   \
    X(renameat2, int, (int a, const char *b, int c, const char *d, unsigned e), (a, b, c, d, e))   \
    X(socket, int, (int a, int b, int c), (a, b, c))                                               \
    X(stat, int, (const char *a, void *b), (a, b))                                                 \
    X(stat64, int, (const char *a, void *b), (a, b))                                               \
    X(timer_create, int, (int a, void *b, void *c), (a, b, c))                                     \
    X(unlink, int, (const char *a), (a))                                                           \
    X(unlinkat, int, (int a, const char *b, int c), (a, b, c))                                     \
    X(writev, ssize_t, (int a, const void *b, int c), (a, b, c))

#define X(name, type, parameters, arguments)                                                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails_here(#name) ? -1 : __real_##name arguments;                                   \
    }
WRAPPED(X)
#undef X

/* ---- what libuv says to itself goes through pipes and eventfds that nobody else has, and an
 * inotify is read when it has something: the kernel does not refuse that, and libuv ends the
 * program when it does ---- */

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
int __real_pipe2(int fd[2], int flags);
int __wrap_pipe2(int fd[2], int flags);

static bool is_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

/* An eventfd's number; a byte of the lock around signals; a signal. */
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    bool own = (len == 8 || len == 1 || len == 16) && !is_file(fd);
    return !own && fails_here("write") ? -1 : __real_write(fd, bytes, len);
}

/* The same, with room for more; an inotify's events. */
ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    bool own = (len == 1 || len == 512 || len == 1024 || len == 4096) && !is_file(fd);
    return !own && fails_here("read") ? -1 : __real_read(fd, bytes, len);
}

/* The second one of the process follows at once on one that core/main.c made to see whether it
 * can. */
int __wrap_pipe2(int fd[2], int flags)
{
    bool own = ++state.pipes == 2;
    return !own && fails_here("pipe2") ? -1 : __real_pipe2(fd, flags);
}
