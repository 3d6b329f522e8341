/* fs_list.c: lists: one directory, or every file below one, in the order of the bytes
 * of their names, so that two machines and two moments answer alike. */
#include "io/fs/fs_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/fault.h"
#include "base/json.h"

/* One name of a directory, as the kernel gives it. */
struct found {
    size_t name; /* offset in the scan's names */
    char type;
};

struct scan {
    struct buf names, found; /* found: struct found[] */
    bool cut, sweep;         /* sweep: what a write that was cut off left behind goes */
    int error;               /* errno of a name that cannot be looked at, or 0 */
};

/* 0; 1 when the name went away since it was read; -errno when the disk does not tell, which is no
 * reason to answer as if there were no such name. */
static int look(int fd, const char *name, struct stat *st)
{
    if (fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    return errno == ENOENT ? 1 : -errno;
}

static char type_of(struct scan *scan, int fd, const char *name, unsigned char kind)
{
    if (kind == DT_UNKNOWN) {
        struct stat st;
        int rc = look(fd, name, &st);
        if (rc == 0)
            kind = (unsigned char)IFTODT(st.st_mode);
        else if (rc < 0)
            scan->error = -rc;
    }
    if (kind == DT_REG || kind == DT_DIR)
        return kind == DT_REG ? 'f' : 'd';
    return kind == DT_LNK ? 'l' : 'o';
}

const char *fs_type_name(char type)
{
    static const char types[] = "fdlw";
    static const char *const names[] = {"file", "directory", "link", "whiteout", "other"};
    const char *at = type ? strchr(types, type) : NULL;
    return names[at ? at - types : 4];
}

static bool is_temp(const char *name)
{
    return strncmp(name, FS_TEMP, strlen(FS_TEMP)) == 0;
}

static bool is_wanted(const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    return !is_temp(name) && utf8_valid(name, strlen(name));
}

static void scan_put(struct scan *scan, int fd, const struct dirent64 *entry)
{
    if (scan->sweep && is_temp(entry->d_name))
        (void)unlinkat(fd, entry->d_name, 0);
    if (!is_wanted(entry->d_name))
        return;
    struct found found = {scan->names.len, type_of(scan, fd, entry->d_name, entry->d_type)};
    buf_put(&scan->names, entry->d_name, strlen(entry->d_name) + 1);
    buf_put(&scan->found, &found, sizeof found);
}

static void scan_clear(struct scan *scan)
{
    buf_clear(&scan->names);
    buf_clear(&scan->found);
}

/* Reads all names of fd, at most *budget, which it takes from. */
static int scan_read(struct scan *scan, int fd, size_t *budget)
{
    _Alignas(struct dirent64) char block[16384];
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    ssize_t n;
    while ((n = FAULT_CALL(tree_list, getdents64(fd, block, sizeof block))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *entry = (const void *)(block + at);
            at += entry->d_reclen;
            if (*budget == 0) {
                scan->cut = true;
                return 0;
            }
            --*budget;
            scan_put(scan, fd, entry);
        }
    }
    if (n < 0 || scan->error)
        return n < 0 ? -errno : -scan->error;
    return buf_ok(&scan->names) && buf_ok(&scan->found) ? 0 : -ENOMEM;
}

/* Orders as if a directory's name ended in a slash when `slash` is set: then going down in this
 * order meets whole paths in the order of their bytes. */
struct order {
    const char *names;
    bool slash;
};

static unsigned char end_of(const struct order *order, const struct found *found)
{
    return order->slash && found->type == 'd' ? '/' : 0;
}

static int compare(const void *a, const void *b, void *ctx)
{
    const struct order *order = ctx;
    const struct found *x = a, *y = b;
    const unsigned char *p = (const void *)(order->names + x->name);
    const unsigned char *q = (const void *)(order->names + y->name);
    while (*p && *p == *q) {
        p++;
        q++;
    }
    int left = *p ? *p : end_of(order, x);
    int right = *q ? *q : end_of(order, y);
    return left - right;
}

static struct found *scan_sort(struct scan *scan, bool slash, size_t *count)
{
    struct order order = {scan->names.data, slash};
    struct found *found = (void *)scan->found.data;
    *count = scan->found.len / sizeof *found;
    if (*count)
        qsort_r(found, *count, sizeof *found, compare, &order);
    return found;
}

bool fs_is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* ---- the answer ---- */

/* Entries are gathered with offsets for names, which become pointers at the end. */
struct answer {
    struct buf names, items; /* items: struct fs_entry[] with name = offset + 1 */
    size_t count, max;
    bool more, all;
};

static int answer_put(struct answer *a, int fd, const char *name, const char *shown, char type)
{
    struct stat st = {0};
    int rc = look(fd, name, &st);
    if (rc)
        return rc < 0 ? rc : 0;
    struct fs_entry entry = {
        .name = (const char *)(uintptr_t)(a->names.len + 1),
        .type = fs_is_whiteout(&st) ? 'w' : type,
        .mode = st.st_mode & 0777,
        .size = type == 'f' ? (uint64_t)st.st_size : 0,
        .mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec,
        .ctime = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec,
        .inode = st.st_ino,
    };
    buf_put(&a->names, shown, strlen(shown) + 1);
    buf_put(&a->items, &entry, sizeof entry);
    a->count++;
    return 0;
}

static int answer_finish(struct answer *a, int rc, struct fs_entries *out, struct err *err)
{
    if (rc == 0 && (!buf_ok(&a->names) || !buf_ok(&a->items)))
        rc = -ENOMEM;
    if (rc) {
        buf_clear(&a->names);
        buf_clear(&a->items);
        if (rc == -ENOMEM)
            return err_set(err, ERR_MEMORY, "no memory for the list");
        return err_os(err, -rc, "cannot list");
    }
    fs_entries_clear(out);
    out->items = (void *)a->items.data;
    out->count = a->count;
    out->more = a->more;
    out->memory = a->names;
    for (size_t i = 0; i < out->count; i++)
        out->items[i].name = a->names.data + ((uintptr_t)out->items[i].name - 1);
    return 0;
}

void fs_entries_clear(struct fs_entries *entries)
{
    free(entries->items);
    buf_clear(&entries->memory);
    *entries = (struct fs_entries){0};
}

static size_t bound(size_t max)
{
    size_t wanted = max ? max : FS_LIST_MAX;
    return wanted < FS_WALK_MAX ? wanted : FS_WALK_MAX;
}

int fs_list(const struct fs_target *t, size_t max, struct fs_entries *out, struct err *err)
{
    if (broken(t->want != FS_LIST || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for listing");
    struct answer answer = {.max = bound(max)};
    struct scan scan = {0};
    size_t budget = FS_WALK_MAX;
    int rc = scan_read(&scan, t->fd, &budget);
    if (rc == 0) {
        size_t count;
        const struct found *found = scan_sort(&scan, false, &count);
        answer.more = scan.cut || count > answer.max;
        for (size_t i = 0; i < count && rc == 0 && answer.count < answer.max; i++) {
            const char *name = scan.names.data + found[i].name;
            rc = answer_put(&answer, t->fd, name, name, found[i].type);
        }
    }
    scan_clear(&scan);
    return answer_finish(&answer, rc, out, err);
}

/* ---- walk ---- */

struct walk {
    const struct fs_visitor *visitor;
    struct buf path;
    size_t budget;
    bool cut, sweep;
    int stopped; /* what the visitor ended it with */
};

static int walk(struct walk *w, int fd, unsigned depth);

static int walk_into(struct walk *w, int fd, const char *name, unsigned depth)
{
    if (depth >= FS_DEPTH_MAX || w->path.len >= FS_PATH_MAX) {
        w->cut = true;
        return 0;
    }
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    auto_close int below = openat(fd, name, flags);
    if (below < 0) // replaced by something else meanwhile, or not ours to read
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES ? 0
                                                                                        : -errno;
    return walk(w, below, depth + 1);
}

static int walk_name(struct walk *w, int fd, const char *name, char type, unsigned depth)
{
    const struct fs_visitor *v = w->visitor;
    size_t at = w->path.len ? w->path.len + 1 : 0;
    if (at)
        buf_putc(&w->path, '/');
    buf_puts(&w->path, name);
    if (!buf_ok(&w->path))
        return -ENOMEM;
    if (v->wants && !v->wants(v->ctx, w->path.data, w->path.len, type))
        return 0;
    if (type == 'd')
        return walk_into(w, fd, name, depth);
    w->stopped = v->meet(v->ctx, fd, w->path.data, w->path.len, at, type);
    return 0;
}

static int walk_names(struct walk *w, int fd, struct scan *scan, unsigned depth)
{
    size_t count, base = w->path.len;
    const struct found *found = scan_sort(scan, true, &count);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0 && !w->stopped; i++) {
        rc = walk_name(w, fd, scan->names.data + found[i].name, found[i].type, depth);
        w->path.len = base;
    }
    return rc;
}

/* Depth is bounded by FS_DEPTH_MAX: one descriptor and one small frame each. */
static int walk(struct walk *w, int fd, unsigned depth)
{
    const struct fs_visitor *v = w->visitor;
    struct scan scan = {.sweep = w->sweep};
    if (v->enter)
        w->stopped = v->enter(v->ctx, fd, w->path.data ? w->path.data : "", w->path.len);
    int rc = w->stopped ? 0 : scan_read(&scan, fd, &w->budget);
    w->cut = w->cut || scan.cut;
    if (rc == 0 && !w->stopped)
        rc = walk_names(w, fd, &scan, depth);
    scan_clear(&scan);
    if (v->leave)
        v->leave(v->ctx);
    return rc;
}

int fs_visit(const struct fs_target *t, const struct fs_visitor *visitor, bool *cut,
             struct err *err)
{
    if (broken(t->want != FS_LIST || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for listing");
    struct walk w = {.visitor = visitor, .budget = FS_WALK_MAX};
    int rc = walk(&w, t->fd, 1);
    buf_clear(&w.path);
    *cut = w.cut;
    if (rc == -ENOMEM)
        return err_set(err, ERR_MEMORY, "no memory for the list");
    return rc ? err_os(err, -rc, "cannot list") : w.stopped;
}

/* ---- all files, as a list ---- */

#define FULL 1 /* the list has all that it may have */

static int gather(void *ctx, int dir, const char *path, size_t len, size_t name, char type)
{
    struct answer *a = ctx;
    (void)len;
    if (type != 'f' && !a->all)
        return 0;
    if (a->count < a->max)
        return answer_put(a, dir, path + name, path, type);
    a->more = true;
    return FULL;
}

static bool is_opaque(int fd)
{
    char value;
    return fgetxattr(fd, FS_OPAQUE, &value, 1) == 1 && value == 'y';
}

/* Of a directory in the changes of a union, when it shows nothing of the layers below. */
static int gather_opaque(void *ctx, int dir, const char *path, size_t len)
{
    return len && is_opaque(dir) ? answer_put(ctx, dir, ".", path, 'd') : 0;
}

static int walk_below(const struct fs_target *t, struct answer answer, bool changes,
                      struct fs_entries *out, struct err *err)
{
    if (broken(t->want != FS_LIST || t->fd < 0))
        return err_set(err, ERR_BUG, "not a target for listing");
    struct fs_visitor visitor = {.ctx = &answer, .meet = gather};
    visitor.enter = changes ? gather_opaque : NULL;
    struct walk w = {.visitor = &visitor, .budget = FS_WALK_MAX, .sweep = answer.all};
    int rc = walk(&w, t->fd, 1);
    if (rc == 0 && w.stopped != FULL)
        rc = w.stopped;
    answer.more = answer.more || w.cut;
    buf_clear(&w.path);
    return answer_finish(&answer, rc, out, err);
}

int fs_walk(const struct fs_target *t, size_t max, struct fs_entries *out, struct err *err)
{
    return walk_below(t, (struct answer){.max = bound(max)}, false, out, err);
}

int fs_walk_all(const struct fs_target *t, size_t max, struct fs_entries *out, struct err *err)
{
    return walk_below(t, (struct answer){.max = bound(max), .all = true}, false, out, err);
}

int fs_walk_changes(const struct fs_target *t, size_t max, struct fs_entries *out, struct err *err)
{
    return walk_below(t, (struct answer){.max = bound(max), .all = true}, true, out, err);
}
