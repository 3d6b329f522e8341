/* files.c: what lies where the program may write. A size limit of the kernel stops a program and
 * tells nobody else, and there is none for many files: so they are counted now and then, also those
 * that have lost their name and are held open. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "jail/jail.h"

#define DEPTH_MAX 100
#define TIMES_MAX 16    /* bytes that may come to be, in files of the largest size */
#define HELD_MAX  4096  /* files that may be held without a name; a power of 2 */
#define FULL      ((uint64_t)1 << 40)
#define PAUSE_MS  100
#define NO_ROOM   65536 /* bytes: a full file system keeps some room that no user gets */

/* One count. */
struct count {
    const struct cell *cell;
    struct files *sum;
    uint64_t most;           /* files; beyond nobody needs to know how many */
    dev_t device;            /* of the tree */
    uint64_t held[HELD_MAX]; /* inodes without a name that were counted; 0: free */
    size_t holds;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What it takes: of a file with holes the blocks, of a small one not the whole block; of one with
 * blocks behind its end these too. */
static void add_file(struct count *c, const struct stat *st)
{
    uint64_t size = (uint64_t)st->st_size, taken = (uint64_t)st->st_blocks * 512;
    bool rounded = size < taken && taken <= size + (uint64_t)st->st_blksize;
    c->sum->bytes += rounded ? size : taken;
    c->sum->large += S_ISREG(st->st_mode) && size > c->cell->file_size;
}

/* ---- with a name ---- */

static void count_in(struct count *c, int at, int depth);

static void count_entry(struct count *c, DIR *dir, const char *name, int depth)
{
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW))
        return;
    c->sum->count++;
    if (S_ISDIR(st.st_mode)) { // many names make it large
        c->sum->bytes += (uint64_t)st.st_blocks * 512;
        count_in(c, openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                 depth + 1);
    } else {
        add_file(c, &st);
    }
}

/* Deeper than anybody needs is as bad as too many. */
static void count_in(struct count *c, int at, int depth)
{
    DIR *dir = at < 0 ? NULL : fdopendir(at);
    const struct dirent *entry;
    if (depth > DEPTH_MAX)
        c->sum->count += FULL;
    while (dir && c->sum->count <= c->most && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            count_entry(c, dir, entry->d_name, depth);
    if (dir)
        closedir(dir);
    else if (at >= 0)
        close(at);
}

/* ---- without ---- */

/* True when it is the first time; several processes may hold one file. */
static bool is_new(struct count *c, uint64_t inode)
{
    size_t at = inode % HELD_MAX;
    while (c->held[at] && c->held[at] != inode)
        at = (at + 1) % HELD_MAX;
    bool found = c->held[at];
    c->held[at] = inode;
    return !found;
}

static void count_held(struct count *c, DIR *dir, const char *name)
{
    struct stat st;
    if (fstatat(dirfd(dir), name, &st, 0) || !S_ISREG(st.st_mode) || st.st_nlink ||
        st.st_dev != c->device || !is_new(c, st.st_ino))
        return;
    add_file(c, &st);
    c->sum->count += ++c->holds < HELD_MAX / 2 ? 1 : FULL;
}

/* What looks at a process, by one of its threads; false when that has ended and others may tell. */
typedef bool task_fn(struct count *c, const char *task);

/* Threads share descriptors and memory (seccomp.c sees to it);
 * the first may have ended before others. */
static void each_task(struct count *c, const char *pid, task_fn *fn)
{
    char path[64];
    bool told = false;
    snprintf(path, sizeof path, "/proc/%.16s/task", pid);
    DIR *dir = opendir(path);
    const struct dirent *entry;
    while (dir && !told && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            snprintf(path, sizeof path, "/proc/%.16s/task/%.16s", pid, entry->d_name);
            told = fn(c, path);
        }
    if (dir)
        closedir(dir);
}

static void each_process(struct count *c, task_fn *fn)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0)
            each_task(c, entry->d_name, fn);
    if (dir)
        closedir(dir);
}

static DIR *open_in(const char *task, const char *name)
{
    char path[96];
    snprintf(path, sizeof path, "%s/%s", task, name);
    return opendir(path);
}

static bool count_descriptors(struct count *c, const char *task)
{
    bool any = false;
    DIR *dir = open_in(task, "fd");
    const struct dirent *entry;
    while (dir && c->sum->count <= c->most && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            any = true;
            count_held(c, dir, entry->d_name);
        }
    if (dir)
        closedir(dir);
    return any;
}

/* ---- what cannot be counted ---- */

/* A line of the file begins with `name` and a number that is not 0. */
static bool has_some(int at, const char *file, const char *name)
{
    char text[1024], *line;
    int fd = openat(at, file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    line = strstr(text, name);
    return line && strtoul(line + strlen(name), NULL, 10) > 0;
}

/* Descriptors that wait in a socket; in those that wait there may be more. */
static bool find_in_flight(struct count *c, const char *task)
{
    bool any = false;
    DIR *dir = open_in(task, "fdinfo");
    const struct dirent *entry;
    while (dir && !c->sum->unseen && (entry = readdir(dir)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            any = true;
            c->sum->unseen = has_some(dirfd(dir), entry->d_name, "scm_fds:");
        }
    if (dir)
        closedir(dir);
    return any;
}

/* Files without a name that are mapped; memory that processes share is called /dev/zero. */
static bool find_mapped(struct count *c, const char *task)
{
    char path[96], *line = NULL;
    size_t size = 0;
    bool any = false;
    snprintf(path, sizeof path, "%s/maps", task);
    FILE *maps = fopen(path, "re");
    while (maps && !c->sum->unseen && getline(&line, &size, maps) > 0) {
        any = true;
        const char *name = strchr(line, '/');
        c->sum->unseen = name && strstr(name, " (deleted)\n") &&
                         strcmp(name, "/dev/zero (deleted)\n") != 0;
    }
    if (maps)
        fclose(maps);
    free(line);
    return any;
}

static uint64_t lost(const struct files *before, const struct files *now)
{
    return now->free < before->free ? before->free - now->free : 0;
}

/* Asked only when the disk has lost more than the program may write: it takes long. */
static void look_for_unseen(struct count *c, const struct files *before)
{
    if (lost(before, c->sum) <= TIMES_MAX * c->cell->file_size)
        return;
    each_process(c, find_in_flight);
    each_process(c, find_mapped);
}

/* ---- the whole ---- */

/* A scratch has bounds of its own. */
static void look_at_disk(struct count *c, int tree)
{
    struct statvfs disk;
    struct stat st;
    if (c->cell->outside && fstat(tree, &st) == 0)
        c->device = st.st_dev;
    if (c->cell->outside && fstatvfs(tree, &disk) == 0)
        c->sum->free = (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* Number and bytes of the scratch are bounded by what it is. */
static uint64_t large_in_scratch(const struct cell *cell)
{
    struct files sum = {0};
    struct count c = {.cell = cell, .sum = &sum, .most = FULL};
    count_in(&c, open(JAIL_SCRATCH, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
    return sum.large;
}

/* What the program wrote of a tree of layers is in its changes. Takes tree. */
static int own_files(const struct cell *cell, int tree)
{
    if (cell->changes < 0)
        return tree;
    close(tree);
    return openat(cell->changes, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A large tree is looked at less often: that takes a small part of the time at most. */
void files_count(const struct cell *cell, const struct files *before, struct files *out)
{
    uint64_t begun = now_ms();
    uint64_t most = before ? before->count + cell->file_count : FULL;
    struct count c = {.cell = cell, .sum = out, .most = most};
    *out = (struct files){0};
    int tree = open(cell->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    look_at_disk(&c, tree);
    count_in(&c, own_files(cell, tree), 0);
    if (before && c.device && cell->proc) {
        each_process(&c, count_descriptors);
        look_for_unseen(&c, before);
    }
    out->large += large_in_scratch(cell);
    uint64_t ended = now_ms();
    out->due = ended + PAUSE_MS + 20 * (ended - begun);
}

/* Of a program that holds what cannot be counted, all that the disk has lost is its own. */
int files_over(const struct cell *cell, const struct files *before, const struct files *now)
{
    uint64_t may = TIMES_MAX * cell->file_size;
    if (now->large > before->large || now->count > before->count + cell->file_count ||
        now->bytes > before->bytes + may || now->unseen)
        return JAIL_FILES;
    if (now->free >= before->free / 2)
        return JAIL_NO_LIMIT;
    return before->free - now->free > may ? JAIL_FILES : JAIL_DISK;
}

bool files_disk_full(const struct cell *cell)
{
    struct statvfs disk;
    if (!cell->outside || statvfs(cell->tree, &disk))
        return false;
    return (uint64_t)disk.f_bavail * disk.f_frsize < NO_ROOM || (disk.f_files && !disk.f_favail) ||
           (disk.f_flag & ST_RDONLY);
}

bool files_scratch_full(void)
{
    struct statvfs st;
    return statvfs(JAIL_SCRATCH, &st) == 0 && (st.f_bavail == 0 || st.f_favail == 0);
}
