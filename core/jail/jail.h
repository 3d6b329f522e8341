/* jail.h: the parts of the jail's first process.
 *
 * A program of its own (static, no Lua, none of the engine's memory), started by io/process/proc.c
 * in new namespaces as process 1; see io/process/jail.h. It trusts its arguments and nothing of
 * what it starts: it cannot be traced or signaled by it, and its report descriptor is not handed
 * on. Any step that fails ends it with JAIL_NOT_ISOLATED: nothing runs behind fewer boundaries. */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "io/process/jail.h"

/* What the program is put into, and what stands around it so far. */
struct cell {
    uint64_t cpu_ms, memory, processes, file_size, file_count; /* limits */
    char **hide, **show;                           /* lists of paths, counted below */
    size_t hides, shows;
    const char *path; /* of the program; "": argv[0] by PATH */
    char **argv;
    char home[4096];  /* the working directory outside */
    char tree[4096];  /* the same inside, and where a union appears there */
    const char *place; /* of a union; NULL: there is none */
    char **below;     /* its read-only layers, the upper one first */
    size_t belows;
    int changes;      /* the directory of what lies over them; -1 without a union */
    uid_t uid, gid;   /* of the program */
    bool egress;      /* a listener is handed to the engine */
    bool outside;     /* the tree is one of the host's */
    bool root;        /* we are root and the program is not */
    bool proc;        /* /proc is real: the limits can be watched */
    int groups[3];    /* lists of processes: of memory, of processes, of their time; -1 without */
    int oom, crowd;   /* whether the kernel ended one for its memory; most at a time; -1 without */
    int spent;        /* what the kernel counted as their processor time; -1 without */
    int ruleset;      /* Landlock's, before it is applied */
    int listener;     /* tells of allocations that are larger than the limit; -1 without */
    uint32_t layers;  /* bits of enum jail_layer */
};

/* Ends this process, and with it the kernel whatever is left in the namespace. */
_Noreturn void report(const struct cell *cell, int end, int value, int limit);

/* Reports that the program cannot be isolated: errno, and what was tried. */
_Noreturn void give_up(const struct cell *cell, const char *what);

static inline void must(const struct cell *cell, int rc, const char *what)
{
    if (rc < 0)
        give_up(cell, what);
}

static inline void stands(struct cell *cell, enum jail_layer layer)
{
    cell->layers |= 1u << layer;
}

/* view.c: a file system of its own: system directories to read, the tree and a scratch to write. */
void view_build(struct cell *cell);
int view_attach(int fd, const char *to); /* mounts and closes it: 0, or -1 with errno */

/* union.c: takes the layers of the tree, before anything is mounted over them; in the new root,
 * what shows them and the changes in one, as a mount for places_put. */
struct layers {
    int home, *below; /* descriptors of mounts */
};
void union_take(struct cell *cell, struct layers *out);
int union_join(struct cell *cell, struct layers *layers);

/* view.c: for union.c. As root the owner's files become those of the program's user. Descriptors of
 * mounts; -1 with errno from view_clone, the others give up. */
int view_clone(const char *path);
int view_take_home(const struct cell *cell); /* the working directory, writable */
int view_take_below(const struct cell *cell, const char *path); /* read-only */
void view_map_owner(const struct cell *cell, int fd, bool needed);

/* places.c: mounts what is to be hidden, the directories to be shown (descriptors of mounts, -1 for
 * one that is missing) and the tree (-1: the scratch), which are closed. In the new root. */
void places_put(const struct cell *cell, const int *shows, int tree);

/* landlock.c: prepares the same list as rules of the kernel; landlock_apply is for the program. */
void landlock_prepare(struct cell *cell);
int landlock_apply(struct cell *cell);

/* seccomp.c: the table of system calls, for the program. */
int seccomp_apply(struct cell *cell);

/* cgroup.c: groups that count, where they can be made. `number`: ours outside. */
void cgroup_make(struct cell *cell, const char *number);
bool cgroup_join(const struct cell *cell); /* in the process that becomes the program */
int cgroup_over(const struct cell *cell); /* the limit, or JAIL_NO_LIMIT */
uint64_t cgroup_cpu_ms(const struct cell *cell); /* 0 without a group */

/* confine.c: limits, capabilities, user, no_new_privs, Landlock, seccomp, in this order. In the
 * process that becomes the program; 0, or -1 with errno and *what. */
int confine(struct cell *cell, const char **what);

/* What process 1 keeps for its watch. */
void confine_watcher(const struct cell *cell);

/* Processor time of the namespace in ms: by the last look, of the last two the larger,
 * and in all. */
struct spent {
    uint64_t last, level, total;
};

/* usage.c: the limit that the processes of the namespace are over, or JAIL_NO_LIMIT. */
int usage_over(const struct cell *cell, struct spent *spent);
uint64_t usage_reaped_ms(void);

/* files.c: what lies where the program may write, or is held there without a name. */
struct files {
    uint64_t count, bytes, large; /* large: files of more than the allowed size */
    uint64_t free;                /* bytes that the file system has left */
    /* the disk has lost more than it may, and there is what is not counted */
    bool unseen;
    uint64_t due;                 /* when to look again: ms of the monotonic clock */
};

/* Counts; no further than it needs to when something lay there `before`. */
void files_count(const struct cell *cell, const struct files *before, struct files *out);

/* JAIL_FILES when too much was written since `before`; JAIL_DISK when half of the disk's room is
 * gone, which is less than the program may use:
 * the disk is too small, or another process fills it. */
int files_over(const struct cell *cell, const struct files *before, const struct files *now);

/* True when nothing can be written to the tree's disk any more. */
bool files_disk_full(const struct cell *cell);
bool files_scratch_full(void);

#endif
