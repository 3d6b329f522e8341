/* proc_spawn.h: the one place that makes a child: from a proc_spec to a process descriptor. */
#ifndef IO_PROC_SPAWN_H
#define IO_PROC_SPAWN_H

#include "io/process/proc.h"

/* Descriptors that the child gets as 0, 1, 2, JAIL_REPORT_FD and JAIL_HANDOVER_FD (-1: none);
 * borrowed. */
struct proc_stdio {
    int fd[5];
};

/* ERR_JAIL with what the kernel refused, its errno, and the cure. */
int proc_not_isolated(const char *what, int error, struct err *err);

/* Answers a process descriptor (owned by the caller), its number in *pid. ERR_USAGE, ERR_JAIL,
 * ERR_TOO_LARGE, ERR_MEMORY. */
int proc_spawn(int jail, const struct proc_spec *spec, const struct proc_stdio *stdio, pid_t *pid,
               struct err *err) MUST_CHECK;

#endif
