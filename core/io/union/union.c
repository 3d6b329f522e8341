/* union.c: the mount is made by a child in a mount namespace of its own, as an ordinary user also
 * in a user namespace. It shares our memory and our descriptors (CLONE_VM | CLONE_FILES, and
 * CLONE_VFORK: we wait), so that what it opens is ours; it makes system calls only. */
#include "io/union/union.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fs/fs.h"
#include "io/fs/fs_sweep.h"
#include "io/process/id_maps.h"

#define STACK_SIZE  ((size_t)64 << 10)
#define OPTIONS_MAX 4096 /* a page: what the kernel takes */

struct launch {
    int root;
    const char *home, *options;
    bool mapped; /* in a user namespace of its own */
    struct id_maps ids;
    int fd;    /* what was mounted, or -1 */
    int error; /* errno */
};

/* ---- in the child ---- */

#define IN_CHILD __attribute__((no_sanitize("address", "undefined", "thread"))) static

/* The kernel takes directories of its caller's namespace only: the root is entered before. */
IN_CHILD int enter(const struct launch *l)
{
    if (l->mapped && id_maps_enter(&l->ids))
        return -1;
    if (fchdir(l->root) || unshare(CLONE_NEWNS))
        return -1;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

IN_CHILD int child(void *arg)
{
    struct launch *l = arg;
    if (enter(l) == 0 &&
        mount("overlay", l->home, "overlay", MS_NOSUID | MS_NODEV, l->options) == 0)
        l->fd = (int)syscall(SYS_open_tree, AT_FDCWD, l->home, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    l->error = l->fd < 0 ? errno : 0;
    _exit(0);
}

/* ---- in the engine ---- */

static void clone_once(struct launch *l, char *stack)
{
    sigset_t all, before;
    int flags = CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD | (l->mapped ? CLONE_NEWUSER : 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // no handler of ours may run in the child
    pid_t pid = FAULT_CALL(union_mount, clone(child, stack + STACK_SIZE, flags, l));
    if (pid < 0)
        l->error = errno;
    else
        waitpid(pid, NULL, 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* The kernel has no overlay, or none for this user or this disk. */
static bool is_refusal(int error)
{
    return error == EPERM || error == EACCES || error == ENODEV || error == EINVAL ||
           error == ENOSYS || error == EOPNOTSUPP || error == EUSERS || error == ENOSPC;
}

/* As root a jail maps the owner of the layers, which kernels do since 5.19. */
static bool can_be_jailed(void)
{
    struct utsname system;
    int major = 0, minor = 0;
    if (geteuid() != 0)
        return true;
    if (uname(&system) || sscanf(system.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > 5 || (major == 5 && minor >= 19);
}

static int mount_it(struct launch *l, struct err *err)
{
    if (!can_be_jailed())
        return err_set(err, ERR_LIBRARY, "the kernel maps no owners of layers");
    auto_free char *stack = aligned_alloc(64, STACK_SIZE);
    if (!stack)
        return err_set(err, ERR_MEMORY, "no memory to mount a tree");
    id_maps_init(&l->ids);
    l->mapped = geteuid() != 0;
    clone_once(l, stack);
    if (l->fd < 0 && !l->mapped && (l->error == EPERM || l->error == EACCES)) {
        l->mapped = true; // a root that may not mount
        clone_once(l, stack);
    }
    if (l->fd >= 0)
        return l->fd;
    if (is_refusal(l->error))
        return err_set(err, ERR_LIBRARY, "the kernel mounts no overlay for this user: %s",
                       strerror(l->error));
    return err_os(err, l->error, "a tree of layers cannot be mounted");
}

/* ---- options ---- */

/* The kernel parts its options by commas and layers by colons. */
static bool is_plain(const char *name)
{
    static const char known[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789._-%/";
    return *name && name[strspn(name, known)] == '\0';
}

static bool add(char options[OPTIONS_MAX], const char *before, const char *name, const char *after)
{
    size_t len = strlen(options);
    int n = snprintf(options + len, OPTIONS_MAX - len, "%s%s%s", before, name, after);
    return is_plain(name) && n > 0 && (size_t)n < OPTIONS_MAX - len;
}

static int write_options(const struct union_spec *spec, char options[OPTIONS_MAX], struct err *err)
{
    bool ok = spec->below[0] != NULL;
    options[0] = '\0';
    for (size_t i = 0; spec->below[i]; i++)
        ok = ok && i < UNION_MAX && add(options, i ? ":" : "lowerdir=", spec->below[i], "");
    ok = ok && add(options, ",upperdir=", spec->home, "/" UNION_CHANGES) &&
         add(options, ",workdir=", spec->home, "/" UNION_WORK UNION_OPTIONS);
    return ok ? 0 : err_set(err, ERR_USAGE, "these layers have no names that can be mounted");
}

/* ---- the whole ---- */

/* A mount that syncs nothing leaves a mark, with which the kernel refuses the next one. */
int union_prepare(int root, const struct union_spec *spec, struct err *err)
{
    char path[FS_PATH_MAX + 1];
    int len = snprintf(path, sizeof path, "%s/" UNION_WORK, spec->home);
    if (len >= (int)sizeof path)
        return err_set(err, ERR_USAGE, "the name of a tree is too long");
    auto_close int work = fs_root_beneath(root, path, (size_t)len, NULL, err);
    return work < 0 ? work : fs_remove(work, "work", err);
}

/* What the kernel has made of its directory is closed to all: a person may want to remove it. */
static void open_work(int root, const struct union_spec *spec)
{
    static const char *const made[] = {"work", "work/incompat", "work/incompat/volatile"};
    char path[FS_PATH_MAX + 1];
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        int len = snprintf(path, sizeof path, "%s/" UNION_WORK "/%s", spec->home, made[i]);
        if (len < (int)sizeof path)
            (void)!fchmodat(root, path, 0700, 0);
    }
}

int union_mount(int root, const struct union_spec *spec, struct err *err)
{
    char options[OPTIONS_MAX];
    int rc = write_options(spec, options, err);
    rc = rc ? rc : union_prepare(root, spec, err);
    if (rc)
        return rc;
    struct launch l = {.root = root, .home = spec->home, .options = options, .fd = -1};
    rc = mount_it(&l, err);
    if (rc >= 0)
        open_work(root, spec);
    return rc;
}
