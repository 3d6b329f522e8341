/* rebuild.h: projections made again from the events of a file (rebuild.c), and what a file was at a
 * moment (snapshot.c). */
#ifndef IO_STORE_REBUILD_H
#define IO_STORE_REBUILD_H

#include "io/store/db/db.h"

/* The columns of a row as `each` gets it; those of snapshot.c end with the body. */
enum rebuild_column {
    REBUILD_STREAM,
    REBUILD_RUN,
    REBUILD_TURN,
    REBUILD_SEQ,
    REBUILD_STEP,
    REBUILD_N,
    REBUILD_KIND,
    REBUILD_CARD,
    REBUILD_ACTOR,
    REBUILD_ROLE,
    REBUILD_AT,
    REBUILD_BODY,
    REBUILD_HASH,
    REBUILD_PREV
};

/* The statement that reads the events of `from`, its main database, as the view shows them. Owned
 * by the caller. ERR_STORE_*, ERR_MEMORY. */
int rebuild_prepare(sqlite3 *from, sqlite3_stmt **out, struct err *err);

struct rebuild {
    sqlite3_stmt *events;        /* borrowed: rows with the columns above, ?1 after, ?2 upto */
    struct projector *projector; /* borrowed: where they go */
    int64_t after, upto;         /* the events between: after < commit number <= upto */
    /* Told of each event, after it was projected: whether it is whole (else some of its texts are
     * NULL), and why it could not be projected (NULL = it was). Not 0 ends the rebuild with it. */
    int (*each)(void *ctx, sqlite3_stmt *row, const struct store_seen *event, bool whole,
                const struct err *why);
    void *ctx;
};
/* 0, what `each` answered, ERR_MEMORY, ERR_STORE_*. */
int rebuild_run(struct rebuild *rebuild, struct err *err);

/* ---- snapshot.c ---- */

struct snapshot {
    struct projector projector;
    sqlite3_stmt *statements[4]; /* kept from one moment to the next */
    int64_t last;                /* the newest commit that was looked for */
};
int snapshot_open(struct snapshot *snapshot, sqlite3 *db, const struct sql_sections *kinds);
void snapshot_close(struct snapshot *snapshot);

/* Makes a read-only connection answer as of the commit `upto`: the projections, the streams'
 * heads and the events of that moment lie before the file's own, in the connection's private
 * temporary database, which is gone with it.
 * ERR_NOT_FOUND (no such commit yet), ERR_STORE_CORRUPT (an event cannot be projected),
 * ERR_STORE_*, ERR_MEMORY. */
int snapshot_build(struct snapshot *snapshot, int64_t upto, struct err *err);

/* From the moment `from` to a later one, at the cost of the events between. The same errors; after
 * one the connection is of no use. */
int snapshot_forward(struct snapshot *snapshot, int64_t from, int64_t upto, struct err *err);

#endif
