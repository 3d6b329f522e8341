/* power_vfs.c: see power_vfs.h. A name leads to an inode; an inode has the bytes that are durable
 * and the changes since; so has the directory. A cut goes through the record from its start. */
#include "power_vfs.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum change_kind { WRITE, TRUNCATE, SYNC, LINK, UNLINK, RENAME, SYNC_DIR };

struct change {
    enum change_kind kind;
    int inode;
    long long at; /* of a write; the new size of a truncation */
    size_t len;
    unsigned char *bytes;
    char name[48], to[48];
};

#define NAMES_MAX  16
#define INODES_MAX 4096

struct directory {
    struct {
        char name[48];
        int inode; /* -1: the place is free */
    } entries[NAMES_MAX];
};

struct content {
    unsigned char *bytes;
    size_t len;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool recording;
static char root[128];
static struct change *changes;
static size_t count, room;
static int inodes;
/* as it was when recording began; as programs see it */
static struct directory first, now;
static struct content first_contents[NAMES_MAX]; /* by inode */
/* inode + 1 of descriptors that the store opened itself */
static int by_descriptor[1024];
/* a call of the VFS: its system calls are its own */
static _Thread_local int inside;

/* ---- directories and bytes ---- */

static int *find(struct directory *dir, const char *name)
{
    for (int i = 0; i < NAMES_MAX; i++)
        if (dir->entries[i].inode >= 0 && strcmp(dir->entries[i].name, name) == 0)
            return &dir->entries[i].inode;
    return NULL;
}

static void drop(struct directory *dir, const char *name)
{
    int *inode = find(dir, name);
    if (inode)
        *inode = -1;
}

static void copy_name(char to[48], const char *name)
{
    assert(strlen(name) < 48);
    strcpy(to, name);
}

static void put(struct directory *dir, const char *name, int inode)
{
    drop(dir, name);
    for (int i = 0; i < NAMES_MAX; i++)
        if (dir->entries[i].inode < 0) {
            copy_name(dir->entries[i].name, name);
            dir->entries[i].inode = inode;
            return;
        }
    abort();
}

static void clear(struct directory *dir)
{
    for (int i = 0; i < NAMES_MAX; i++)
        dir->entries[i].inode = -1;
}

static void resize(struct content *content, size_t len)
{
    content->bytes = realloc(content->bytes, len + 1);
    assert(content->bytes);
    if (len > content->len)
        memset(content->bytes + content->len, 0, len - content->len);
    content->len = len;
}

static void overwrite(struct content *content, size_t at, const unsigned char *bytes, size_t len)
{
    if (at + len > content->len)
        resize(content, at + len);
    if (len)
        memcpy(content->bytes + at, bytes, len);
}

static struct content read_file(const char *path)
{
    struct content content = {0};
    FILE *file = fopen(path, "rb");
    assert(file);
    fseek(file, 0, SEEK_END);
    resize(&content, (size_t)ftell(file));
    rewind(file);
    assert(fread(content.bytes, 1, content.len, file) == content.len);
    fclose(file);
    return content;
}

/* ---- recording ---- */

/* The name within the recorded directory, of a file that survives a power failure; or NULL. */
static const char *inner(const char *path)
{
    size_t len = strlen(root);
    if (!recording || !path || strncmp(path, root, len) != 0 || path[len] != '/')
        return NULL;
    const char *name = path + len + 1, *tail = strrchr(name, '-');
    if (tail && (strcmp(tail, "-shm") == 0 || strcmp(tail, "-owner") == 0))
        return NULL;
    return strchr(name, '/') ? NULL : name;
}

static struct change *add(enum change_kind kind, int inode)
{
    if (count == room) {
        room = room ? 2 * room : 1024;
        changes = realloc(changes, room * sizeof *changes);
        assert(changes);
    }
    changes[count] = (struct change){.kind = kind, .inode = inode};
    return &changes[count++];
}

static void note(enum change_kind kind, int inode, long long at, const void *bytes, size_t len)
{
    pthread_mutex_lock(&mutex);
    struct change *change = add(kind, inode);
    change->at = at;
    change->len = len;
    if (len > 0) {
        change->bytes = malloc(len);
        assert(change->bytes);
        memcpy(change->bytes, bytes, len);
    }
    pthread_mutex_unlock(&mutex);
}

static void note_name(enum change_kind kind, const char *name, const char *to)
{
    pthread_mutex_lock(&mutex);
    int *found = find(&now, name), inode = found ? *found : -1;
    if (found || kind == LINK) {
        struct change *change = add(kind, kind == LINK ? inodes : inode);
        copy_name(change->name, name);
        if (to)
            copy_name(change->to, to);
        if (kind == LINK)
            put(&now, name, inodes++);
        else
            drop(&now, name);
        if (kind == RENAME)
            put(&now, to, inode);
        assert(inodes < INODES_MAX);
    }
    pthread_mutex_unlock(&mutex);
}

/* The inode of a name that exists, made known when it is new; it was opened a moment ago. */
static int inode_of(const char *name)
{
    pthread_mutex_lock(&mutex);
    int *found = find(&now, name), inode = found ? *found : -1;
    pthread_mutex_unlock(&mutex);
    if (inode >= 0)
        return inode;
    note_name(LINK, name, NULL);
    return inode_of(name);
}

/* ---- what the store does itself: system calls, wrapped by the linker ---- */

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    int fd = __real_open(path, flags, mode);
    const char *name = inside ? NULL : inner(path);
    if (fd >= 0 && fd < 1024)
        by_descriptor[fd] = name && flags & (O_WRONLY | O_RDWR) ? inode_of(name) + 1 : 0;
    return fd;
}

static int known(int fd)
{
    return inside || !recording || fd < 0 || fd >= 1024 ? 0 : by_descriptor[fd];
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    int inode = known(fd) - 1;
    long long at = inode < 0 ? 0 : lseek(fd, 0, SEEK_CUR);
    ssize_t n = __real_write(fd, bytes, len);
    if (inode >= 0 && n > 0)
        note(WRITE, inode, at, bytes, (size_t)n);
    return n;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    int inode = known(fd) - 1;
    ssize_t n = __real_pwrite(fd, bytes, len, at);
    if (inode >= 0 && n > 0)
        note(WRITE, inode, at, bytes, (size_t)n);
    return n;
}

/* SQLite syncs the directory with fsync, the store its file with either. */
static void synced(int fd)
{
    struct stat info;
    if (recording && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
        note(SYNC_DIR, 0, 0, NULL, 0);
    else if (known(fd))
        note(SYNC, known(fd) - 1, 0, NULL, 0);
}

int __wrap_fdatasync(int fd)
{
    int rc = __real_fdatasync(fd);
    if (rc == 0)
        synced(fd);
    return rc;
}

int __wrap_fsync(int fd)
{
    int rc = __real_fsync(fd);
    if (rc == 0)
        synced(fd);
    return rc;
}

int __wrap_rename(const char *from, const char *to)
{
    int rc = __real_rename(from, to);
    if (rc == 0 && !inside && inner(from))
        note_name(RENAME, inner(from), inner(to));
    return rc;
}

int __wrap_unlink(const char *path)
{
    int rc = __real_unlink(path);
    if (rc == 0 && !inside && inner(path))
        note_name(UNLINK, inner(path), NULL);
    return rc;
}

/* ---- what SQLite does: the VFS ---- */

#define OURS 4096 /* where our part begins in the memory of a file; the system's is before it */

struct power_file {
    sqlite3_io_methods methods;
    const sqlite3_io_methods *below;
    int inode;
};

static struct power_file *ours(sqlite3_file *file)
{
    return (struct power_file *)(void *)((char *)file + OURS);
}

static int on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    inside++;
    int rc = ours(file)->below->xWrite(file, bytes, len, at);
    inside--;
    if (rc == SQLITE_OK && recording)
        note(WRITE, ours(file)->inode, at, bytes, (size_t)len);
    return rc;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int rc = ours(file)->below->xTruncate(file, size);
    if (rc == SQLITE_OK && recording)
        note(TRUNCATE, ours(file)->inode, size, NULL, 0);
    return rc;
}

/* The directory's sync, which may belong to it, is seen below. */
static int on_sync(sqlite3_file *file, int flags)
{
    inside++;
    int rc = ours(file)->below->xSync(file, flags);
    inside--;
    if (rc == SQLITE_OK && recording)
        note(SYNC, ours(file)->inode, 0, NULL, 0);
    return rc;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct power_file *f = ours(file);
    inside++;
    int rc = below->xOpen(below, path, file, flags, out);
    inside--;
    if (rc || !file->pMethods || !inner(path))
        return rc;
    f->below = file->pMethods;
    f->methods = *file->pMethods;
    f->methods.xWrite = on_write;
    f->methods.xTruncate = on_truncate;
    f->methods.xSync = on_sync;
    f->inode = inode_of(inner(path));
    file->pMethods = &f->methods;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    sqlite3_vfs *below = vfs->pAppData;
    inside++;
    if (inner(path))
        note_name(UNLINK, inner(path), NULL);
    int rc = below->xDelete(below, path, sync_dir);
    inside--;
    return rc;
}

static void add_vfs(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    if (vfs.zName)
        return;
    assert(below->szOsFile <= OURS);
    vfs = *below;
    vfs.szOsFile = OURS + (int)sizeof(struct power_file);
    vfs.zName = "power";
    vfs.pAppData = below;
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    vfs.pNext = NULL;
    sqlite3_vfs_register(&vfs, 0);
}

/* ---- beginning and end ---- */

const char *power_begin(const char *dir)
{
    char path[512];
    struct dirent *entry;
    add_vfs();
    snprintf(root, sizeof root, "%s", dir);
    clear(&now);
    recording = true; // names are looked at as they will be
    DIR *list = opendir(dir);
    assert(list);
    while ((entry = readdir(list))) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] == '.' || !inner(path))
            continue;
        first_contents[inodes] = read_file(path);
        put(&now, entry->d_name, inodes++);
    }
    closedir(list);
    first = now;
    return "power";
}

size_t power_count(void)
{
    pthread_mutex_lock(&mutex);
    size_t n = count;
    pthread_mutex_unlock(&mutex);
    return n;
}

int power_is_sync(size_t at)
{
    return changes[at].kind != WRITE && changes[at].kind != TRUNCATE;
}

void power_end(void)
{
    recording = false;
    for (size_t i = 0; i < count; i++)
        free(changes[i].bytes);
    for (int i = 0; i < NAMES_MAX; i++)
        free(first_contents[i].bytes);
    memset(first_contents, 0, sizeof first_contents);
    count = 0;
    inodes = 0;
}

/* ---- the cut ---- */

struct loss {
    uint64_t state;
    unsigned kept;   /* of 100 pieces that were not synced */
    unsigned names;  /* of 100 changes of the directory */
    unsigned broken; /* of 100 pieces kept: torn or garbage */
    size_t piece;
};

static unsigned dice(struct loss *loss, unsigned n)
{
    loss->state = loss->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(loss->state >> 33) % n;
}

static struct loss choose(uint64_t seed)
{
    static const unsigned shares[] = {0, 5, 50, 95, 100};
    struct loss loss = {.state = seed};
    dice(&loss, 2);
    loss.kept = shares[dice(&loss, 5)];
    loss.names = shares[dice(&loss, 5)];
    loss.broken = dice(&loss, 2) ? 30 : 0;
    loss.piece = dice(&loss, 2) ? 512 : 4096;
    return loss;
}

/* Some of a write's sectors reach the disk, some of them in part, some as garbage. */
static void apply_in_part(struct content *content, const struct change *change, struct loss *loss)
{
    size_t at = (size_t)change->at, end = at + change->len;
    while (at < end) {
        size_t next = (at / loss->piece + 1) * loss->piece;
        size_t len = (next < end ? next : end) - at;
        const unsigned char *bytes = change->bytes + (at - (size_t)change->at);
        bool is_kept = dice(loss, 100) < loss->kept, is_broken = dice(loss, 100) < loss->broken;
        if (is_kept)
            overwrite(content, at, bytes, is_broken ? dice(loss, (unsigned)len) : len);
        else if (is_broken && dice(loss, 4) == 0)
            for (size_t i = 0; i < len; i++) {
                unsigned char garbage = (unsigned char)dice(loss, 256);
                overwrite(content, at + i, &garbage, 1);
            }
        at += len;
    }
}

static void apply(struct content *content, const struct change *change)
{
    if (change->kind == WRITE)
        overwrite(content, (size_t)change->at, change->bytes, change->len);
    else if (change->kind == TRUNCATE)
        resize(content, (size_t)change->at);
}

static void apply_name(struct directory *dir, const struct change *change)
{
    if (change->kind == UNLINK || change->kind == RENAME)
        drop(dir, change->name);
    if (change->kind == LINK || change->kind == RENAME)
        put(dir, change->kind == LINK ? change->name : change->to, change->inode);
}

/* The last change before `at` that made the inode (-1: the directory) durable, plus one. */
static size_t *find_syncs(size_t at, size_t *dir)
{
    size_t *syncs = calloc(INODES_MAX, sizeof *syncs);
    assert(syncs);
    *dir = 0;
    for (size_t i = 0; i < at; i++)
        if (changes[i].kind == SYNC)
            syncs[changes[i].inode] = i + 1;
        else if (changes[i].kind == SYNC_DIR)
            *dir = i + 1;
    return syncs;
}

static bool touches(const struct change *a, const struct change *b)
{
    return strcmp(a->name, b->name) == 0 || strcmp(a->to, b->name) == 0 ||
           (b->to[0] && (strcmp(a->name, b->to) == 0 || strcmp(a->to, b->to) == 0));
}

/* Changes of one name keep their order; those of different names have none. */
static void cut_names(struct directory *dir, size_t at, size_t synced_until, struct loss *loss)
{
    const struct change *lost[64];
    size_t losses = 0;
    for (size_t i = 0; i < at; i++) {
        const struct change *change = &changes[i];
        if (change->kind != LINK && change->kind != UNLINK && change->kind != RENAME)
            continue;
        bool is_lost = i >= synced_until && dice(loss, 100) >= loss->names;
        for (size_t k = 0; i >= synced_until && k < losses; k++)
            is_lost |= touches(lost[k], change);
        if (!is_lost)
            apply_name(dir, change);
        else if (losses < 64)
            lost[losses++] = change;
    }
}

static struct content cut_file(int inode, size_t at, size_t synced_until, struct loss *loss)
{
    struct content content = {0};
    if (inode < NAMES_MAX && first_contents[inode].bytes)
        overwrite(&content, 0, first_contents[inode].bytes, first_contents[inode].len);
    for (size_t i = 0; i < at; i++) {
        const struct change *change = &changes[i];
        if (change->inode != inode || (change->kind != WRITE && change->kind != TRUNCATE))
            continue;
        if (i < synced_until || (change->kind == TRUNCATE && dice(loss, 100) < loss->kept))
            apply(&content, change);
        else if (change->kind == WRITE)
            apply_in_part(&content, change, loss);
    }
    return content;
}

static void write_file(const char *dir, const char *name, const struct content *content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    assert(file);
    assert(!content->len || fwrite(content->bytes, 1, content->len, file) == content->len);
    fclose(file);
}

void power_cut(size_t at, uint64_t seed, const char *into)
{
    struct loss loss = choose(seed);
    struct directory dir = first;
    size_t dir_synced, *syncs = find_syncs(at, &dir_synced);
    cut_names(&dir, at, dir_synced, &loss);
    for (int i = 0; i < NAMES_MAX; i++) {
        int inode = dir.entries[i].inode;
        if (inode < 0)
            continue;
        struct content content = cut_file(inode, at, syncs[inode], &loss);
        write_file(into, dir.entries[i].name, &content);
        free(content.bytes);
    }
    free(syncs);
}
