/* jail.c: the first process of a jail: shuts the doors, starts the program, watches it, reports.
 *
 * A program of its own (static, no Lua, none of the engine's memory), started by io/proc.c in new
 * namespaces as process 1; see io/jail.h. It trusts its arguments and nothing of what it starts: it
 * cannot be traced or signaled by it, and its report descriptor is not handed on. The program runs
 * without capabilities and can gain none. Landlock and seccomp belong into `confine`. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/jail.h"

#define WATCH_NS 10000000L /* 10 ms between two looks */

struct limits {
    uint64_t cpu_ms, memory, processes, file_size;
};

static _Noreturn void report(int end, int value, int limit)
{
    struct jail_report r = {.end = end, .value = value, .limit = limit};
    (void)!write(JAIL_REPORT_FD, &r, sizeof r);
    _exit(0); // the kernel kills whatever is left in the namespace
}

/* ---- shutting the doors ---- */

/* The engine may have died before we asked to die with it. */
static void die_with_engine(void)
{
    struct pollfd reader = {.fd = JAIL_REPORT_FD};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR))
        _exit(0);
}

static void must(int rc)
{
    if (rc)
        report(JAIL_NOT_ISOLATED, errno, 0);
}

/* Sets or clears attributes of the mount at path, of all below it when deep. */
static int attributes(const char *path, int deep, uint64_t set, uint64_t clear)
{
    struct mount_attr attr = {.attr_set = set, .attr_clr = clear};
    return mount_setattr(AT_FDCWD, path, deep ? AT_RECURSIVE : 0, &attr, sizeof attr);
}

static void cover(const char *path, const char *options)
{
    must(mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV, options));
}

/* A directory becomes empty, a file too; what is not there needs no hiding. */
static void hide_away(const char *path)
{
    struct stat st;
    if (stat(path, &st))
        must(errno == ENOENT || errno == ENOTDIR ? 0 : -1);
    else if (S_ISDIR(st.st_mode))
        cover(path, "size=4k,mode=0555");
    else
        must(mount("/dev/null", path, NULL, MS_BIND, NULL));
}

/* Everything becomes read-only and without devices, but the working directory and a few harmless
 * devices. */
static void freeze(void)
{
    static const char *const devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                          "/dev/random", "/dev/urandom", "/dev/tty"};
    char cwd[PATH_MAX];
    must(getcwd(cwd, sizeof cwd) && cwd[0] == '/' ? 0 : -1);
    must(mount(cwd, cwd, NULL, MS_BIND | MS_REC, NULL));
    must(attributes("/", 1, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0));
    must(chdir(cwd)); // from the directory to the mount that now covers it
    if (strcmp(cwd, "/") != 0)
        must(attributes(cwd, 0, 0, MOUNT_ATTR_RDONLY));
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        if (mount(devices[i], devices[i], NULL, MS_BIND, NULL) == 0)
            attributes(devices[i], 0, 0, MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY);
}

/* Own /proc, so that no other process can be seen; where the kernel does not allow a new one, an
 * empty directory. Own /run, so that the sockets of services are out of reach. The directories and
 * files of `hide` become empty. True: /proc is real. */
static int own_mounts(char **hide, size_t count)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    freeze();
    int real = mount("proc", "/proc", "proc", flags, NULL) == 0;
    if (!real)
        cover("/proc", "size=4k");
    else if (mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) == 0)
        must(attributes("/proc/sys", 0, MOUNT_ATTR_RDONLY, 0));
    if (real && mount("/dev/null", "/proc/sysrq-trigger", NULL, MS_BIND, NULL) && errno != ENOENT)
        must(-1);
    cover("/run", "size=64m,nr_inodes=4096,mode=0755");
    must(mkdir(JAIL_HOME, 0700));
    for (size_t i = 0; i < count; i++)
        hide_away(hide[i]);
    return real;
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

/* ---- starting the program ---- */

static void set_limit(int what, uint64_t value)
{
    struct rlimit limit = {value, value};
    if (value)
        setrlimit((__rlimit_resource_t)what, &limit);
}

/* Backstops; the watch comes first and names the limit. Without a watch they are all there is. */
static void set_limits(const struct limits *limits, int watched)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    set_limit(RLIMIT_NOFILE, 1024);
    set_limit(RLIMIT_FSIZE, limits->file_size);
    set_limit(RLIMIT_CPU, limits->cpu_ms / 1000 + 1);
    set_limit(RLIMIT_NPROC, watched ? 2 * limits->processes + 16 : limits->processes);
    if (!watched)
        set_limit(RLIMIT_DATA, limits->memory);
}

/* No capability is left, none can be gained, not even by a setuid program. */
static int confine(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    for (int cap = 0; cap < 64; cap++)
        prctl(PR_CAPBSET_DROP, cap);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none))
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static pid_t start(char **argv, const struct limits *limits, int watched)
{
    volatile int error = 0;
    pid_t pid = vfork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        setsid();
        set_limits(limits, watched);
        if (confine() == 0 && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
            signal(SIGXFSZ, SIG_DFL) != SIG_ERR &&
            sigprocmask(SIG_SETMASK, &none, NULL) == 0)
            execvp(argv[0], argv);
        error = errno;
        _exit(127);
    }
    if (pid < 0)
        report(JAIL_NOT_STARTED, errno, 0);
    if (error)
        report(JAIL_NOT_STARTED, error, 0);
    return pid;
}

/* ---- the watch ---- */

struct usage {
    uint64_t processes, memory, cpu_ms;
};

static int read_text(const char *pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.16s/%s", pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Adds one process: threads, processor time with that of its children, pages of its own. */
static void add_process(const char *pid, struct usage *sum)
{
    char text[1024];
    unsigned long user, system, pages, shared;
    long child_user, child_system, threads;
    const char *rest;
    if (!read_text(pid, "stat", text, sizeof text) || !(rest = strrchr(text, ')')))
        return;
    if (sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %ld",
               &user, &system, &child_user, &child_system, &threads) != 5)
        return;
    sum->processes += (uint64_t)threads;
    sum->cpu_ms += (user + system + (unsigned long)(child_user + child_system)) * 1000 /
                   (unsigned long)sysconf(_SC_CLK_TCK);
    if (read_text(pid, "statm", text, sizeof text) &&
        sscanf(text, "%*u %lu %lu", &pages, &shared) == 2 && pages > shared)
        sum->memory += (pages - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pages that processes share after a fork count once: dear, so only asked when it matters. */
static void add_share(const char *pid, struct usage *sum)
{
    char text[2048];
    unsigned long kib;
    const char *line;
    if (read_text(pid, "smaps_rollup", text, sizeof text) && (line = strstr(text, "\nPss:")) &&
        sscanf(line, " Pss: %lu", &kib) == 1)
        sum->memory += kib * 1024;
}

static struct usage look(void (*add)(const char *pid, struct usage *sum))
{
    struct usage sum = {0};
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
            add(entry->d_name, &sum);
    if (dir)
        closedir(dir);
    return sum;
}

static uint64_t reaped_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

static int over(const struct limits *limits)
{
    struct usage now = look(add_process);
    if (limits->processes && now.processes > limits->processes)
        return JAIL_PROCS;
    if (limits->cpu_ms && now.cpu_ms + reaped_ms() > limits->cpu_ms)
        return JAIL_CPU;
    if (limits->memory && now.memory > limits->memory && look(add_share).memory > limits->memory)
        return JAIL_MEM;
    return JAIL_NO_LIMIT;
}

static _Noreturn void report_status(int status, const struct limits *limits)
{
    if (WIFEXITED(status))
        report(JAIL_EXITED, WEXITSTATUS(status), 0);
    int signal = WTERMSIG(status), limit = JAIL_NO_LIMIT;
    if (signal == SIGXFSZ)
        limit = JAIL_FILES;
    else if (signal == SIGXCPU || (limits->cpu_ms && reaped_ms() >= limits->cpu_ms))
        limit = JAIL_CPU;
    report(JAIL_SIGNALED, signal, limit);
}

static _Noreturn void watch(pid_t program, const struct limits *limits, int watched)
{
    const struct timespec pause = {.tv_nsec = WATCH_NS};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        int status, limit;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
            if (pid == program)
                report_status(status, limits);
        if (watched && (limit = over(limits)))
            report(JAIL_SIGNALED, SIGKILL, limit);
        sigtimedwait(&child, NULL, watched ? &pause : NULL);
    }
}

int main(int argc, char **argv)
{
    int hides = argc > JAIL_HIDES ? atoi(argv[JAIL_HIDES]) : -1;
    if (hides < 0 || argc <= JAIL_HIDES + 1 + hides)
        return 2;
    char **hide = argv + JAIL_HIDES + 1, **program = hide + hides;
    struct limits limits = {
        .cpu_ms = strtoull(argv[JAIL_CPU_MS], NULL, 10),
        .memory = strtoull(argv[JAIL_MEMORY], NULL, 10),
        .processes = strtoull(argv[JAIL_PROCESSES], NULL, 10),
        .file_size = strtoull(argv[JAIL_FILE_SIZE], NULL, 10),
    };
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    fcntl(JAIL_REPORT_FD, F_SETFD, FD_CLOEXEC);
    close_range(JAIL_REPORT_FD + 1, ~0u, 0);
    die_with_engine();
    umask(022);
    loopback_up();
    int watched = own_mounts(hide, (size_t)hides);
    prctl(PR_SET_DUMPABLE, 0);
    watch(start(program, &limits, watched), &limits, watched);
}
