/* store_int.h: what the files of the store share among themselves; nobody else includes it.
 *
 * store.c          opens, closes, owns everything
 * store_db.c       one SQLite connection: settings, migrations, errors, our SQL function
 * store_sql.c      named sections of a .sql text
 * store_project.c  events -> projections
 * store_stream.c   the loop's side of writing: streams
 * store_tx.c       ... and transactions
 * store_queue.c    the hand-over between the loop and the writer's thread
 * store_write.c    the writer's side: a batch of transactions -> one commit
 * store_item.c     one event, blob or message -> its rows
 * store_read.c     queries, blobs, conversations, heads
 * store_check.c    verification and rebuild
 * store_compare.c  two databases, row by row
 */
#ifndef IO_STORE_INT_H
#define IO_STORE_INT_H

#include <sqlite3.h>
#include <uv.h>

#include "base/json.h"
#include "io/lock.h"
#include "io/store.h"
#include "io/store_read.h"

/* ---- store_sql.c ---- */

struct sql_section {
    const char *text;
    size_t len;
    char name[48];
};
struct sql_sections {
    struct sql_section *items; /* sorted by name */
    size_t count;
};
/* Splits the file `name` at its lines "-- MARK: section". ERR_BUG (missing file, twice the same
 * section), ERR_MEMORY. */
int sql_split(struct sql_sections *sections, const struct store_options *options, const char *name,
              const char *mark, struct err *err);
/* The index of a section, or -1. */
int sql_find(const struct sql_sections *sections, const char *name);
void sql_clear(struct sql_sections *sections);

/* ---- store_db.c ---- */

/* A connection with our settings; path "" is a temporary database. */
int db_open(const struct store_options *options, const char *path, bool readonly, sqlite3 **out,
            struct err *err);
int db_migrate(sqlite3 *db, const struct store_options *options, struct err *err);
/* 0, or why this database cannot be used as it is (not ours, newer, not migrated yet). */
int db_check_version(sqlite3 *db, const struct store_options *options, struct err *err);
int db_prepare(sqlite3 *db, const char *sql, size_t len, sqlite3_stmt **out, const char **tail,
               struct err *err);
int db_exec(sqlite3 *db, const char *sql, struct err *err);
/* Fills err from the connection's last error rc; answers the code. */
int db_fail(sqlite3 *db, int rc, struct err *err);
/* Binds a turn: as an integer when it reads as one. */
int db_bind_turn(sqlite3_stmt *stmt, int index, const char *turn);

/* ---- store_project.c ---- */

struct projector {
    sqlite3 *db; /* borrowed */
    const struct sql_sections *kinds;
    struct project_kind *prepared; /* one per section, filled at first use */
    struct json_doc doc;
    struct buf text;
};
int projector_open(struct projector *projector, sqlite3 *db, const struct sql_sections *kinds);
void projector_close(struct projector *projector);
/* Runs the statements of the kind. *touched becomes true once one of them was run with success. */
int project(struct projector *projector, int kind, const struct store_seen *event, bool *touched,
            struct err *err);

/* ---- store_stream.c ---- */

/* One stream's chain; shared by its handles and queued transactions. */
struct chain {
    struct chain *next; /* in its bucket */
    struct store *store;
    char *run, *turn;
    unsigned refs;
    bool shared; /* turn 0: has many writers, whose transactions stand alone */
    /* the loop's side */
    int64_t n, step;
    uint32_t epoch; /* counts failed transactions that were noticed */
    /* the writer's side */
    struct chain_head {
        int64_t id, n, seq; /* id 0: the stream has no row yet */
        struct hash hash;
        int64_t message_id; /* the message written last, 0 = none yet */
        struct hash message;
        bool changed; /* its row is not yet what it should be */
    } head, mark;
    uint32_t broken; /* transactions of an epoch below this one fail */
};

struct store_stream {
    struct chain *chain;
    char *actor, *role;
};
/* ERR_USAGE unless text is an id; `what` names it in the error. */
int check_id(const char *what, const char *text, struct err *err);
void chain_release(struct chain *chain);

/* ---- store_tx.c ---- */

enum item_type { ITEM_EVENT, ITEM_BLOB, ITEM_MESSAGE };

struct item {
    uint8_t type;
    bool has_parent;
    int kind;                /* index of the section */
    size_t at, len;          /* body or bytes, in tx->data */
    size_t card, time;       /* offsets of texts; card 0 = none */
    int64_t step, ms, n, seq; /* n, seq: set by the writer */
    struct hash hash; /* blob: its hash; message: its name */
    struct hash parent, blob; /* message */
};

struct store_tx {
    struct store_tx *next;
    struct chain *chain;
    struct buf data;  /* texts; offset 0 is a NUL */
    struct buf items; /* struct item */
    size_t actor, role, body;
    int64_t events, step;
    uint32_t epoch;
    int64_t first_seq;
    int64_t n_after; /* what the stream's number really is, after a failure */
    int code;
    struct err *err; /* owned, only after a failure (NULL when memory was short) */
    store_done *done;
    void *ctx;
};

static inline struct item *tx_items(const struct store_tx *tx)
{
    return (struct item *)(void *)tx->items.data;
}
static inline size_t tx_count(const struct store_tx *tx)
{
    return tx->items.len / sizeof(struct item);
}
void tx_free(struct store_tx *tx);
/* Fills *seen from an event item of a transaction (pointers into it). */
void tx_seen(const struct store *store, const struct store_tx *tx, const struct item *item,
             struct store_seen *seen);
/* Calls `done` and lets go of the transaction. */
void tx_finish(struct store_tx *tx);

/* ---- store_write.c ---- */

enum write {
    BEGIN, COMMIT, ROLLBACK, SAVE, RELEASE, UNDO, ADD_STREAM, SET_STREAM, ADD_EVENT, FIND_BLOB,
    FIND_MESSAGE, ADD_BLOB, ADD_MESSAGE, ADD_NAME, SORT_NAMES, DROP_NAMES, WRITE_COUNT
};

struct writer {
    sqlite3 *db;
    const struct store *store;
    struct projector projector;
    sqlite3_stmt *stmts[WRITE_COUNT];
    struct counters {
        int64_t seq;           /* of the next event */
        int64_t recent, named; /* rows of name_recent; about all names */
    } now;
    int wal_pages;
};
int writer_open(struct writer *writer, const struct store *store, struct err *err);
void writer_close(struct writer *writer);
/* Makes the list durable in one commit; fills code, err, first_seq of each. */
void writer_apply(struct writer *writer, struct store_tx *list);
/* Copies the write-ahead log into the database when it has grown. */
void writer_checkpoint(struct writer *writer);
/* Runs one of the statements, which answers no row. */
int writer_step(struct writer *writer, enum write which, struct err *err);

/* ---- store_item.c ---- */

/* *touched becomes true as soon as something was changed. */
int write_item(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
               struct err *err);
/* Brings the stream's row up to date, once per commit. */
int write_head(struct writer *writer, struct chain *chain, struct err *err);
struct hash event_hash(const struct hash *before, const struct store_seen *event);
/* What the name tables are sorted by. */
int64_t hash_key(const struct hash *hash);

/* ---- store_queue.c ---- */

struct tx_list {
    struct store_tx *first, **last;
};
struct queue {
    uv_mutex_t mutex;
    uv_cond_t cond;
    uv_thread_t thread;
    uv_async_t async;
    uv_prepare_t prepare;
    bool running, stop;
    struct tx_list pending; /* loop: this turn of the loop */
    struct tx_list waiting; /* mutex */
    struct tx_list applied; /* mutex */
    struct tx_list ready;   /* loop: `done` not yet called */
    size_t in_flight;
    int handles; /* uv handles not closed yet */
};
int queue_open(struct store *store, struct err *err);
void queue_push(struct store *store, struct store_tx *tx);
/* Finishes all that was pushed and ends the thread. */
void queue_stop(struct store *store);
/* Releases the store once the loop let go of the handles. */
void queue_close(struct store *store);

/* ---- store_read.c ---- */

int reader_open(struct store *store, struct err *err);
void reader_close(struct store *store);
/* n, step and hash of a stream as committed; zeroes when there is none. */
int reader_chain(struct store *store, struct chain *chain, struct err *err);

/* ---- store_compare.c ---- */

/* The report of a check: an array of problems under construction. */
struct report {
    struct json_doc doc;
    struct json_builder out;
    int64_t problems, rows;
};
/* Begins a problem with two texts (NULL = left out); false when enough were reported. */
bool report_begin(struct report *report, const char *what, const char *where);
void report_text(struct report *report, const char *key, const char *text);
void report_end(struct report *report);
/* Runs the query on both; the first row that differs becomes a problem of `table`. */
int compare_query(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, const char *table,
                  const char *sql, struct err *err);
/* All projections, each ordered by its primary key. */
int compare_projections(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, struct err *err);

/* ---- store.c ---- */

#define CHAIN_BUCKETS 1024

struct store {
    struct store_options options; /* path and vfs owned */
    size_t refs;                  /* the opener and every chain */
    struct sql_sections kinds, queries;
    struct lock lock;
    struct writer writer;
    struct queue queue;
    sqlite3 *reader;
    struct store_query *prepared; /* one per section of queries */
    sqlite3_stmt *reads[4];       /* statements of store_read.c itself */
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
