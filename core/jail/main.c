/* main.c: the first process of a jail: shuts the doors, starts the program, watches it, reports. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "jail/jail.h"

#define WATCH_NS 10000000L     /* 10 ms between two looks */
#define UID_BASE 0x70000000u   /* users that nobody else has, one for each jail at a time */
#define STACK    ((size_t)64 << 10)

_Noreturn void report(const struct cell *cell, int end, int value, int limit)
{
    struct jail_report r = {.end = end, .value = value, .limit = limit, .layers = cell->layers};
    (void)!write(JAIL_REPORT_FD, &r, sizeof r);
    _exit(0); // the kernel kills whatever is left in the namespace
}

static _Noreturn void nothing_ran(const struct cell *cell, int end, int error, const char *what)
{
    struct jail_report r = {.end = end, .value = error, .layers = cell->layers};
    snprintf(r.what, sizeof r.what, "%s", what);
    (void)!write(JAIL_REPORT_FD, &r, sizeof r);
    _exit(0);
}

_Noreturn void give_up(const struct cell *cell, const char *what)
{
    nothing_ran(cell, JAIL_NOT_ISOLATED, errno, what);
}

/* ---- before anything runs ---- */

/* The engine may have died before we asked to die with it. */
static void die_with_engine(void)
{
    struct pollfd reader = {.fd = JAIL_REPORT_FD};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR))
        _exit(0);
}

/* What a connection may hold, which the kernel would let grow to some MB: no process maps it. */
static void bound_buffers(void)
{
    static const char *const files[] = {"/proc/sys/net/ipv4/tcp_rmem",
                                        "/proc/sys/net/ipv4/tcp_wmem"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int fd = open(files[i], O_WRONLY | O_CLOEXEC); // some containers have it for reading only
        (void)!write(fd, "4096 65536 212992", 17);
        close(fd);
    }
}

/* The new network has nothing but loopback; programs may talk to themselves. */
static void loopback_up(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        ioctl(fd, SIOCSIFFLAGS, &lo);
    close(fd);
}

static int send_fd(int socket, int fd)
{
    char byte = 0;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec bytes = {&byte, 1};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* The way out: a socket of this network that only the engine holds. It is queued at before the
 * engine has it, and gone when the engine lets go of it. */
static void hand_over(const struct cell *cell)
{
    struct sockaddr_in here = {.sin_family = AF_INET,
                               .sin_port = htons(JAIL_PROXY_PORT),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (cell->egress) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(cell, fd, "make the way out");
        must(cell, bind(fd, (struct sockaddr *)&here, sizeof here), "bind the way out");
        must(cell, listen(fd, 64), "listen for requests");
        must(cell, send_fd(JAIL_HANDOVER_FD, fd), "hand the way out over");
        close(fd);
    }
    close(JAIL_HANDOVER_FD);
}

/* As root the program gets a user of its own, after our number outside: it shares its count of
 * processes with nobody. */
static void choose_user(struct cell *cell)
{
    char self[24] = "";
    cell->root = geteuid() == 0;
    cell->uid = geteuid();
    cell->gid = getegid();
    if (!cell->root) {
        cgroup_make(cell, "");
        return;
    }
    must(cell, readlink("/proc/self", self, sizeof self - 1) < 0 ? -1 : 0, "read /proc/self");
    cell->uid = cell->gid = UID_BASE + (unsigned)strtoul(self, NULL, 10);
    cgroup_make(cell, self);
}

/* ---- starting the program ---- */

/* Shared with the child until it is the program. */
struct launch {
    struct cell *cell;
    const char *what; /* what it was about to do */
    int error;        /* errno of it */
};

/* Before the program can do anything: whoever ends us from outside hears no other report. */
static void tell_layers(const struct cell *cell)
{
    struct jail_report r = {.end = JAIL_NONE, .layers = cell->layers};
    (void)!write(JAIL_REPORT_FD, &r, sizeof r);
}

static int child_main(void *arg)
{
    struct launch *l = arg;
    sigset_t none;
    sigemptyset(&none);
    setsid();
    if (confine(l->cell, &l->what) == 0) {
        l->what = NULL;
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
        sigprocmask(SIG_SETMASK, &none, NULL);
        tell_layers(l->cell);
        if (l->cell->path[0])
            execv(l->cell->path, l->cell->argv);
        else
            execvp(l->cell->argv[0], l->cell->argv);
    }
    l->error = errno;
    _exit(127);
}

/* The descriptors are shared as well, for the one that seccomp gives; exec parts them. */
static pid_t start(struct cell *cell)
{
    struct launch l = {.cell = cell};
    char *stack = malloc(STACK);
    must(cell, stack ? 0 : -1, "allocate");
    pid_t pid =
        clone(child_main, stack + STACK, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &l);
    if (pid < 0)
        nothing_ran(cell, JAIL_NOT_STARTED, errno, cell->argv[0]);
    errno = l.error;
    if (l.error && l.what)
        give_up(cell, l.what);
    if (l.error)
        nothing_ran(cell, JAIL_NOT_STARTED, l.error, cell->argv[0]);
    free(stack);
    close(cell->ruleset);
    return pid;
}

/* ---- the watch ---- */

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int files_limit(const struct cell *cell, const struct files *before, struct files *now)
{
    files_count(cell, before, now);
    int limit = files_over(cell, before, now);
    return limit != JAIL_FILES && files_scratch_full() ? JAIL_FILES : limit;
}

/* The limit that was hit before it ended, or ended it. One that says it succeeded may have
 * swallowed that its files did not fit. */
static int limit_behind(const struct cell *cell, const struct files *before, int status)
{
    struct files now;
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0, limit = cgroup_over(cell);
    if (limit)
        return limit;
    if (signal == SIGXFSZ)
        return JAIL_FILES;
    if (signal && usage_reaped_ms() >= cell->cpu_ms)
        return JAIL_CPU;
    limit = files_limit(cell, before, &now);
    if (limit != JAIL_FILES && files_disk_full(cell) && (status || now.free < before->free))
        return JAIL_DISK;
    return limit == JAIL_DISK && status == 0 ? JAIL_NO_LIMIT : limit;
}

static _Noreturn void report_status(const struct cell *cell, const struct files *before, int status)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    report(cell, signal ? JAIL_SIGNALED : JAIL_EXITED, signal ? signal : WEXITSTATUS(status),
           limit_behind(cell, before, status));
}

/* Somebody asked for more memory in one piece than all may have. */
static bool is_asked_too_much(const struct cell *cell)
{
    struct pollfd ear = {.fd = cell->listener, .events = POLLIN};
    return cell->listener >= 0 && poll(&ear, 1, 0) == 1 && (ear.revents & POLLIN);
}

/* What the watch knows from look to look. */
struct seen {
    struct files before, last;
    struct spent spent;
};

static int over(const struct cell *cell, struct seen *seen)
{
    int limit = is_asked_too_much(cell) ? JAIL_MEM : cgroup_over(cell);
    if (!limit && cell->proc)
        limit = usage_over(cell, &seen->spent);
    if (limit || now_ms() < seen->last.due)
        return limit;
    return files_limit(cell, &seen->before, &seen->last);
}

static _Noreturn void watch(const struct cell *cell, const struct files *before, pid_t program)
{
    const struct timespec pause = {.tv_nsec = WATCH_NS};
    struct seen seen = {.before = *before, .last = *before};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        int status, limit;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == program)
                report_status(cell, before, status);
        if ((limit = over(cell, &seen)))
            report(cell, JAIL_SIGNALED, SIGKILL, limit);
        sigtimedwait(&child, NULL, &pause);
    }
}

/* ---- arguments ---- */

static bool take_arguments(struct cell *cell, int argc, char **argv)
{
    if (argc <= JAIL_TEXTS)
        return false;
    int hides = atoi(argv[JAIL_HIDES]), shows = atoi(argv[JAIL_SHOWS]);
    int layers = atoi(argv[JAIL_LAYERED]), texts = JAIL_TEXTS + hides + shows + layers;
    if (hides < 0 || shows < 0 || layers < 0 || layers == 1 || argc <= texts + 1)
        return false;
    *cell = (struct cell){
        .cpu_ms = strtoull(argv[JAIL_CPU_MS], NULL, 10),
        .memory = strtoull(argv[JAIL_MEMORY], NULL, 10),
        .processes = strtoull(argv[JAIL_PROCESSES], NULL, 10),
        .file_size = strtoull(argv[JAIL_FILE_SIZE], NULL, 10),
        .file_count = strtoull(argv[JAIL_FILE_COUNT], NULL, 10),
        .outside = argv[JAIL_TREE][0] == '1',
        .egress = argv[JAIL_EGRESS][0] == '1',
        .hide = argv + JAIL_TEXTS,
        .hides = (size_t)hides,
        .show = argv + JAIL_TEXTS + hides,
        .shows = (size_t)shows,
        .place = layers ? argv[texts - layers] : NULL,
        .below = argv + texts - layers + 1,
        .belows = layers ? (size_t)layers - 1 : 0,
        .path = argv[texts],
        .argv = argv + texts + 1,
        .changes = -1,
        .listener = -1,
    };
    return true;
}

static void find_tree(struct cell *cell)
{
    snprintf(cell->tree, sizeof cell->tree, JAIL_WORK);
    if (!cell->outside)
        return;
    must(cell, getcwd(cell->home, sizeof cell->home) && cell->home[0] == '/' ? 0 : -1,
         "find the working directory");
    snprintf(cell->tree, sizeof cell->tree, "%s", cell->place ? cell->place : cell->home);
    errno = EINVAL;
    must(cell, strcmp(cell->tree, "/") == 0 || cell->tree[0] != '/' ? -1 : 0,
         "let it write everywhere");
}

int main(int argc, char **argv)
{
    struct cell cell;
    if (!take_arguments(&cell, argc, argv))
        return 2;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    fcntl(JAIL_REPORT_FD, F_SETFD, FD_CLOEXEC);
    fcntl(JAIL_HANDOVER_FD, F_SETFD, FD_CLOEXEC);
    close_range(JAIL_HANDOVER_FD + 1, ~0u, 0);
    die_with_engine();
    umask(022);
    find_tree(&cell);
    choose_user(&cell);
    loopback_up();
    bound_buffers();
    hand_over(&cell);
    view_build(&cell);
    landlock_prepare(&cell);
    struct files before;
    files_count(&cell, NULL, &before);
    pid_t program = start(&cell);
    confine_watcher(&cell);
    watch(&cell, &before, program);
}
