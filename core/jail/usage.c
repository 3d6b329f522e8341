/* usage.c: what the processes of the namespace use together, by /proc. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jail/jail.h"

struct usage {
    uint64_t processes, memory, cpu_ms;
};

static int read_text(const char *pid, const char *file, char *out, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.16s/%s", pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Adds one process: threads, processor time with that of its children, pages. */
static void add_process(const char *pid, struct usage *sum)
{
    char text[1024];
    unsigned long user, system, pages;
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
    if (read_text(pid, "statm", text, sizeof text) && sscanf(text, "%*u %lu", &pages) == 1)
        sum->memory += pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add_line(const char *text, const char *name, struct usage *sum)
{
    unsigned long kib;
    const char *line = strstr(text, name);
    if (line && sscanf(line + strlen(name), " %lu", &kib) == 1)
        sum->memory += kib * 1024;
}

/* Pages that processes share count once, pages of files not at all: dear, so only asked when it
 * matters. */
static void add_share(const char *pid, struct usage *sum)
{
    char text[2048];
    if (!read_text(pid, "smaps_rollup", text, sizeof text))
        return;
    add_line(text, "\nPss_Anon:", sum);
    add_line(text, "\nPss_Shmem:", sum);
}

static struct usage look(void (*add)(const char *pid, struct usage *sum))
{
    struct usage sum = {0};
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
            add(entry->d_name, &sum);
    if (dir)
        closedir(dir);
    return sum;
}

uint64_t usage_reaped_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
           (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* A process that nobody waits for takes its time along: what the sum falls by was spent all the
 * same. The kernel's own count, where there is one, misses not even what lives between two looks. */
static uint64_t spent_ms(const struct cell *cell, uint64_t sum, struct seen *cpu)
{
    if (sum < cpu->last)
        cpu->gone += cpu->last - sum;
    cpu->last = sum;
    uint64_t seen = sum + cpu->gone, counted = cgroup_cpu_ms(cell);
    return seen > counted ? seen : counted;
}

int usage_over(const struct cell *cell, struct seen *cpu)
{
    struct usage now = look(add_process);
    if (cell->processes && now.processes > cell->processes)
        return JAIL_PROCS;
    if (spent_ms(cell, now.cpu_ms + usage_reaped_ms(), cpu) > cell->cpu_ms)
        return JAIL_CPU;
    if (cell->memory && now.memory > cell->memory && look(add_share).memory > cell->memory)
        return JAIL_MEM;
    return JAIL_NO_LIMIT;
}
