/* cgroup.c: the kernel's own count of memory and processes, where we may make a group: the watch looks
 * every 10 ms, this never sleeps. Both layouts are known: one hierarchy for all (v2), or one for each
 * controller (v1). A group that cannot be made is no failure: then the layer does not stand.
 *
 * The bounds lie above those of the watch, which names what it stops: they are for what it is too slow
 * for. Groups are named after our number outside; the engine removes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/jail.h"

#define SLACK ((uint64_t)96 << 20) /* the scratch, and what the kernel takes for itself */

struct controller {
    const char *root, *limit, *events;
};

static const struct controller memory[] = {
    {JAIL_CGROUP_V1_MEMORY, "memory.limit_in_bytes", "memory.oom_control"},
    {JAIL_CGROUP_V2, "memory.max", "memory.events"},
};

static const struct controller pids[] = {
    {JAIL_CGROUP_V1_PIDS, "pids.max", NULL},
    {JAIL_CGROUP_V2, "pids.max", NULL},
};

static int put(int group, const char *file, const char *text)
{
    int fd = openat(group, file, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* A descriptor of the group's list of processes, or -1. */
static int make(struct cell *cell, const struct controller *c, const char *name, uint64_t most)
{
    char path[200], text[32];
    snprintf(path, sizeof path, "%s/%s", c->root, name);
    snprintf(text, sizeof text, "%llu", (unsigned long long)most);
    if (mkdir(path, 0755) && errno != EEXIST)
        return -1;
    int group = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int list = -1;
    if (group >= 0 && put(group, c->limit, text) == 0)
        list = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (list >= 0 && c->events)
        cell->oom = openat(group, c->events, O_RDONLY | O_CLOEXEC);
    if (group >= 0)
        close(group);
    return list;
}

static int make_one(struct cell *cell, const struct controller *list, const char *name,
                    uint64_t most)
{
    int fd = make(cell, &list[0], name, most);
    return fd >= 0 ? fd : make(cell, &list[1], name, most);
}

void cgroup_make(struct cell *cell, const char *number)
{
    char name[40];
    cell->oom = cell->groups[0] = cell->groups[1] = -1;
    if (!cell->root)
        return;
    snprintf(name, sizeof name, JAIL_CGROUP_NAME "%s", number);
    cell->groups[0] = make_one(cell, memory, name, cell->memory + SLACK);
    cell->groups[1] = make_one(cell, pids, name, 2 * cell->processes + 16);
}

/* True when the program is in both. */
bool cgroup_join(const struct cell *cell)
{
    for (int i = 0; i < 2; i++)
        if (cell->groups[i] < 0 || write(cell->groups[i], "0", 1) != 1)
            return false;
    return true;
}

/* True when the kernel ended a process for its memory. */
bool cgroup_is_over(const struct cell *cell)
{
    char text[512];
    ssize_t n = cell->oom >= 0 ? pread(cell->oom, text, sizeof text - 1, 0) : -1;
    if (n <= 0)
        return false;
    text[n] = '\0';
    const char *line = strstr(text, "oom_kill ");
    return line && line[9] != '0';
}
