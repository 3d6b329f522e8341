/* export.h: the parts of an export: what texts speak of (export_blobs.c), the head (export_head.c),
 * the rest (export.c). */
#ifndef IO_STORE_EXPORT_PARTS_H
#define IO_STORE_EXPORT_PARTS_H

#include "io/bundle/names.h"
#include "io/store/parts.h"

enum { EXPORT_EVENT, EXPORT_BLOB, EXPORT_MESSAGE, EXPORT_PARENT, EXPORT_STATEMENTS };

/* The events of one run: all of the run that is exported, or those up to a moment of one that it is
 * a fork of. */
struct export_part {
    char run[STORE_ID_MAX + 1];
    int64_t upto;      /* INT64_MAX: all */
    struct buf events; /* int64_t seq, in order */
    struct run_head head;
    struct signature signature;
};

struct exporter {
    struct store *store;
    const char *run;  /* that is worked on */
    struct buf parts; /* struct export_part: sources of a fork, the oldest first, then the run */
    struct export_part *part;
    struct bundle bundle;
    struct buf board;   /* int64_t seq, in order */
    struct names names; /* what was written */
    struct buf seen;    /* struct hash: what was asked for, a table with open addressing */
    size_t seen_count;
    struct json_doc doc;     /* the body of the event that is written */
    struct buf bytes, stack; /* scratch */
    sqlite3_stmt *stmts[EXPORT_STATEMENTS];
    struct err *err;
};

/* ---- export.c ---- */

/* The statement's first row: 1, 0 when it has none, negative ERR_*. To be reset. */
int export_row(struct exporter *x, int which);
/* Each row of a query with the run and the moment of the part as its parameters. */
int export_each(struct exporter *x, const char *sql,
                int (*fn)(struct exporter *x, sqlite3_stmt *row));
/* ERR_STORE_CORRUPT. */
int export_corrupt(struct exporter *x, const char *what, const char *id);
/* The same: `where` names something that is gone. */
int export_lost(struct exporter *x, const char *what, const char *where);

/* ---- export_blobs.c ---- */

/* The blobs, or the messages with all before them, that a text speaks of and that were not written
 * yet. */
int export_blobs(struct exporter *x, const char *text, size_t len);
int export_messages(struct exporter *x, const char *text, size_t len);
/* Forgets what was written. */
void export_forget(struct exporter *x);

/* ---- export_head.c ---- */

/* The head of the part: as it was signed when the run ended, or signed now, when it has not ended
 * or is one of before. Whatever was signed of the run has to hold. */
int export_head(struct exporter *x, const struct signer *signer, struct export_part *part);

#endif
