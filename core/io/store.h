/* store.h: the journal and its projections.
 *
 * event       one thing that happened; the only write. Never changed; a dropped run's may be
 *             emptied but for their hash (store_gc.h)
 * stream      the events of one turn of one run, numbered n = 1, 2, 3 … and chained by hash; turn 0
 *             is the run's own stream, run "board" is where people and the engine act outside runs
 * blob        bytes under their hash; stored once however often they are written
 * message     one link of a conversation: a parent message and a blob
 * projection  every other table: rows derived from events by projections.sql, in their transaction
 * transaction events, blobs and messages of one stream, durable together or not at all
 *
 * All functions belong to the loop's thread. Writing happens on a thread of the store's own, which
 * puts everything queued meanwhile into one durable commit; `done` comes back from the loop.
 * Reading is synchronous, on a second connection, and sees every commit whose `done` was called.
 */
#ifndef IO_STORE_H
#define IO_STORE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"

struct uv_loop_s;
struct store;
struct store_stream;
struct store_tx;

#define STORE_BODY_MAX ((size_t)1 << 20)  /* bytes of one event body */
#define STORE_BLOB_MAX ((size_t)16 << 20) /* bytes of one blob or message */
#define STORE_TX_BYTES ((size_t)64 << 20) /* bytes of one transaction */
#define STORE_TX_ITEMS 65536u             /* events, blobs and messages of one transaction */
#define STORE_ID_MAX   200u               /* bytes of a run, turn, card, actor, role, kind */

/* A text built into the binary; bind passes those of core/io/store/: NNN_*.sql are the migrations
 * in order, projections.sql and queries.sql the named statements. They outlive the store. */
struct store_file {
    const char *name, *start, *end;
};

struct store_options {
    const char *path;
    bool readonly;   /* no writer, the file must exist */
    bool beside;     /* opened in the writer's thread: ask store_opened before anything else */
    bool hasty;      /* commits survive the process, not the power (benchmarks) */
    bool past;       /* readonly, and as it was after the commit `upto`; 0: before the first */
    int64_t upto;
    int log_pages;   /* the log is copied into the database at so many pages; 0: 4000 */
    const char *vfs; /* NULL = the system's; tests pass one that fails */
    const struct store_file *files;
    size_t count;
    struct uv_loop_s *loop; /* may be NULL when readonly */
};

/* Opens (and creates or migrates) the database. ERR_STORE_NEWER, ERR_OWNED (another process writes
 * it), ERR_STORE_BUSY, ERR_STORE_FULL, ERR_STORE_READONLY, ERR_STORE_CORRUPT, ERR_STORE,
 * ERR_MEMORY; ERR_NOT_FOUND for a moment that has not come. */
int store_open(const struct store_options *options, struct store **out, struct err *err) MUST_CHECK;

/* For options.beside: waits until it is open; 0 or what store_open would have answered. A new
 * database, and the head of its log, are made durable meanwhile, not with the first commit. */
int store_opened(struct store *store, struct err *err) MUST_CHECK;

/* Makes durable what was committed, calls the `done`s still owed, closes. Streams are closed. */
void store_close(struct store *store);

/* ---- writing ---- */

/* A handle on the stream (run, turn); actor and role go into its events (role may be NULL).
 * ERR_USAGE for a malformed id, ERR_MEMORY, ERR_STORE_*. */
int store_stream_open(struct store *store, const char *run, const char *turn, const char *actor,
                      const char *role, struct store_stream **out, struct err *err) MUST_CHECK;
void store_stream_close(struct store_stream *stream);

/* The number of the last event handed to a transaction of this stream, and its step. */
int64_t store_stream_n(const struct store_stream *stream);
int64_t store_stream_step(const struct store_stream *stream);

/* How long commits took, from store_commit to `done`, since the store was opened: how many up to
 * each bound of store_latency_bounds (the last one counts all), and how many wait now. */
#define STORE_LATENCY_BOUNDS 8
extern const double store_latency_bounds[STORE_LATENCY_BOUNDS]; /* seconds; the last is infinite */
struct store_latency {
    uint64_t upto[STORE_LATENCY_BOUNDS];
    double seconds;
    size_t waiting;
};
struct store_latency store_latency(const struct store *store);

/* Where its file is; borrowed until it is closed. */
const char *store_path(const struct store *store);

/* True for a store that was opened for writing and is not closed. */
bool store_writes(const struct store *store);

/* Begins a transaction, or NULL (memory, or the store is read-only). Owned by the caller until
 * store_commit or store_abandon. Of one stream, one transaction is filled at a time. */
struct store_tx *store_begin(struct store_stream *stream);

struct store_event {
    const char *kind; /* a section of projections.sql */
    const char *card; /* may be NULL */
    int64_t step;     /* negative: the stream's current step */
};

/* The buffer to append an event's canonical body to; store_event takes what was appended. */
struct buf *store_body(struct store_tx *tx);

/* Adds an event with the appended body; *n is its number in the stream. ERR_USAGE (unknown kind,
 * bad id, no body), ERR_LIMIT, ERR_MEMORY; the transaction is then as before. */
int store_event(struct store_tx *tx, const struct store_event *event, int64_t *n,
                struct err *err) MUST_CHECK;

/* Adds bytes under their hash. ERR_LIMIT, ERR_MEMORY. */
int store_put_blob(struct store_tx *tx, const void *bytes, size_t len, struct hash *out,
                   struct err *err) MUST_CHECK;

/* Adds a message after `parent` (NULL begins a conversation); *out: the conversation with it. */
int store_put_message(struct store_tx *tx, const struct hash *parent, const void *bytes, size_t len,
                      struct hash *out, struct err *err) MUST_CHECK;

/* code 0: durable, first_seq is the commit number of its first event (0 without events). Negative:
 * nothing of it happened; ERR_STALE = a compare-and-swap failed, or an earlier transaction of the
 * same stream did. A transaction begun after `done` starts from what is really there.
 *
 * A failure of the environment (err_is_environment: ERR_STORE_FULL, ERR_IO …) leaves the store as
 * it was: the caller may try again with the same events, which get the same numbers. What was
 * queued behind it in its stream fails with the same code, in order,
 * also when there is room by then. */
typedef void store_done(void *ctx, int64_t first_seq, const struct err *err);

/* Queues the transaction and takes it over; `done` is called exactly once, from the loop. */
void store_commit(struct store_tx *tx, store_done *done, void *ctx);
void store_abandon(struct store_tx *tx);
/* How much is in it now, and back to that: what was put in since is forgotten. */
size_t store_mark(const struct store_tx *tx);
void store_rollback(struct store_tx *tx, size_t mark);

/* A commit that the machine refuses (no space, an I/O error, no memory) is tried again for `ms`
 * before its transactions fail, or until store_give_up; by default they fail at once. `stuck` is
 * called from the loop with the reason when one begins to wait, and with NULL when that is over:
 * whether it was taken. */
typedef void store_stuck_fn(void *ctx, const struct err *why, bool took);
void store_be_patient(struct store *store, uint64_t ms, store_stuck_fn *stuck, void *ctx);
void store_give_up(struct store *store);

/* A committed event as subscribers see it; borrowed until the callback returns. */
struct store_seen {
    int64_t seq, step, n;
    const char *run, *turn, *kind, *card, *actor, *role, *at, *body;
    size_t body_len;
};

/* Called for each committed event, in commit order, before the `done` of its transaction, and with
 * NULL after the last event of each transaction. One subscriber; the binding fans out. */
typedef void store_seen_fn(void *ctx, const struct store_seen *event);
void store_subscribe(struct store *store, store_seen_fn *fn, void *ctx);

#endif
