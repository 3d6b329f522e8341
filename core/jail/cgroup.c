/* cgroup.c: the kernel's own count of memory, processes and their time, where we may make a group:
 * the watch looks every 10 ms, this never sleeps. Both layouts are known: one hierarchy for all
 * (v2), or one for each controller (v1). A group that cannot be made is no failure: then the layer
 * does not stand.
 *
 * The bounds lie above those of the watch, which names what it stops: they are for what it is too
 * slow for. Groups are named after our number outside; the engine removes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jail/jail.h"

#define SLACK ((uint64_t)96 << 20) /* the scratch, and what the kernel takes for itself */

struct controller {
    const char *root, *limit, *events; /* files: what is bounded, what is told */
};

static const struct controller memory[] = {
    {JAIL_CGROUP_V1_MEMORY, "memory.limit_in_bytes", "memory.oom_control"},
    {JAIL_CGROUP_V2, "memory.max", "memory.events"},
};

static const struct controller pids[] = {
    {JAIL_CGROUP_V1_PIDS, "pids.max", "pids.peak"},
    {JAIL_CGROUP_V2, "pids.max", "pids.peak"},
};

static const struct controller times[] = {
    {JAIL_CGROUP_V1_CPU, NULL, "cpuacct.usage"},
    {JAIL_CGROUP_V2, NULL, "cpu.stat"},
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

/* A descriptor of the group's list of processes, or -1; in *events one of what it tells. */
static int make(const struct controller *c, const char *name, uint64_t most, int *events)
{
    char path[200], text[32];
    snprintf(path, sizeof path, "%s/%s", c->root, name);
    snprintf(text, sizeof text, "%llu", (unsigned long long)most);
    if (mkdir(path, 0755) && errno != EEXIST)
        return -1;
    int group = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int list = -1;
    if (group >= 0 && (!c->limit || put(group, c->limit, text) == 0))
        list = openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (list >= 0 && c->events)
        *events = openat(group, c->events, O_RDONLY | O_CLOEXEC);
    if (group >= 0)
        close(group);
    return list;
}

static int make_one(const struct controller *list, const char *name, uint64_t most, int *events)
{
    int fd = make(&list[0], name, most, events);
    return fd >= 0 ? fd : make(&list[1], name, most, events);
}

/* Those that a killed engine left behind remember that they were over. */
static void remove_old(const char *name)
{
    static const struct controller *const all[] = {memory, pids, times};
    char path[200];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        snprintf(path, sizeof path, "%s/%s", all[i]->root, name);
        rmdir(path);
    }
    snprintf(path, sizeof path, "%s/%s", JAIL_CGROUP_V2, name);
    rmdir(path);
}

/* Orphans that nobody has waited for yet are among them. */
static uint64_t most_processes(const struct cell *cell)
{
    return 2 * cell->processes + 16;
}

void cgroup_make(struct cell *cell, const char *number)
{
    char name[40];
    cell->oom = cell->crowd = cell->spent = -1;
    cell->groups[0] = cell->groups[1] = cell->groups[2] = -1;
    if (!cell->root)
        return;
    snprintf(name, sizeof name, JAIL_CGROUP_NAME "%s", number);
    remove_old(name);
    cell->groups[0] = make_one(memory, name, cell->memory + SLACK, &cell->oom);
    cell->groups[1] = make_one(pids, name, most_processes(cell), &cell->crowd);
    cell->groups[2] = make_one(times, name, 0, &cell->spent);
}

static bool join(int list)
{
    return list >= 0 && write(list, "0", 1) == 1;
}

/* True when the program is in both that bound it. */
bool cgroup_join(const struct cell *cell)
{
    (void)join(cell->groups[2]);
    return join(cell->groups[0]) && join(cell->groups[1]);
}

/* False when nothing is told. */
static bool told(int events, char *out, size_t size)
{
    ssize_t n = events >= 0 ? pread(events, out, size - 1, 0) : -1;
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Why the kernel ended a process, or refused one. Others may bound us closer, which is no limit of
 * ours: so it counts how many there have been at one time, and not what was refused. */
int cgroup_over(const struct cell *cell)
{
    char text[512];
    const char *line = told(cell->oom, text, sizeof text) ? strstr(text, "oom_kill ") : NULL;
    if (line && line[9] != '0')
        return JAIL_MEM;
    bool crowded =
        told(cell->crowd, text, sizeof text) && strtoull(text, NULL, 10) >= most_processes(cell);
    return crowded ? JAIL_PROCS : JAIL_NO_LIMIT;
}

/* v1 tells nanoseconds, v2 a line of microseconds. */
uint64_t cgroup_cpu_ms(const struct cell *cell)
{
    static const char line[] = "usage_usec ";
    char text[64];
    if (!told(cell->spent, text, sizeof text))
        return 0;
    bool is_v2 = strncmp(text, line, sizeof line - 1) == 0;
    return is_v2 ? strtoull(text + sizeof line - 1, NULL, 10) / 1000
                 : strtoull(text, NULL, 10) / 1000000;
}
