/* confine.c: from process 1 to the program: every step takes something away, the order matters:
 * each needs what a later one takes. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/jail.h"

/* Only ever downwards: the engine may have been given less. */
static int set_limit(int what, uint64_t value)
{
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)what, &limit))
        return -1;
    limit.rlim_cur = limit.rlim_max = value < limit.rlim_max ? value : limit.rlim_max;
    return setrlimit((__rlimit_resource_t)what, &limit);
}

/* Backstops; the watch comes first and names the limit. Without a watch they are all there is. A
 * core limit of 1 is the one that also keeps the kernel from starting the host's handler of
 * crashes. A group's bound of processes is a lower one: it tells when it was hit. */
static int set_limits(const struct cell *cell)
{
    if (set_limit(RLIMIT_CORE, 1) || set_limit(RLIMIT_NOFILE, 1024) ||
        set_limit(RLIMIT_MEMLOCK, 64 << 10) || set_limit(RLIMIT_MSGQUEUE, 0) ||
        set_limit(RLIMIT_RTPRIO, 0) || set_limit(RLIMIT_NICE, 0) ||
        // so that one of exactly the size is none too large
        set_limit(RLIMIT_FSIZE, cell->file_size + 1) ||
        set_limit(RLIMIT_CPU, cell->cpu_ms / 1000 + 1) ||
        set_limit(RLIMIT_NPROC, cell->proc ? 2 * cell->processes + 32 : cell->processes))
        return -1;
    return cell->proc ? 0 : set_limit(RLIMIT_DATA, cell->memory);
}

static int set_capabilities(uint32_t permitted)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{.effective = permitted, .permitted = permitted}};
    return (int)syscall(SYS_capset, &header, caps);
}

/* The kernel ends the set of capabilities it knows with EINVAL. */
static int drop_bounds(void)
{
    for (int cap = 0; cap < 64; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
            return -1;
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int take_user(const struct cell *cell)
{
    if (!cell->root)
        return geteuid() == 0 ? -1 : 0;
    if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, cell->gid, cell->gid, cell->gid))
        return -1;
    return (int)syscall(SYS_setresuid, cell->uid, cell->uid, cell->uid);
}

#define STEP(call, layer, text)                                                                    \
    *what = text;                                                                                  \
    if (call)                                                                                      \
        return -1;                                                                                 \
    stands(cell, layer)

int confine(struct cell *cell, const char **what)
{
    if (cgroup_join(cell))
        stands(cell, JAIL_LAYER_CGROUP);
    STEP(set_limits(cell), JAIL_LAYER_RLIMITS, "rlimits");
    STEP(drop_bounds(), JAIL_LAYER_CAPABILITIES, "capabilities");
    STEP(take_user(cell), JAIL_LAYER_UID, "an unprivileged user");
    STEP(set_capabilities(0), JAIL_LAYER_CAPABILITIES, "capabilities");
    STEP(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), JAIL_LAYER_NO_NEW_PRIVS, "no_new_privs");
    STEP(landlock_apply(cell), JAIL_LAYER_LANDLOCK, "Landlock");
    STEP(seccomp_apply(cell), JAIL_LAYER_SECCOMP, "seccomp");
    return 0;
}

/* It looks at processes and files, also where these do not want it,
 * and does nothing else any more. */
void confine_watcher(const struct cell *cell)
{
    uint32_t files = cell->root ? CAP_DAC_READ_SEARCH : CAP_DAC_OVERRIDE;
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    set_capabilities(1u << files | 1u << CAP_SYS_PTRACE);
}
