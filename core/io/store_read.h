/* store_read.h: reading a store (store.h): named queries, blobs, conversations, heads; checking it.
 *
 * Every read is short and synchronous and belongs to the loop's thread; what takes longer than a
 * millisecond (store_check) is for a command of its own or for the pool.
 */
#ifndef IO_STORE_READ_H
#define IO_STORE_READ_H

#include "io/store.h"

struct store_query;

/* From its next read on, a store without a writer shows one moment until it is closed: for a
 * command that reads very much, which costs less so. One with a writer shows a moment for each turn
 * of the loop, one of the past has its own. While it is held, a writer's log is not begun anew.
 * ERR_STORE_*. */
int store_hold(struct store *store, struct err *err) MUST_CHECK;

/* Starts the query of that name (queries.sql). ERR_NOT_FOUND, ERR_STORE_*. Parameters that are not
 * set are NULL. A query is finished by store_query_end, always. */
int store_query(struct store *store, const char *name, struct store_query **out,
                struct err *err) MUST_CHECK;
/* False when the query has no such parameter. Text is borrowed until the end of the query. */
bool store_set_text(struct store_query *query, const char *name, const char *text, size_t len);
bool store_set_int(struct store_query *query, const char *name, int64_t value);
bool store_set_real(struct store_query *query, const char *name, double value);
/* 1 = a row, 0 = no more, negative ERR_*. */
int store_step(struct store_query *query, struct err *err) MUST_CHECK;
int store_columns(struct store_query *query);
const char *store_column_name(struct store_query *query, int column);

enum store_type { STORE_NULL, STORE_INT, STORE_REAL, STORE_TEXT };
struct store_value {
    enum store_type type;
    int64_t integer;
    double real;
    const char *text; /* borrowed until the next step; blobs are text too */
    size_t len;
};
struct store_value store_column(struct store_query *query, int column);
void store_query_end(struct store_query *query);

/* Appends the bytes of a blob. ERR_NOT_FOUND, ERR_STORE_*. */
int store_get_blob(struct store *store, const struct hash *hash, struct buf *out,
                   struct err *err) MUST_CHECK;

/* Appends the last message of the conversation. ERR_NOT_FOUND, ERR_STORE_*. */
int store_get_message(struct store *store, const struct hash *hash, struct buf *out,
                      struct err *err) MUST_CHECK;

/* Calls fn for each message of the conversation, first one first. ERR_NOT_FOUND, ERR_STORE_*, or
 * what fn answers when it is not 0. */
int store_conversation(struct store *store, const struct hash *hash,
                       int (*fn)(void *ctx, const void *bytes, size_t len), void *ctx,
                       struct err *err) MUST_CHECK;

/* The hash of a run: over the heads of its streams in the order of their turns. ERR_NOT_FOUND. */
int store_head(struct store *store, const char *run, struct hash *out, struct err *err) MUST_CHECK;

/* Is the run what was signed each time it ended, and what it is a fork of what it was then?
 * ERR_STORE_CORRUPT (with the commit), ERR_STORE_*, ERR_MEMORY. */
int store_proved(struct store *store, const char *run, struct err *err) MUST_CHECK;

/* A store opened with options.past goes on to a later commit, at the cost of the events between.
 * No query is running. ERR_NOT_FOUND (no such commit yet), ERR_STORE_CORRUPT (an event that cannot
 * have happened), ERR_STORE_*, ERR_MEMORY; afterwards it is only to be closed. */
int store_forward(struct store *store, int64_t upto, struct err *err) MUST_CHECK;

/* Verifies chains, blobs and conversations of the file and rebuilds every projection from its
 * events in a temporary database. Appends a JSON report; *sound tells whether it is without
 * problems. */
int store_check(const struct store_options *options, struct buf *report, bool *sound,
                struct err *err) MUST_CHECK;

#endif
