/* export.h: the parts of an export: what texts speak of (export_said.c), the head (export_head.c),
 * the rest (export.c). */
#ifndef IO_STORE_EXPORT_PARTS_H
#define IO_STORE_EXPORT_PARTS_H

#include "io/bundle.h"
#include "io/store/parts.h"

enum { EXPORT_EVENT, EXPORT_BLOB, EXPORT_MESSAGE, EXPORT_PARENT, EXPORT_STATEMENTS };

struct exporter {
    struct store *store;
    const char *run;
    struct bundle bundle;
    struct buf events, board; /* int64_t seq, in order */
    struct buf seen;          /* struct hash: what was written, a table with open addressing */
    size_t seen_count;
    struct buf bytes, stack; /* scratch */
    sqlite3_stmt *stmts[EXPORT_STATEMENTS];
    struct err *err;
};

/* ---- export.c ---- */

/* The statement's first row: 1, 0 when it has none, negative ERR_*. To be reset. */
int export_row(struct exporter *x, int which);
/* Each row of a query with the run as its parameter. */
int export_each(struct exporter *x, const char *sql,
                int (*fn)(struct exporter *x, sqlite3_stmt *row));
/* ERR_STORE_CORRUPT. */
int export_corrupt(struct exporter *x, const char *what, const char *id);

/* ---- export_said.c ---- */

/* The blobs, or the messages with all before them, that a text speaks of and that were not written
 * yet. */
int export_blobs(struct exporter *x, const char *text, size_t len);
int export_messages(struct exporter *x, const char *text, size_t len);
/* Forgets what was written. */
void export_forget(struct exporter *x);

/* ---- export_head.c ---- */

/* The head of the run as it was signed when it ended, or, when it has not ended, signed now. */
int export_head(struct exporter *x, const struct signer *signer, struct run_head *now,
                struct signature *signature);

#endif
