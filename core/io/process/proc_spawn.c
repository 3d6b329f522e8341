/* proc_spawn.c: clone into new namespaces, then become the jail. The child shares our memory until
 * its exec (CLONE_VM | CLONE_VFORK: we wait), so it makes system calls only, allocates nothing. */
#include "io/process/proc_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "io/process/id_maps.h"
#include "io/process/jail.h"

#define STACK_SIZE    ((size_t)64 << 10)
#define ARGUMENTS_MAX 1024
#define TEXT_MAX      ((size_t)96 << 10) /* argv and env together */

#define STRING_(text) #text
#define STRING(value) STRING_(value)
#define PROXY         "http://127.0.0.1:" STRING(JAIL_PROXY_PORT)

#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS)

/* All that the child needs, ready-made. */
struct launch {
    int jail, cwd;
    const struct proc_stdio *stdio;
    char **argv, **env;
    bool mapped; /* in a user namespace of its own: map the ids, keep the capabilities over exec */
    struct id_maps ids;
    const char *step; /* what it was about to do */
    int error;        /* errno of it */
};

/* ---- in the child ---- */

#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"))) static

/* The jail needs some capabilities of its namespace, which an exec by an ordinary user would take
 * away: ambient ones stay. */
IN_CHILD int map_ids(const struct launch *l)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    static const uint32_t keep = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN | 1u << CAP_SETPCAP |
                                 1u << CAP_DAC_OVERRIDE | 1u << CAP_SYS_PTRACE;
    struct __user_cap_data_struct caps[2];
    caps[0].effective = caps[0].permitted = caps[0].inheritable = keep;
    caps[1].effective = caps[1].permitted = caps[1].inheritable = 0;
    if (id_maps_enter(&l->ids) || syscall(SYS_capset, &header, caps))
        return -1;
    for (unsigned long cap = 0; cap < 32; cap++)
        if (keep >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
            return -1;
    return 0;
}

/* The descriptors are all above 4 (child_lift sees to it), so that none covers another. */
IN_CHILD int take_stdio(const struct launch *l)
{
    for (int i = 0; i < (int)COUNT_OF(l->stdio->fd); i++)
        if (l->stdio->fd[i] >= 0 && dup2(l->stdio->fd[i], i) < 0)
            return -1;
    return 0;
}

IN_CHILD int child(void *arg)
{
    struct launch *l = arg;
    l->step = "enter the working directory";
    bool there = l->cwd < 0 || fchdir(l->cwd) == 0;
    if (there)
        l->step = "namespaces";
    if (there && (!l->mapped || map_ids(l) == 0) && take_stdio(l) == 0)
        syscall(SYS_execveat, l->jail, "", l->argv, l->env, AT_EMPTY_PATH);
    l->error = errno;
    _exit(127);
}

/* ---- in the engine ---- */

static int clone_once(struct launch *l, char *stack, pid_t *pid)
{
    sigset_t all, before;
    int fd = -1;
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | NAMESPACES | SIGCHLD;
    l->error = 0;
    l->step = "namespaces";
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // no handler of ours may run in the child
    flags |= l->mapped ? CLONE_NEWUSER : 0;
    *pid = FAULT_CALL(spawn, clone(child, stack + STACK_SIZE, flags, l, &fd));
    if (*pid < 0)
        l->error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (*pid > 0 && l->error) {
        waitpid(*pid, NULL, 0);
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool is_refusal(int error)
{
    return error == EPERM || error == ENOSPC || error == EUSERS || error == EINVAL;
}

int proc_not_isolated(const char *what, int error, struct err *err)
{
    if (err_of_errno(error) != ERR_IO || error == EIO)
        return err_os(err, error, "an isolated process cannot be started: %s", what);
    if (error == EAGAIN) {
        err_set(err, ERR_IO, "no process can be started: %s", strerror(error));
        err_fix(err, "let this user have more processes (ulimit -u), or run fewer cards at once");
        return ERR_IO;
    }
    err_set(err, ERR_JAIL, "the kernel refuses an isolated process: %s: %s", what, strerror(error));
    if (strstr(what, "idmapped"))
        err_fix(err,
                "keep the tree on a file system that maps ids: ext4, xfs, btrfs, or tmpfs of Linux "
                "6.3 and later; or run as an ordinary user");
    else if (strstr(what, "directory") && error == EACCES)
        err_fix(err,
                "let the user that runs Orket enter it (chmod +x), and every directory above it");
    else if (strncmp(what, "Landlock", 8) == 0 || strncmp(what, "seccomp", 7) == 0)
        err_fix(err,
                "use a kernel of 5.13 or later with Landlock and seccomp on (docs/processes.md)");
    else
        err_fix(err,
                "allow user namespaces; in a container run with --security-opt seccomp=unconfined, "
                "and with --security-opt apparmor=unconfined where AppArmor is on");
    return ERR_JAIL;
}

/* Root makes the namespaces itself if it may; everyone else, and a root that may not, does it in a
 * user namespace. */
static int clone_jail(struct launch *l, pid_t *pid, struct err *err)
{
    auto_free char *stack = aligned_alloc(64, STACK_SIZE);
    if (!stack)
        return err_set(err, ERR_MEMORY, "no memory to start a process");
    l->mapped = geteuid() != 0;
    int fd = clone_once(l, stack, pid);
    if (fd < 0 && !l->mapped && is_refusal(l->error)) {
        l->mapped = true;
        fd = clone_once(l, stack, pid);
    }
    if (fd >= 0)
        return fd;
    return proc_not_isolated(l->step, l->error, err);
}

/* ---- the lists of the child ---- */

struct strings {
    struct buf items; /* char *[] */
    size_t count, bytes;
};

static void add(struct strings *list, const char *text)
{
    list->count++;
    list->bytes += text ? strlen(text) + 1 : 0;
    buf_put(&list->items, &text, sizeof text);
}

static size_t length(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

static void add_all(struct strings *list, const char *const *texts)
{
    for (; texts && *texts; texts++)
        add(list, *texts);
}

static bool names(const char *entry, const char *name)
{
    size_t len = strlen(name);
    return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static bool is_named(const struct egress_spec *egress, const char *host)
{
    for (size_t i = 0; i < egress->count; i++)
        if (strcasecmp(egress->hosts[i].name, host) == 0)
            return true;
    return false;
}

/* Where requests go. Its own loopback is no business of the proxy's. */
static void add_proxy(struct strings *list, const struct egress_spec *egress)
{
    bool outside = is_named(egress, "localhost");
    add(list, "HTTP_PROXY=" PROXY);
    add(list, "http_proxy=" PROXY);
    add(list, "HTTPS_PROXY=" PROXY);
    add(list, "https_proxy=" PROXY);
    add(list, outside ? "NO_PROXY=127.0.0.1,::1" : "NO_PROXY=127.0.0.1,::1,localhost");
    add(list, outside ? "no_proxy=127.0.0.1,::1" : "no_proxy=127.0.0.1,::1,localhost");
}

/* The clean environment; an entry of the spec takes the place of ours. */
static void add_env(struct strings *list, const struct proc_spec *spec)
{
    static const char *const ours[][2] = {{"PATH", "PATH=/usr/local/bin:/usr/bin:/bin"},
                                          {"LANG", "LANG=C.UTF-8"},
                                          {"HOME", "HOME=" JAIL_HOME},
                                          {"TMPDIR", "TMPDIR=" JAIL_HOME}};
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        bool given = false;
        for (const char *const *e = spec->env; e && *e; e++)
            given = given || names(*e, ours[i][0]);
        if (!given)
            add(list, ours[i][1]);
    }
    if (spec->egress)
        add_proxy(list, spec->egress);
    add_all(list, spec->env);
    add(list, NULL);
}

static int check(const struct strings *argv, const struct strings *env, struct err *err)
{
    if (!buf_ok(&argv->items) || !buf_ok(&env->items))
        return err_set(err, ERR_MEMORY, "no memory to start a process");
    if (argv->bytes + env->bytes > TEXT_MAX || argv->count + env->count > ARGUMENTS_MAX)
        return err_set(err, ERR_TOO_LARGE, "the arguments of the process are too large");
    return 0;
}

/* Adds paths as they are from any working directory; their texts go into `real`, to be freed. */
static void add_real(struct strings *argv, const char *const *paths, struct strings *real)
{
    for (; paths && *paths; paths++) {
        char *path = realpath(*paths, NULL);
        add(argv, path ? path : *paths);
        add(real, path);
    }
}

static void free_texts(struct strings *list)
{
    char **text = (void *)list->items.data;
    for (size_t i = 0; i < list->items.len / sizeof *text; i++)
        free(text[i]);
    buf_clear(&list->items);
}

int proc_spawn(int jail, const struct proc_spec *spec, const struct proc_stdio *stdio, pid_t *pid,
               struct err *err)
{
    const uint64_t numbers[] = {spec->cpu_ms,         spec->memory,       spec->processes,
                                spec->file_size,      spec->files,        spec->cwd >= 0,
                                spec->egress != NULL, length(spec->hide), length(spec->show),
                                length(spec->layers)};
    char digits[COUNT_OF(numbers)][24];
    struct strings argv = {0}, env = {0}, real = {0};
    add(&argv, "orket-jail");
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        snprintf(digits[i], sizeof digits[i], "%" PRIu64, numbers[i]);
        add(&argv, digits[i]);
    }
    add_real(&argv, spec->hide, &real);
    add_real(&argv, spec->show, &real);
    add_all(&argv, spec->layers);
    add(&argv, spec->program ? spec->program : "");
    add_all(&argv, spec->argv);
    add(&argv, NULL);
    add_env(&env, spec);
    int rc = check(&argv, &env, err);
    if (rc == 0) {
        struct launch l = {.jail = jail,
                           .cwd = spec->cwd,
                           .stdio = stdio,
                           .argv = (void *)argv.items.data,
                           .env = (void *)env.items.data};
        id_maps_init(&l.ids);
        rc = clone_jail(&l, pid, err);
    }
    buf_clear(&argv.items);
    buf_clear(&env.items);
    free_texts(&real);
    return rc;
}
