/* jail.h: what the engine and the jail's first process (core/jail/) tell each other.
 *
 * The engine starts core/jail/, a small static program carried inside the binary, as process 1 of
 * new pid, net, ipc and mount namespaces, in the program's working directory. Its arguments
 * are the numbers below, then as many paths to hide, to show and of layers as three of them say
 * (the first of the layers is where the tree appears inside), the program's path ("": look its name
 * up), and the program's argv; its environment is the program's. It writes struct jail_report to
 * descriptor 3: one that only tells the layers when the program has begun, and one at the end. With
 * egress it makes a listening socket in its network first, and hands it to the engine: the engine
 * answers there, nothing of the jail does. When it ends, the kernel ends everything in its
 * namespace. */
#ifndef IO_JAIL_H
#define IO_JAIL_H

#include <stdint.h>

#define JAIL_REPORT_FD 3
#define JAIL_HANDOVER_FD 4 /* with egress: a unix socket, on which it hands its listener over */
#define JAIL_PROXY_PORT  3128 /* of that listener, on 127.0.0.1 inside */
#define JAIL_SCRATCH   "/run"      /* an empty tmpfs that is gone with the jail */
#define JAIL_HOME      "/run/home" /* in it */
#define JAIL_WORK      "/run/work" /* likewise: the working directory without a tree */

/* What every jail shows of the host, read-only: these directories, and of /etc only what programs
 * need (a '*' stands for any end of a name). Initializers, for a list of texts. */
#define JAIL_SYSTEM_DIRS "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"
#define JAIL_ETC                                                                                   \
    "alternatives", "ca-certificates*", "debian_version", "fonts", "gai.conf", "gitconfig",        \
        "group", "host.conf", "hosts", "inputrc", "java*", "ld.so.*", "locale*", "localtime",      \
        "lua*", "magic*", "mime.types", "networks", "nsswitch.conf", "os-release", "passwd",       \
        "perl*", "profile", "protocols", "python*", "ruby*", "services", "terminfo", "timezone",   \
        "xml"
#define JAIL_ETC_SSL "ssl/certs", "ssl/openssl.cnf"

/* Groups of the kernel's, as root: JAIL_CGROUP_NAME and the jail's number outside. The engine
 * removes what is there when the jail is gone. */
#define JAIL_CGROUP_V1_MEMORY "/sys/fs/cgroup/memory"
#define JAIL_CGROUP_V1_PIDS   "/sys/fs/cgroup/pids"
#define JAIL_CGROUP_V1_CPU    "/sys/fs/cgroup/cpuacct"
#define JAIL_CGROUP_V2        "/sys/fs/cgroup"
#define JAIL_CGROUP_NAME      "orket-jail-"

/* argv[1..] of the jail: decimal numbers, in this order. */
enum jail_argument {
    JAIL_CPU_MS = 1,
    JAIL_MEMORY,
    JAIL_PROCESSES,
    JAIL_FILE_SIZE,
    JAIL_FILE_COUNT,
    JAIL_TREE, /* 1: the working directory is the tree; 0: there is none, it works in a scratch */
    JAIL_EGRESS, /* 1: it listens for the program's requests and hands the listener over */
    JAIL_HIDES,
    JAIL_SHOWS,
    JAIL_LAYERED, /* > 0: the working directory is the home of a union (io/union/union.h) */
    JAIL_TEXTS
};

enum jail_end { JAIL_NONE, JAIL_EXITED, JAIL_SIGNALED, JAIL_NOT_ISOLATED, JAIL_NOT_STARTED };
/* JAIL_DISK is none of the program's: the disk has less room than it may use. */
enum jail_limit { JAIL_NO_LIMIT, JAIL_CPU, JAIL_MEM, JAIL_PROCS, JAIL_FILES, JAIL_DISK };

/* X(NAME, "name"): the boundaries around a program. */
#define JAIL_LAYERS(X)                                                                             \
    X(NAMESPACES, "namespaces")                                                                    \
    X(ROOT, "root")                                                                                \
    X(RLIMITS, "rlimits")                                                                          \
    X(CAPABILITIES, "capabilities")                                                                \
    X(UID, "uid")                                                                                  \
    X(NO_NEW_PRIVS, "no_new_privs")                                                                \
    X(LANDLOCK, "landlock")                                                                        \
    X(SECCOMP, "seccomp")                                                                          \
    X(CGROUP, "cgroup")

enum jail_layer {
#define X(name, text) JAIL_LAYER_##name,
    JAIL_LAYERS(X)
#undef X
        JAIL_LAYER_COUNT
};

struct jail_report {
    int32_t end;     /* enum jail_end */
    int32_t value;   /* exit code, signal, or errno */
    int32_t limit;   /* enum jail_limit; then the program was ended by the jail or the kernel */
    uint32_t layers; /* bits of enum jail_layer: those that stood when the program began */
    char what[80];   /* what could not be done, or started */
};

#endif
