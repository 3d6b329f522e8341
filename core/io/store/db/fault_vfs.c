/* fault_vfs.c: SQLite's file system for unix with points of fault.h around what it writes, syncs,
 * opens and removes. Part of test builds only; what is not named here goes straight through. */
#include "io/store/db/fault_vfs.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/fault.h"

struct file {
    sqlite3_file base;
    bool is_log;
    sqlite3_file real[]; /* szOsFile bytes */
};

static struct file *of(sqlite3_file *file)
{
    return (struct file *)file;
}

/* -1 of a point as SQLite's code. */
static int code(int rc, int failure)
{
    return rc < 0 ? failure : rc;
}

static int on_close(sqlite3_file *file)
{
    return of(file)->real->pMethods->xClose(of(file)->real);
}

static int on_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
    return of(file)->real->pMethods->xRead(of(file)->real, bytes, len, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    sqlite3_file *real = of(file)->real;
    int rc = of(file)->is_log
                 ? FAULT_CALL(log_write, real->pMethods->xWrite(real, bytes, len, at))
                 : FAULT_CALL(page_write, real->pMethods->xWrite(real, bytes, len, at));
    return code(rc, errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return of(file)->real->pMethods->xTruncate(of(file)->real, size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    sqlite3_file *real = of(file)->real;
    int rc = of(file)->is_log ? FAULT_CALL(log_sync, real->pMethods->xSync(real, flags))
                              : FAULT_CALL(page_sync, real->pMethods->xSync(real, flags));
    return code(rc, SQLITE_IOERR_FSYNC);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return of(file)->real->pMethods->xFileSize(of(file)->real, size);
}

static int on_lock(sqlite3_file *file, int level)
{
    return of(file)->real->pMethods->xLock(of(file)->real, level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return of(file)->real->pMethods->xUnlock(of(file)->real, level);
}

static int on_reserved(sqlite3_file *file, int *out)
{
    return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, out);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
    return of(file)->real->pMethods->xFileControl(of(file)->real, op, arg);
}

static int on_sector(sqlite3_file *file)
{
    return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int on_device(sqlite3_file *file)
{
    return of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);
}

static int on_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    sqlite3_file *real = of(file)->real;
    int rc = FAULT_CALL(log_map, real->pMethods->xShmMap(real, page, size, extend, out));
    return code(rc, SQLITE_IOERR_SHMMAP);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return of(file)->real->pMethods->xShmLock(of(file)->real, offset, n, flags);
}

static void on_barrier(sqlite3_file *file)
{
    of(file)->real->pMethods->xShmBarrier(of(file)->real);
}

static int on_unmap(sqlite3_file *file, int delete)
{
    return of(file)->real->pMethods->xShmUnmap(of(file)->real, delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no memory-mapped reading: not used */
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_barrier,
    .xShmUnmap = on_unmap,
};

/* ---- the file system ---- */

static int open_as(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                   int *out)
{
    sqlite3_vfs *unix_vfs = vfs->pAppData;
    struct file *self = of(file);
    self->base.pMethods = NULL;
    self->is_log = flags & SQLITE_OPEN_WAL;
    self->real->pMethods = NULL;
    int rc = unix_vfs->xOpen(unix_vfs, name, self->real, flags, out);
    if (self->real->pMethods)
        self->base.pMethods = &methods;
    return rc;
}

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                   int *out)
{
    int rc;
    file->pMethods = NULL;
    if (flags & SQLITE_OPEN_WAL)
        rc = FAULT_CALL(log_open, open_as(vfs, name, file, flags, out));
    else if (flags & SQLITE_OPEN_MAIN_DB)
        rc = FAULT_CALL(db_open, open_as(vfs, name, file, flags, out));
    else
        rc = open_as(vfs, name, file, flags, out);
    return code(rc, SQLITE_CANTOPEN);
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    sqlite3_vfs *unix_vfs = vfs->pAppData;
    int rc = FAULT_CALL(log_delete, unix_vfs->xDelete(unix_vfs, name, sync));
    return code(rc, SQLITE_IOERR_DELETE);
}

void fault_vfs_use(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *found = sqlite3_vfs_find(NULL);
    if (!found || vfs.pAppData)
        return;
    vfs = *found;
    vfs.pAppData = found;
    vfs.pNext = NULL;
    vfs.zName = "fault";
    vfs.szOsFile += (int)sizeof(struct file);
    vfs.xOpen = on_open;
    vfs.xDelete = on_delete;
    sqlite3_vfs_register(&vfs, 1);
}
