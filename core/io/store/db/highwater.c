/* highwater.c: see highwater.h. The file has its fields and a hash over them, in this machine's
 * order of bytes; it fits into one sector and is overwritten in place. As text it would cost four
 * times as much. */
#include "io/store/db/highwater.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/fs/disk.h"

#define HEADER        100 /* bytes of a database that say how large it is */
#define PAGE_SIZE_AT  16
#define PAGE_COUNT_AT 28

static void path_of(const struct store_options *options, struct buf *path)
{
    store_dir(options, path);
    buf_puts(path, "/highwater");
}

static int lost(struct err *err)
{
    err_fix(err,
            "restore .orket/ from a backup (orket restore DIR), or go on without what is lost: "
            "orket restore --accept-loss");
    return ERR_STORE_CORRUPT;
}

/* ---- the bytes of a mark ---- */

struct bytes {
    char magic[8];
    int64_t seq, size;
    struct hash hash;
    struct hash sum; /* of all before it */
};
_Static_assert(sizeof(struct bytes) == 88, "no holes");

static struct bytes format(const struct highwater *mark)
{
    struct bytes bytes = {
        .magic = "orkethw1", .seq = mark->seq, .size = mark->size, .hash = mark->hash};
    bytes.sum = hash_of(&bytes, offsetof(struct bytes, sum));
    return bytes;
}

static bool parse(const struct bytes *bytes, struct highwater *mark)
{
    *mark = (struct highwater){bytes->seq, bytes->hash, bytes->size};
    struct bytes same = format(mark);
    return mark->seq > 0 && memcmp(bytes, &same, sizeof same) == 0;
}

static int read_mark(const char *path, struct highwater *mark, struct err *err)
{
    struct bytes bytes;
    auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : disk_fail(err, path, errno);
    ssize_t len = pread(fd, &bytes, sizeof bytes, 0);
    if (len < 0)
        return disk_fail(err, path, errno);
    if (len != sizeof bytes || !parse(&bytes, mark))
        *mark = (struct highwater){0};
    return 0;
}

/* ---- the database as a file ---- */

static uint32_t number(const unsigned char *at, int bytes)
{
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* The size that its first page gives; 0: there is no such page. */
static int64_t size_inside(const char *path)
{
    unsigned char header[HEADER];
    auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || pread(fd, header, sizeof header, 0) != HEADER)
        return 0;
    uint32_t page = number(header + PAGE_SIZE_AT, 2);
    return (int64_t)number(header + PAGE_COUNT_AT, 4) * (page == 1 ? 65536 : page);
}

/* While the log is copied the first page is ahead of the others, but never is the file smaller than
 * after the last copy; one that was made smaller (VACUUM) says so in its first page. */
static int check_file(const char *path, const struct highwater *mark, struct err *err)
{
    struct stat info;
    if (stat(path, &info) && errno != ENOENT)
        return disk_fail(err, path, errno);
    if (access(path, F_OK)) {
        err_set(err, ERR_STORE_CORRUPT, "%s is gone; commit %" PRId64 " was in it", path,
                mark->seq);
        return lost(err);
    }
    bool cut =
        info.st_size < HEADER || (info.st_size < mark->size && info.st_size < size_inside(path));
    if (!cut)
        return 0;
    err_set(err, ERR_STORE_CORRUPT, "%s was cut: it has %lld bytes of %" PRId64, path,
            (long long)info.st_size, mark->size);
    return lost(err);
}

int highwater_load(const struct store_options *options, struct highwater *out, struct err *err)
{
    struct buf path = {0};
    *out = (struct highwater){0};
    path_of(options, &path);
    int rc =
        buf_ok(&path) ? read_mark(path.data, out, err) : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&path);
    return rc || !out->seq ? rc : check_file(options->path, out, err);
}

int64_t highwater_size(const struct store_options *options)
{
    struct stat info;
    return stat(options->path, &info) ? 0 : (int64_t)info.st_size;
}

/* A log may be half copied: the size is then not durable. */
void highwater_resize(const struct store_options *options, struct highwater *mark)
{
    struct stat log;
    struct buf path = {0};
    int64_t size = highwater_size(options);
    buf_printf(&path, "%s-wal", options->path);
    bool has_log = !buf_ok(&path) || (!stat(path.data, &log) && log.st_size > 0);
    if (size < mark->size || (mark->size == 0 && !has_log))
        mark->size = size;
    buf_clear(&path);
}

/* ---- what is in it ---- */

int highwater_compare(sqlite3 *db, const struct highwater *mark, struct err *err)
{
    static const char sql[] =
        "SELECT coalesce(max(seq), 0), (SELECT hash FROM entry WHERE seq = ?1) FROM entry";
    sqlite3_stmt *stmt = NULL;
    int rc = mark->seq ? db_prepare(db, sql, sizeof sql - 1, &stmt, NULL, err) : 0;
    if (rc || !mark->seq)
        return rc;
    sqlite3_bind_int64(stmt, 1, mark->seq);
    int step = sqlite3_step(stmt);
    int64_t last = sqlite3_column_int64(stmt, 0);
    bool same = sqlite3_column_bytes(stmt, 1) == HASH_SIZE &&
                memcmp(sqlite3_column_blob(stmt, 1), mark->hash.bytes, HASH_SIZE) == 0;
    if (step != SQLITE_ROW)
        rc = db_fail(db, step, err);
    sqlite3_finalize(stmt);
    if (rc || same)
        return rc;
    if (last < mark->seq)
        err_set(err, ERR_STORE_CORRUPT,
                "commit %" PRId64 " was durable, the database ends at %" PRId64
                ": its write-ahead log or a part of it was deleted, cut or replaced",
                mark->seq, last);
    else
        err_set(err, ERR_STORE_CORRUPT,
                "commit %" PRId64 " is not the one that was durable: the database was replaced",
                mark->seq);
    return lost(err);
}

int highwater_of(sqlite3 *db, struct highwater *out, struct err *err)
{
    static const char sql[] = "SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1";
    sqlite3_stmt *stmt = NULL;
    *out = (struct highwater){0};
    int rc = db_prepare(db, sql, sizeof sql - 1, &stmt, NULL, err);
    int step = rc ? SQLITE_DONE : sqlite3_step(stmt);
    if (step == SQLITE_ROW && sqlite3_column_bytes(stmt, 1) == HASH_SIZE) {
        out->seq = sqlite3_column_int64(stmt, 0);
        memcpy(out->hash.bytes, sqlite3_column_blob(stmt, 1), HASH_SIZE);
    } else if (step != SQLITE_ROW && step != SQLITE_DONE) {
        rc = db_fail(db, step, err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* ---- writing ---- */

void highwater_write(const struct store_options *options, int *fd, const struct highwater *mark)
{
    if (*fd < 0) {
        struct buf path = {0};
        int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
        path_of(options, &path);
        *fd = buf_ok(&path) ? FAULT_CALL(mark_open, open(path.data, flags, 0600)) : -1;
        buf_clear(&path);
    }
    struct bytes bytes = format(mark);
    if (*fd >= 0 && FAULT_CALL(mark_write, pwrite(*fd, &bytes, sizeof bytes, 0)) < 0)
        return; // it lags behind
}
