/* fault.c: what SQLite and the system say went wrong, as a code with its fix. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/fs/disk.h"
#include "io/store/db/db.h"

static int code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_STORE_BUSY;
    case SQLITE_FULL:
        return ERR_STORE_FULL;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_STORE_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_STORE_CORRUPT;
    case SQLITE_CONSTRAINT:
        return ERR_EXISTS;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_IOERR:
        return ERR_IO;
    default:
        return ERR_STORE;
    }
}

static const char *cure_of(int code)
{
    switch (code) {
    case ERR_STORE_BUSY:
        return "wait for the other program or end it, then try again";
    case ERR_STORE_CORRUPT:
        return "run `orket check` and restore .orket/ from a backup";
    case ERR_STORE:
        return "see that .orket/ exists, is a directory and can be read and written";
    case ERR_EXISTS:
        return "use another id, or one that exists where a card is referred to";
    default:
        return disk_cure(code);
    }
}

/* Why its files cannot be made: what the directory says, else ERR_STORE. */
static int code_of_place(sqlite3 *db)
{
    const char *path = sqlite3_db_filename(db, "main");
    const char *slash = path ? strrchr(path, '/') : NULL;
    struct buf dir = {0};
    if (!slash) // it did not come as far as a name
        return ERR_STORE;
    buf_put(&dir, path, slash > path ? (size_t)(slash - path) : 1);
    int denied = buf_ok(&dir) && access(dir.data, W_OK) ? disk_code(errno) : ERR_IO;
    buf_clear(&dir);
    return denied == ERR_IO ? ERR_STORE : denied;
}

/* SQLite does not say why a write failed that was not for want of space:
 * a limit of size, mostly. */
static int code_of_write(void)
{
    struct rlimit limit;
    bool is_limited = !getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY;
    return is_limited ? ERR_STORE_FULL : ERR_IO;
}

/* What the system said, where that is about the host or about room; else ERR_IO. The errno may be
 * an old one: of others nothing is concluded. */
static int code_of_system(sqlite3 *db)
{
    int code = disk_code(sqlite3_system_errno(db));
    return code == ERR_STORE_READONLY ? ERR_IO : code;
}

static int code_in(sqlite3 *db, int rc)
{
    bool is_open = (rc & 0xff) == SQLITE_CANTOPEN, is_io = (rc & 0xff) == SQLITE_IOERR;
    if (rc == SQLITE_IOERR_NOMEM)
        return ERR_MEMORY;
    int host = db && (is_open || is_io) ? code_of_system(db) : ERR_IO;
    if (host != ERR_IO)
        return host;
    if (rc == SQLITE_IOERR_WRITE)
        return code_of_write();
    return db && is_open ? code_of_place(db) : code_of(rc);
}

int db_fail(sqlite3 *db, int rc, struct err *err)
{
    int code = code_in(db, rc);
    err_set(err, code, "%s: %s", err_text(code), db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    if (cure_of(code))
        err_fix(err, "%s", cure_of(code));
    return code;
}
