/* create.c: a new database, whole or not at all: migrated in memory, written in one piece under
 * another name, synced once, renamed. SQLite's own way, statement by statement on the disk, syncs
 * eight times. The directory is synced with the first commit, when SQLite makes its log. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/store/db/db.h"

#define HEADER_WRITE_VERSION                                                                       \
    18 /* of SQLite's file format: these two bytes say that there is a log */
#define HEADER_READ_VERSION 19
#define HEADER_WAL          2

static bool is_missing(const char *path)
{
    struct stat info;
    if (lstat(path, &info))
        return errno == ENOENT;
    return S_ISREG(info.st_mode) && info.st_size == 0;
}

/* The bytes of an empty database of the newest version, to be freed by SQLite; NULL: none. */
static unsigned char *make_image(const struct store_options *options, size_t *size)
{
    sqlite3 *db = NULL;
    sqlite3_int64 len = 0;
    unsigned char *image = NULL;
    if (!db_open(options, ":memory:", false, &db, NULL) && !db_migrate(db, options, NULL))
        image = sqlite3_serialize(db, "main", &len, 0);
    sqlite3_close(db);
    if (!image)
        return NULL;
    image[HEADER_WRITE_VERSION] = image[HEADER_READ_VERSION] = HEADER_WAL;
    *size = (size_t)len;
    return image;
}

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = FAULT_CALL(image_write, write(fd, bytes, size));
        if (n <= 0 && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool write_file(const char *path, const unsigned char *bytes, size_t size, bool hasty)
{
    unlink(path);
    int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
    int fd = FAULT_CALL(image_open, open(path, flags, 0600));
    bool ok = fd >= 0 && write_all(fd, bytes, size) &&
              (hasty || FAULT_CALL(image_sync, fdatasync(fd)) == 0);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    return ok;
}

/* Whether there was such a file. */
static bool remove_beside(const char *path, const char *ending)
{
    struct buf name = {0};
    buf_printf(&name, "%s%s", path, ending);
    bool removed = buf_ok(&name) && unlink(name.data) == 0;
    buf_clear(&name);
    return removed;
}

static bool sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buf dir = {0};
    buf_puts(&dir, slash == path ? "/" : "");
    if (slash != path)
        buf_put(&dir, slash ? path : ".", slash ? (size_t)(slash - path) : 1);
    int fd = buf_ok(&dir) ? open(dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    buf_clear(&dir);
    return ok;
}

/* A log of a database that is gone would be taken for this one's. Names reach the disk in any
 * order: that it is gone has to be sure before the new name is there. */
static bool put_in_place(const char *new, const char *path, bool hasty)
{
    bool removed = remove_beside(path, "-wal");
    removed |= remove_beside(path, "-journal");
    remove_beside(path, "-shm"); // says nothing after a power failure
    return (!removed || hasty || sync_directory(path)) &&
           FAULT_CALL(image_rename, rename(new, path)) == 0;
}

void db_create(const struct store_options *options)
{
    struct buf new = {0};
    size_t size;
    if (!is_missing(options->path))
        return;
    buf_printf(&new, "%s-new", options->path);
    unsigned char *image = make_image(options, &size);
    if (image && buf_ok(&new) &&
        !(write_file(new.data, image, size, options->hasty) &&
          put_in_place(new.data, options->path, options->hasty)))
        unlink(new.data);
    sqlite3_free(image);
    buf_clear(&new);
}
