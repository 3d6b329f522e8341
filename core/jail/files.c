/* files.c: what lies where the program may write. A size limit of the kernel stops a program and
 * tells nobody else, and there is none for many files: so they are counted now and then. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "jail/jail.h"

#define DEPTH_MAX 100
#define MORE_MAX  10000 /* files that may come to be */
#define TIMES_MAX 16    /* bytes that may come to be, in files of the largest size */
#define FULL      ((uint64_t)1 << 40)
#define PAUSE_MS  100

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Of a file with holes what it takes, of a small one not the whole block. */
static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void count_in(const struct cell *cell, int at, int depth, struct files *sum);

static void count_entry(const struct cell *cell, DIR *dir, const char *name, int depth,
                        struct files *sum)
{
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW))
        return;
    sum->count++;
    if (S_ISDIR(st.st_mode)) {
        count_in(cell, openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                 depth + 1, sum);
        return;
    }
    sum->bytes += smaller((uint64_t)st.st_size, (uint64_t)st.st_blocks * 512);
    sum->large += S_ISREG(st.st_mode) && (uint64_t)st.st_size > cell->file_size;
}

/* Deeper than anybody needs is as bad as too many. */
static void count_in(const struct cell *cell, int at, int depth, struct files *sum)
{
    DIR *dir = at < 0 ? NULL : fdopendir(at);
    const struct dirent *entry;
    if (depth > DEPTH_MAX)
        sum->count += FULL;
    while (dir && sum->count < FULL && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count_entry(cell, dir, entry->d_name, depth, sum);
    if (dir)
        closedir(dir);
    else if (at >= 0)
        close(at);
}

static void count_below(const struct cell *cell, const char *path, struct files *sum)
{
    count_in(cell, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, sum);
}

/* A large tree is looked at less often: that takes a small part of the time at most. Number and bytes
 * of the scratch are bounded by what it is. */
void files_count(const struct cell *cell, struct files *out)
{
    uint64_t begun = now_ms();
    struct files scratch = {0};
    *out = (struct files){0};
    count_below(cell, cell->tree, out);
    count_below(cell, JAIL_SCRATCH, &scratch);
    out->large += scratch.large;
    uint64_t ended = now_ms();
    out->due = ended + PAUSE_MS + 20 * (ended - begun);
}

bool files_over(const struct cell *cell, const struct files *before, const struct files *now)
{
    return now->large > before->large || now->count > before->count + MORE_MAX ||
           now->bytes > before->bytes + TIMES_MAX * cell->file_size;
}

bool files_scratch_full(void)
{
    struct statvfs st;
    return statvfs(JAIL_SCRATCH, &st) == 0 && (st.f_bavail == 0 || st.f_favail == 0);
}
