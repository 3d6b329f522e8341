/* spend.c: runs a program so many times, one after the other, and prints what it cost from
 * outside: median wall and CPU time of a run, the largest memory of any, and when the last was
 * started (ms since 1970). The program's output stays its own; ours is one last line SPENT {...}.
 * Ends with its status.
 *
 *   spend TIMES PROGRAM [ARGUMENT...] */
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/base.h"
#include "bench.h"

extern char **environ;

static double clock_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double of_timeval(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    int times = argc > 2 ? atoi(argv[1]) : 0, status = 0, runs = 0;
    if (times < 1) {
        fprintf(stderr, "usage: spend TIMES PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    double *wall = calloc((size_t)times, sizeof *wall), *cpu = calloc((size_t)times, sizeof *cpu),
           began = 0;
    long peak_kb = 0;
    require(wall && cpu);
    while (runs < times && status == 0) {
        struct rusage used;
        pid_t pid;
        double start = clock_ms(CLOCK_MONOTONIC);
        began = clock_ms(CLOCK_REALTIME);
        if (posix_spawnp(&pid, argv[2], NULL, NULL, argv + 2, environ)) {
            fprintf(stderr, "spend: cannot run %s\n", argv[2]);
            return 127;
        }
        require(wait4(pid, &status, 0, &used) == pid);
        wall[runs] = clock_ms(CLOCK_MONOTONIC) - start;
        cpu[runs++] = of_timeval(used.ru_utime) + of_timeval(used.ru_stime);
        peak_kb = used.ru_maxrss > peak_kb ? used.ru_maxrss : peak_kb;
    }
    printf(
        "SPENT {\"runs\":%d,\"wall_ms\":%.3f,\"cpu_ms\":%.3f,\"peak_kb\":%ld,\"began_ms\":%.3f}\n",
        runs, median(wall, runs), median(cpu, runs), peak_kb, began);
    free(wall);
    free(cpu);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
