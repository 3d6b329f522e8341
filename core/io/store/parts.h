/* parts.h: the parts of an open store. Of this folder:
 *
 *   store.c read.c gc.c   opens, closes, owns everything; reads; removes what dropped runs left
 *   sql/       the tables of the truth, the projections of each kind of event, the queries
 *   db/        below: SQL texts, a connection, what lies in its file                    (db.h)
 *   write/     the loop's side of writing                                               (tx.h)
 *              the hand-over, and commits that the machine refuses (queue.c patience.c)
 *              the writer's side                                                     (write.h)
 *              the head of a run, now and as it was                                   (head.h)
 *   project/   events into projections, by the writer and again                      (rebuild.h)
 *   snapshot/  projections up to a moment                                            (rebuild.h)
 *   check/     verification                                                           (report.h)
 *   export/ backup/   a run in one file, a database in another place
 */
#ifndef IO_STORE_PARTS_H
#define IO_STORE_PARTS_H

#include <uv.h>

#include "io/fs/lock.h"
#include "io/store/project/rebuild.h"
#include "io/store/write/write.h"
#include "io/store_read.h"

/* ---- queue.c ---- */

struct tx_list {
    struct store_tx *first, **last;
};
/* ---- patience.c ---- */

struct patience {
    uint64_t ms;    /* mutex: for so long a commit is tried again; 0: it fails at once */
    uint64_t since; /* writer: its first attempt; 0: none has failed */
    bool given_up;  /* mutex */
    bool took;      /* mutex: the last one that waited came through */
    struct err why; /* mutex: of the last attempt; code 0: commits succeed */
    bool reported;  /* loop: that one did not */
    store_stuck_fn *stuck;
    void *ctx;
};
struct queue {
    struct patience patience;
    uv_mutex_t mutex;
    uv_cond_t cond;
    uv_thread_t thread;
    uv_async_t async;
    uv_prepare_t prepare;
    bool running, stop;
    bool opened; /* mutex: the thread has opened the store, or failed to */
    struct err failed;
    struct tx_list pending; /* loop: this turn of the loop */
    struct tx_list waiting; /* mutex */
    struct tx_list applied; /* mutex */
    struct tx_list ready;   /* loop: `done` not yet called */
    size_t in_flight;
    struct store_latency latency; /* loop */
    int handles; /* uv handles not closed yet */
};
/* Begins the writer's thread, which opens the store first. */
int queue_open(struct store *store, struct err *err);
/* Waits until it is open; then the loop has its handles. 0, or why it is not. */
int queue_wait(struct store *store, struct err *err);
void queue_push(struct store *store, struct store_tx *tx);
/* Hands over what was pushed and lets go of the reader's snapshot before the loop waits. */
void queue_before_wait(struct store *store);
/* Finishes all that was pushed and ends the thread. */
void queue_stop(struct store *store);
/* Releases the store once the loop let go of the handles. */
void queue_close(struct store *store);
/* Writer: after a commit that failed; true when it is to be tried again, some time later. */
bool patience_wait(struct queue *queue, const struct err *why);
/* Writer: a commit has come to its end. */
void patience_over(struct queue *queue, bool took);
/* Loop: reports a commit that waits, and that it goes on. */
void patience_report(struct queue *queue);

/* ---- read.c ---- */

int reader_open(struct store *store, struct err *err);
void reader_close(struct store *store);
/* Ends the snapshot: the next read sees the newest commit. */
void reader_let_go(struct store *store);
/* n, step and hash of a stream as committed; zeroes when there is none. */
int reader_chain(struct store *store, struct chain *chain, struct err *err);

/* ---- store.c ---- */

/* Both connections, in the writer's thread. */
int store_connect(struct store *store, struct err *err);

#define CHAIN_BUCKETS 1024

struct store {
    struct store_options options; /* path and vfs owned */
    size_t refs;                  /* the opener and every chain */
    struct sql_sections kinds, queries;
    int ending; /* the kind of event that ends a run */
    struct lock lock;
    struct writer writer;
    struct queue queue;
    sqlite3 *reader;
    struct snapshot snapshot;     /* of a store as of a moment */
    struct store_query *prepared; /* one per section of queries */
    sqlite3_stmt *reads[8];       /* statements of read.c itself */
    bool held;                    /* the reader is in a snapshot */
    struct chain *chains[CHAIN_BUCKETS];
    struct store_tx *spare; /* transactions kept for their memory */
    size_t spares;
    store_seen_fn *seen;
    void *seen_ctx;
    time_t second; /* cache of the formatted time */
    char second_text[24];
};
void store_release(struct store *store);

#endif
