/* fs.h: files beneath a root, by descriptors only. Not a path library: every path is confined by
 * the kernel before anything is done with it.
 *
 * root     a directory descriptor; the caller owns it. Nothing outside it can be reached.
 * target   what a path *is*: the descriptors it resolved to and its canonical name. One target is
 *          for one want; the operations work on its descriptors and never look at the path again,
 *          so what was judged is what is touched.
 * name     canonical: relative to the root, components joined by single slashes, no "." nor "..";
 *          the root itself is "". Reading may pass links that stay beneath the root; the name is
 *          then that of the real file. Writing, deleting and making directories pass no link.
 *
 * A fifo, socket or device is ERR_NOT_FILE. Nothing is synced: the journal has the bytes. */
#ifndef IO_FS_H
#define IO_FS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define FS_NAME_MAX  255                /* bytes of one component */
#define FS_PATH_MAX  4096               /* bytes of a path, without NUL */
#define FS_DEPTH_MAX 64                 /* components of a path */
#define FS_READ_MAX  ((size_t)1 << 20)  /* default of a bounded read */
#define FS_FILE_MAX  ((size_t)64 << 20) /* largest file that is read, written or hashed at all */
#define FS_OPAQUE    "user.overlay.opaque" /* of a directory that hides what layers below have */
#define FS_TEMP      ".orket-tmp-"      /* names with this prefix are ours: never listed, refused */

enum fs_want {
    FS_READ,
    FS_WRITE,
    FS_PUT, /* FS_WRITE for who judges nothing: the name is looked at by the write itself */
    FS_LIST,
    FS_DELETE,
    FS_MKDIR
};

struct fs_target {
    enum fs_want want;
    int fd;      /* FS_READ: the file; FS_LIST: the directory; else -1. Owned. */
    int dir;     /* else: the deepest directory that exists above the last name. Owned. */
    bool exists; /* something had this name; FS_PUT and FS_MKDIR have not looked */
    size_t size; /* FS_READ: bytes of the file when it was resolved */
    size_t len;  /* bytes of path */
    size_t rest; /* path + rest is the name below dir, with slashes for missing directories */
    char path[FS_PATH_MAX + 1];
};

/* ---- roots ---- */

/* Opens the directory `path` (trusted: from the command line or the configuration), links and all.
 * `create` makes missing directories. Answers a descriptor, or a negative code. */
int fs_root_open(const char *path, bool create, struct err *err) MUST_CHECK;

/* A second descriptor for the directory `path` beneath root, confined like every path. With `made`
 * it is made when it is missing, and *made tells that it was: then it is empty. */
int fs_root_beneath(int root, const char *path, size_t len, bool *made, struct err *err) MUST_CHECK;

/* Where a root is now, absolute; false when the kernel does not tell (no /proc, or it is gone). */
bool fs_root_path(int root, char out[FS_PATH_MAX + 1]);

/* ---- resolve ---- */

/* Checks path and writes its canonical name (FS_PATH_MAX + 1 bytes; *len its length). Pure text:
 * "./a//b" is "a/b". ERR_PATH: absolute, "..", NUL, control characters, not UTF-8, too long or
 * deep, a reserved name. *directory tells of a trailing slash. */
int fs_canonical(const char *path, size_t path_len, char *out, size_t *len, bool *directory,
                 struct err *err) MUST_CHECK;

/* Resolves path beneath root. On 0 the caller owns *out and must fs_target_close it; on failure it
 * is closed already. ERR_PATH (leaves the root, is no name, a link where none may be),
 * ERR_NOT_FOUND, ERR_NOT_FILE, ERR_NOT_DIR, ERR_IO. FS_WRITE, FS_PUT and FS_MKDIR may miss
 * directories. */
int fs_resolve(int root, const char *path, size_t len, enum fs_want want, struct fs_target *out,
               struct err *err) MUST_CHECK;

/* Closes the descriptors; idempotent. The name stays readable. */
void fs_target_close(struct fs_target *target);

/* ---- perform: each demands a target of its own want, else ERR_BUG ---- */

/* Appends at most max bytes (0 = FS_READ_MAX) from offset. With `more`, *more tells whether bytes
 * are left behind; without it a longer file is ERR_TOO_LARGE. */
int fs_read(const struct fs_target *target, size_t offset, size_t max, struct buf *out, bool *more,
            struct err *err) MUST_CHECK;

/* Reads a regular file of a directory, whole, into out, which is emptied first: ERR_NOT_FILE (a
 * link, too, and what is gone), ERR_TOO_LARGE, ERR_MEMORY, ERR_IO. */
int fs_read_name(int dir, const char *name, size_t max, struct buf *out,
                 struct err *err) MUST_CHECK;

/* Makes missing directories and writes the file (FS_WRITE, FS_PUT). A file that existed is replaced
 * by rename (so another hard link keeps the old bytes, a reader sees old or new) and keeps its
 * permissions; a new one is written under its own name. ERR_TOO_LARGE, ERR_NOT_FILE, ERR_NOT_DIR,
 * ERR_IO, ERR_PATH (a link has the name); after a failure the old file is untouched. */
int fs_write(const struct fs_target *target, const void *bytes, size_t len,
             struct err *err) MUST_CHECK;

/* Makes missing directories and a new file (FS_PUT), which is there as a whole and synced, or not
 * at all: written under another name first. ERR_EXISTS when something has the name; else as
 * fs_write. */
int fs_add(const struct fs_target *target, const void *bytes, size_t len,
           struct err *err) MUST_CHECK;

/* Whoever may read the file (FS_READ) may execute it from now on. */
int fs_make_executable(const struct fs_target *target, struct err *err) MUST_CHECK;

/* Makes a link of that text, for programs: nothing here follows it. A target for FS_MKDIR;
 * ERR_EXISTS. */
int fs_link(const struct fs_target *target, const char *to, struct err *err) MUST_CHECK;

/* Removes a file, a link, or an empty directory (ERR_EXISTS when it is not empty). */
int fs_delete(const struct fs_target *target, struct err *err) MUST_CHECK;

/* Makes the directory and those above it; one that exists is fine, *made (may be NULL) tells. */
int fs_mkdir(const struct fs_target *target, bool *made, struct err *err) MUST_CHECK;

/* A whiteout with the name (FS_MKDIR), in missing directories that are made: in a union it hides
 * what has the name below. One that is there already is fine; ERR_EXISTS for anything else. */
int fs_hide(const struct fs_target *target, struct err *err) MUST_CHECK;

/* The directory (FS_LIST) shows again what layers below have of it. */
int fs_show(const struct fs_target *target, struct err *err) MUST_CHECK;

bool fs_is_whiteout(const struct stat *st);

/* Renames the directory `from` to `to`, which nothing has as its name (ERR_EXISTS); both lie
 * directly in dir. With all that is on dir's disk it is there after a power failure. */
int fs_publish(int dir, const char *from, const char *to, struct err *err) MUST_CHECK;

/* Fills err from an errno about path; answers the code. */
int fs_fail(struct err *err, int error, const char *path);

#endif
