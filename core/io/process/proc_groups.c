#include "io/process/proc_groups.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "io/process/jail.h"

/* Named after a jail's number, which nobody has any more. One that is still used is not removed
 * by the kernel either. */
static bool is_orphan(const char *name, pid_t jail)
{
    size_t len = strlen(JAIL_CGROUP_NAME);
    if (strncmp(name, JAIL_CGROUP_NAME, len) != 0)
        return false;
    char *end;
    long number = strtol(name + len, &end, 10);
    return *end == '\0' && number > 0 &&
           (number == jail || (kill((pid_t)number, 0) && errno == ESRCH));
}

static void remove_below(const char *root, pid_t jail)
{
    DIR *dir = opendir(root);
    const struct dirent *entry;
    char path[300];
    while (dir && (entry = readdir(dir))) {
        if (!is_orphan(entry->d_name, jail))
            continue;
        snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
        rmdir(path);
    }
    if (dir)
        closedir(dir);
}

void proc_groups_remove(pid_t jail)
{
    static const char *const roots[] = {JAIL_CGROUP_V1_MEMORY, JAIL_CGROUP_V1_PIDS,
                                        JAIL_CGROUP_V1_CPU, JAIL_CGROUP_V2};
    for (size_t i = 0; geteuid() == 0 && i < COUNT_OF(roots); i++)
        remove_below(roots[i], jail);
}
