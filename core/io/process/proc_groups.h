/* proc_groups.h: the groups of the kernel's that jails were counted in (core/jail/cgroup.c),
 * removed. */
#ifndef IO_PROC_GROUPS_H
#define IO_PROC_GROUPS_H

#include <sys/types.h>

/* Those of a jail that is gone, and those of jails whose engine was killed before it could: a group
 * outlives its processes. Only root has any. */
void proc_groups_remove(pid_t jail);

#endif
