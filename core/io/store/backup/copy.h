/* copy.h: a database, in one snapshot, as a file of its own in another directory. */
#ifndef IO_STORE_COPY_H
#define IO_STORE_COPY_H

#include <limits.h>

#include "io/store/db/highwater.h"
#include "io/store_backup.h"

#define COPY_NAME    "orket.db"
#define COPY_DIR_MAX (PATH_MAX - 100) /* bytes of a directory's path */

struct copy {
    const struct store_options *options; /* of the source */
    const char *to;                      /* a directory with nothing in it but the key */
    char path[PATH_MAX];                 /* of the new file */
    sqlite3 *source;
    struct highwater mark; /* of the copy */
    struct err *err;
};

/* Makes a copy that is synced, verified, of this program's version, and has a mark. `whole`: with
 * all that the source's own mark names. ERR_STORE_CORRUPT names what is wrong; ERR_IO, ERR_STORE_*,
 * ERR_MEMORY. */
int copy_make(struct copy *copy, bool whole, struct store_copied *out);

/* DIR/NAME; dir has at most COPY_DIR_MAX bytes. */
const char *path_in(const char *dir, const char *name, char path[PATH_MAX]);
int sync_path(const char *path, int flags, struct err *err);
int sync_dir(const char *dir, struct err *err);

#endif
