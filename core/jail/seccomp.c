/* seccomp.c: the system calls that the program does not have, as one table, and the arguments that
 * it may not use. What is newer than the table does not exist for it (ENOSYS). */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/jail.h"

/* On any other machine nothing would run. */
#ifdef __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE AUDIT_ARCH_X86_64
#endif

#define NEWEST       462 /* mseal: the last one that was looked at */
#define CLONE_SPACES 0x7e020000u /* CLONE_NEW*, all that fit into clone */

/* Refused with EPERM. */
static const int refused[] = {
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, 438 /* pidfd_getfd */,
    440 /* process_madvise */, 448 /* process_mrelease */,
    /* mounts and roots */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, 428 /* open_tree */, 429 /* move_mount */,
    430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */,
    442 /* mount_setattr */, 457 /* statmount */, 458 /* listmount */, SYS_name_to_handle_at,
    SYS_open_by_handle_at, SYS_fanotify_init, SYS_fanotify_mark, SYS_quotactl,
    443 /* quotactl_fd */, SYS_swapon, SYS_swapoff,
    /* namespaces */
    SYS_unshare, SYS_setns,
    /* the kernel's own affairs */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, 425 /* io_uring_setup */,
    426 /* io_uring_enter */, 427 /* io_uring_register */, SYS_add_key, SYS_request_key, SYS_keyctl,
    SYS_kexec_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_syslog,
    SYS_acct, SYS_lookup_dcookie, SYS_nfsservctl, SYS_vhangup, SYS_personality,
    /* clocks and names */
    SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex, SYS_sethostname,
    SYS_setdomainname,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs, SYS__sysctl,
    SYS_create_module, SYS_get_kernel_syms, SYS_query_module,
#endif
};

/* Answered as if the kernel had none: programs have another way. Memory that no process maps would
 * be counted nowhere; clone3 and openat2 hide their flags from us; requests of io_setup are few for
 * the whole host. inotify tells what others do with the host's programs, by their inodes: no mount
 * and no rule of Landlock keeps it to the tree. */
static const int missing[] = {
    435 /* clone3 */, 437 /* openat2 */, SYS_memfd_create, 447 /* memfd_secret */, SYS_shmget,
    SYS_shmat,        SYS_msgget,        SYS_semget,       SYS_mq_open,            SYS_io_setup,
    SYS_inotify_init1,
#ifdef __x86_64__
    SYS_inotify_init,
#endif
};

/* Answered as if the file system had none: attributes are bytes that no file's size tells of. */
static const int unsupported[] = {SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr};

/* What gives a file its mode, and with which arguments: `flags` says whether one is made. */
#define ALWAYS 6
static const struct {
    int call;
    unsigned char mode, flags;
} modes[] = {
    {SYS_fchmod, 1, ALWAYS},
    {SYS_fchmodat, 2, ALWAYS},
    {452 /* fchmodat2 */, 2, ALWAYS},
    {SYS_mknodat, 2, ALWAYS},
    {SYS_openat, 3, 2},
#ifdef __x86_64__
    {SYS_chmod, 1, ALWAYS},
    {SYS_mknod, 1, ALWAYS},
    {SYS_creat, 1, ALWAYS},
    {SYS_open, 2, 1},
#endif
};

#define MAKES_FILE (O_CREAT | 020000000 /* O_TMPFILE without O_DIRECTORY */)

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define CODE_MAX    400

struct code {
    struct sock_filter at[CODE_MAX];
    unsigned short len;
};

#define LOAD(field) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
#define ARG(n)      (offsetof(struct seccomp_data, args) + 8u * (n))
#define NR          offsetof(struct seccomp_data, nr)

static void put(struct code *code, struct sock_filter line)
{
    if (code->len < CODE_MAX)
        code->at[code->len++] = line;
}

/* Goes on with the next line when the test holds, else passes over `over` of them. */
static void unless(struct code *code, unsigned short test, uint32_t value, unsigned char over)
{
    put(code,
        (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | test | BPF_K), value, 0, over));
}

static void answer(struct code *code, uint32_t action)
{
    put(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void put_list(struct code *code, const int *list, size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        unless(code, BPF_JEQ, (uint32_t)list[i], 1);
        answer(code, SECCOMP_RET_ERRNO | (uint32_t)error);
    }
}

/* Only this machine's own calls; the 32-bit ways into an x86 kernel are other tables. */
static void put_machine(struct code *code)
{
    put(code, LOAD(offsetof(struct seccomp_data, arch)));
    unless(code, BPF_JEQ, MACHINE, 1);
    put(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
    answer(code, SECCOMP_RET_KILL_PROCESS);
    put(code, LOAD(NR));
    unless(code, BPF_JGT, NEWEST, 1);
    answer(code, SECCOMP_RET_ERRNO | ENOSYS);
}

/* A namespace of one's own is a way to the capabilities. A thread with descriptors of its own is
 * none that any program has: the watch would have to look at each thread. */
static void put_clone(struct code *code)
{
    unless(code, BPF_JEQ, SYS_clone, 6);
    put(code, LOAD(ARG(0)));
    unless(code, BPF_JSET, CLONE_SPACES, 1);
    answer(code, SECCOMP_RET_ERRNO | EPERM);
    put(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, CLONE_THREAD | CLONE_FILES));
    unless(code, BPF_JEQ, CLONE_THREAD, 1);
    answer(code, SECCOMP_RET_ERRNO | EINVAL);
    put(code, LOAD(NR));
}

/* An argument that is none of the list is refused, in count + 1 lines. */
static void put_one_of(struct code *code, const uint32_t *list, unsigned char count, int error)
{
    for (unsigned char i = 0; i < count; i++)
        put(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, list[i],
                                               (unsigned char)(count - i), 0));
    answer(code, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* Streams and datagrams between programs of the jail; nothing raw, no other family, no protocol
 * that the kernel would load for us. */
static void put_socket(struct code *code, uint32_t call, const uint32_t *families,
                       unsigned char count)
{
    static const uint32_t kinds[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    static const uint32_t protocols[] = {0, PF_UNIX, IPPROTO_TCP, IPPROTO_UDP};
    unless(code, BPF_JEQ, call, (unsigned char)(count + 15));
    put(code, LOAD(ARG(0)));
    put_one_of(code, families, count, EAFNOSUPPORT);
    put(code, LOAD(ARG(1)));
    put(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf));
    put_one_of(code, kinds, COUNT(kinds), EPERM);
    put(code, LOAD(ARG(2)));
    put_one_of(code, protocols, COUNT(protocols), EPROTONOSUPPORT);
    answer(code, SECCOMP_RET_ALLOW);
}

static void put_sockets(struct code *code)
{
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
    put_socket(code, SYS_socket, families, COUNT(families));
    put_socket(code, SYS_socketpair, families, 1);
}

/* Blocks behind a file's end are no part of its size. What is left: to make a file larger, and to
 * give blocks back. */
static void put_fallocate(struct code *code)
{
    static const uint32_t fine[] = {0, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE};
    unless(code, BPF_JEQ, SYS_fallocate, 5);
    put(code, LOAD(ARG(1)));
    put_one_of(code, fine, COUNT(fine), EOPNOTSUPP);
    answer(code, SECCOMP_RET_ALLOW);
}

/* dnotify is inotify by another name; a lease holds up a host program that opens the file. */
static void put_fcntl(struct code *code)
{
    unless(code, BPF_JEQ, SYS_fcntl, 6);
    put(code, LOAD(ARG(1)));
    unless(code, BPF_JEQ, F_NOTIFY, 1);
    answer(code, SECCOMP_RET_ERRNO | EINVAL);
    unless(code, BPF_JEQ, F_SETLEASE, 1);
    answer(code, SECCOMP_RET_ERRNO | EINVAL);
    put(code, LOAD(NR));
}

/* Bits that give a file's user to whoever runs it would be left on the host, where nothing takes
 * their power away. */
static void put_modes(struct code *code)
{
    for (size_t i = 0; i < COUNT(modes); i++) {
        bool made = modes[i].flags != ALWAYS;
        unless(code, BPF_JEQ, (uint32_t)modes[i].call, made ? 6 : 4);
        if (made) {
            put(code, LOAD(ARG(modes[i].flags)));
            unless(code, BPF_JSET, MAKES_FILE, 3);
        }
        put(code, LOAD(ARG(modes[i].mode)));
        unless(code, BPF_JSET, S_ISUID | S_ISGID, 1);
        answer(code, SECCOMP_RET_ERRNO | EPERM);
        put(code, LOAD(NR));
    }
}

/* Limits of others: as an ordinary user process 1 has the program's own uid. */
static void put_limits(struct code *code)
{
    unless(code, BPF_JEQ, SYS_prlimit64, 4);
    put(code, LOAD(ARG(0)));
    put(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
    answer(code, SECCOMP_RET_ERRNO | EPERM);
    put(code, LOAD(NR));
}

/* A thread with descriptors of its own would hide what it holds (files.c). */
static void put_close_range(struct code *code)
{
    unless(code, BPF_JEQ, SYS_close_range, 4);
    put(code, LOAD(ARG(2)));
    unless(code, BPF_JSET, 2 /* CLOSE_RANGE_UNSHARE */, 1);
    answer(code, SECCOMP_RET_ERRNO | EINVAL);
    put(code, LOAD(NR));
}

/* Input put into a terminal of another user; the file systems' own requests: fallocate once more,
 * snapshots, keys and flags that would stay with a file. */
static void put_ioctl(struct code *code)
{
    unless(code, BPF_JEQ, SYS_ioctl, 13);
    put(code, LOAD(ARG(1)));
    unless(code, BPF_JEQ, TIOCSTI, 1);
    answer(code, SECCOMP_RET_ERRNO | EPERM);
    unless(code, BPF_JEQ, 0x541c /* TIOCLINUX */, 1);
    answer(code, SECCOMP_RET_ERRNO | EPERM);
    put(code, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00));
    unless(code, BPF_JEQ, 'X' << 8, 1);
    answer(code, SECCOMP_RET_ERRNO | ENOTTY);
    unless(code, BPF_JEQ, 'f' << 8, 1);
    answer(code, SECCOMP_RET_ERRNO | ENOTTY);
    unless(code, BPF_JEQ, 0x94 << 8 /* btrfs, and reflinks of all */, 1);
    answer(code, SECCOMP_RET_ERRNO | ENOTTY);
    put(code, LOAD(NR));
}

/* One allocation over the memory limit: it would not be seen before it is touched. Memory that is
 * only set aside (not writable, or marked so) is no such thing. Huge pages are the host's few, and
 * counted nowhere. */
static void put_memory(struct code *code, uint64_t most, uint32_t action)
{
    uint32_t high = (uint32_t)(most >> 32), low = (uint32_t)most;
    unless(code, BPF_JEQ, SYS_mmap, 15);
    put(code, LOAD(ARG(3)));
    unless(code, BPF_JSET, MAP_HUGETLB, 1);
    answer(code, SECCOMP_RET_ERRNO | ENOMEM);
    put(code, LOAD(ARG(1) + 4));
    put(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, high, 3, 0));
    unless(code, BPF_JEQ, high, 8);
    put(code, LOAD(ARG(1)));
    unless(code, BPF_JGT, low, 6);
    put(code, LOAD(ARG(2)));
    unless(code, BPF_JSET, PROT_WRITE, 4);
    put(code, LOAD(ARG(3)));
    unless(code, BPF_JSET, MAP_ANONYMOUS, 2);
    put(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, MAP_NORESERVE, 1, 0));
    answer(code, action);
    answer(code, SECCOMP_RET_ALLOW);
}

static int install(struct code *code, unsigned flags)
{
    struct sock_fprog program = {code->len, code->at};
    if (code->len == CODE_MAX) {
        errno = E2BIG;
        return -1;
    }
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void write_table(const struct cell *cell, struct code *code, uint32_t too_much)
{
    code->len = 0;
    put_machine(code);
    put_memory(code, cell->memory, too_much);
    put_list(code, refused, COUNT(refused), EPERM);
    put_list(code, missing, COUNT(missing), ENOSYS);
    put_list(code, unsupported, COUNT(unsupported), EOPNOTSUPP);
    put_clone(code);
    put_close_range(code);
    put_sockets(code);
    put_fallocate(code);
    put_fcntl(code);
    put_ioctl(code);
    put_modes(code);
    put_limits(code);
    answer(code, SECCOMP_RET_ALLOW);
}

/* Process 1 hears of an allocation over the limit, where the kernel has such ears for us (only one
 * filter of a process may have them); else it fails. */
int seccomp_apply(struct cell *cell)
{
    struct code code;
    write_table(cell, &code, SECCOMP_RET_USER_NOTIF);
    cell->listener = install(&code, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    if (cell->listener >= 0)
        return 0;
    write_table(cell, &code, SECCOMP_RET_ERRNO | ENOMEM);
    return install(&code, 0);
}
