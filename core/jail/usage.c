/* usage.c: what the processes of the namespace use together, by /proc. What cannot be looked at
 * counts as too much. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jail/jail.h"

#define TOO_MUCH     ((uint64_t)1 << 60)
#define TABLE_OF     512                   /* a page table has room for this many times its size */
#define SOCKETS_FREE 512                   /* more of them count: */
#define SOCKET_SIZE  ((uint64_t)208 << 10) /* what the kernel lets one hold */

struct usage {
    uint64_t processes, memory, cpu_ms;
};

#define TASK_MAX 48 /* "PID/task/TID" */

/* False when there is nothing, also when the process has just gone. */
static bool read_text(const char *task, const char *file, char *out, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/%.47s/%s", task, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0)
        close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static uint64_t kib_of(const char *text, const char *name)
{
    unsigned long kib;
    const char *line = strstr(text, name);
    return line && sscanf(line + strlen(name), " %lu", &kib) == 1 ? (uint64_t)kib * 1024 : 0;
}

/* Of a line of stat: what a thread that has ended knows of its process's memory is nothing. */
static bool has_ended(const char *stat)
{
    const char *rest = strrchr(stat, ')');
    return !rest || rest[1] != ' ' || rest[2] == 'Z' || rest[2] == 'X';
}

/* The thread of a process that tells of its memory:
 * the first, or one that is left when that has ended. */
static void find_living(const char *pid, char out[TASK_MAX])
{
    char path[64], text[1024];
    snprintf(out, TASK_MAX, "%.16s", pid);
    if (!read_text(pid, "stat", text, sizeof text) || !has_ended(text))
        return;
    snprintf(path, sizeof path, "/proc/%.16s/task", pid);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && has_ended(text) && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            snprintf(out, TASK_MAX, "%.16s/task/%.16s", pid, entry->d_name);
            (void)read_text(out, "stat", text, sizeof text);
        }
    if (dir)
        closedir(dir);
}

/* Adds one process: threads, processor time with that of its children, and at least its memory: all
 * pages, and the tables that its addresses may need. */
static void add_process(const char *pid, struct usage *sum)
{
    char text[1024], task[TASK_MAX];
    unsigned long user, system, size, pages;
    long child_user, child_system, threads;
    const char *rest;
    if (!read_text(pid, "stat", text, sizeof text) || !(rest = strrchr(text, ')')))
        return;
    if (sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %ld",
               &user, &system, &child_user, &child_system, &threads) != 5)
        return;
    sum->processes += (uint64_t)threads;
    sum->cpu_ms += (user + system + (unsigned long)(child_user + child_system)) * 1000 /
                   (unsigned long)sysconf(_SC_CLK_TCK);
    snprintf(task, sizeof task, "%.16s", pid);
    if (has_ended(text))
        find_living(pid, task);
    if (read_text(task, "statm", text, sizeof text) && sscanf(text, "%lu %lu", &size, &pages) == 2)
        sum->memory += (pages + size / TABLE_OF) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Pages of files are not its memory; the tables that it has are. */
static void add_own(const char *pid, struct usage *sum)
{
    char text[4096], task[TASK_MAX];
    find_living(pid, task);
    if (read_text(task, "status", text, sizeof text))
        sum->memory += kib_of(text, "\nRssAnon:") + kib_of(text, "\nRssShmem:") +
                       kib_of(text, "\nVmSwap:") + kib_of(text, "\nVmPTE:");
}

/* Pages that processes share count once. Of a process that hides them, all count. */
static void add_share(const char *pid, struct usage *sum)
{
    char text[2048], status[4096], task[TASK_MAX];
    find_living(pid, task);
    if (!read_text(task, "smaps_rollup", text, sizeof text))
        add_own(pid, sum);
    else if (read_text(task, "status", status, sizeof status))
        sum->memory += kib_of(text, "\nPss_Anon:") + kib_of(text, "\nPss_Shmem:") +
                       kib_of(text, "\nSwapPss:") + kib_of(status, "\nVmPTE:");
}

/* No process maps what waits in a socket. */
static void add_sockets(struct usage *sum)
{
    char text[256];
    unsigned long used = 0;
    if (read_text("self", "net/sockstat", text, sizeof text) &&
        sscanf(text, "sockets: used %lu", &used) == 1 && used > SOCKETS_FREE)
        sum->memory += (used - SOCKETS_FREE) * SOCKET_SIZE;
}

typedef void add_fn(const char *pid, struct usage *sum);

static struct usage look(add_fn *add)
{
    struct usage sum = {0};
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    if (!dir)
        return (struct usage){TOO_MUCH, TOO_MUCH, TOO_MUCH};
    while ((entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
            add(entry->d_name, &sum);
    closedir(dir);
    add_sockets(&sum);
    return sum;
}

uint64_t usage_reaped_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* A process that nobody waits for takes its time along, so a sum that has become smaller goes on
 * from where it was. One look alone may miss what is handed on meanwhile. The kernel's own count,
 * where there is one, misses not even what lives between two looks. */
static uint64_t spend(const struct cell *cell, uint64_t now, struct spent *spent)
{
    uint64_t level = now > spent->last ? now : spent->last, counted = cgroup_cpu_ms(cell);
    spent->total += level > spent->level ? level - spent->level : 0;
    spent->level = level;
    spent->last = now;
    return spent->total > counted ? spent->total : counted;
}

/* The dearer measures are taken when the cheaper one is too much. */
static bool is_memory_over(const struct cell *cell)
{
    static add_fn *const exact[] = {add_own, add_share};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (look(exact[i]).memory <= cell->memory)
            return false;
    return true;
}

int usage_over(const struct cell *cell, struct spent *spent)
{
    struct usage now = look(add_process);
    uint64_t cpu_ms = spend(cell, now.cpu_ms + usage_reaped_ms(), spent);
    if (cell->processes && now.processes > cell->processes)
        return JAIL_PROCS;
    if (cell->cpu_ms && cpu_ms > cell->cpu_ms)
        return JAIL_CPU;
    if (cell->memory && now.memory > cell->memory && is_memory_over(cell))
        return JAIL_MEM;
    return JAIL_NO_LIMIT;
}
