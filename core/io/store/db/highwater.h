/* highwater.h: the high-water mark: how far a database had come, in a file beside it
 * (DIR/highwater). SQLite takes a log or a database that was deleted or cut for one that ends
 * there; the mark tells.
 *
 * It is written after a commit was made durable and is not synced itself: after a power failure it
 * may lag behind the database, never lead it. So what it names has to be there. */
#ifndef IO_STORE_HIGHWATER_H
#define IO_STORE_HIGHWATER_H

#include "io/store/db/db.h"

struct highwater {
    int64_t seq;      /* of the last event that was durable; 0: there is no mark */
    struct hash hash; /* of that event */
    int64_t size;     /* of the database after the log was copied into it; 0: not known */
};

/* Reads the mark; *out is zero when there is none, or a power failure left half of one. With one,
 * the database has to be there, as large as it was. ERR_STORE_CORRUPT (it is gone, or was cut),
 * ERR_IO, ERR_STORE_READONLY, ERR_MEMORY. */
int highwater_load(const struct store_options *options, struct highwater *out, struct err *err);

/* Has the database what the mark names? Only for a mark that was loaded before its snapshot began.
 * ERR_STORE_CORRUPT, ERR_STORE_*. */
int highwater_compare(sqlite3 *db, const struct highwater *mark, struct err *err);

/* The last event that the database has, as a mark without a size;
 * zero: it has none. ERR_STORE_*. */
int highwater_of(sqlite3 *db, struct highwater *out, struct err *err);

/* For a database that is about to be opened: one that became smaller since is that small; without a
 * mark its size is known when it has no log. */
void highwater_resize(const struct store_options *options, struct highwater *mark);

/* The size of the database as it is now. */
int64_t highwater_size(const struct store_options *options);

/* Writes the mark; *fd is its file, -1 before the first time. No error: one that cannot be written
 * lags behind. */
void highwater_write(const struct store_options *options, int *fd, const struct highwater *mark);

#endif
