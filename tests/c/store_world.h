/* store_world.h: a scratch store for unit tests: a directory of its own, a loop, helpers that write
 * and wait; and a VFS over the system's that counts syncs and fails when told to. */
#ifndef TESTS_STORE_WORLD_H
#define TESTS_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

#include "base/hash.h"
#include "bind/embed.h"
#include "io/store.h"
#include "io/store_read.h"

struct world {
    char dir[64], path[96];
    uv_loop_t loop;
    struct store *store;
    struct store_stream *board;
};

static inline struct store_options world_options(struct world *w)
{
    return (struct store_options){.path = w->path, .loop = &w->loop, .count = embed_count,
                                  .files = (const struct store_file *)embed_files};
}

static inline void world_dir(struct world *w)
{
    *w = (struct world){.dir = "/tmp/orket-store-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%s/orket.db", w->dir);
}

static inline void world_open(struct world *w, const char *vfs)
{
    struct err err = {0};
    struct store_options options = world_options(w);
    options.vfs = vfs;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    if (store_open(&options, &w->store, &err))
        fail_msg("%s", err.text);
    assert_int_equal(store_stream_open(w->store, "board", "0", "tester", NULL, &w->board, &err), 0);
}

static inline void world_close(struct world *w)
{
    store_stream_close(w->board);
    store_close(w->store);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
}

static inline void world_remove(struct world *w)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-owner", "-journal"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", w->path, tails[i]);
        unlink(name);
    }
    static const char *const keys[] = {"key", "key.pub", "highwater"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/%s", w->dir, keys[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(w->dir), 0);
}

/* What became of a transaction: code 0 and seq, or the code of its failure; 1 = not yet. */
struct outcome {
    int code;
    int64_t seq;
    struct err err;
};

static inline void on_outcome(void *ctx, int64_t seq, const struct err *err)
{
    struct outcome *outcome = ctx;
    assert_int_equal(outcome->code, 1); // called once
    outcome->code = err ? err->code : 0;
    outcome->seq = seq;
    if (err)
        outcome->err = *err;
}

static inline void add(struct store_tx *tx, const char *kind, const char *card, const char *body)
{
    struct err err = {0};
    struct store_event event = {.kind = kind, .card = card, .step = -1};
    buf_puts(store_body(tx), body);
    if (store_event(tx, &event, NULL, &err))
        fail_msg("%s: %s", kind, err.text);
}

static inline void commit(struct store_tx *tx, struct outcome *outcome)
{
    *outcome = (struct outcome){.code = 1};
    store_commit(tx, on_outcome, outcome);
}

/* One event, waited for. */
static inline int write_one(struct world *w, struct store_stream *stream, const char *kind,
                            const char *card, const char *body)
{
    struct outcome outcome;
    struct store_tx *tx = store_begin(stream);
    assert_non_null(tx);
    add(tx, kind, card, body);
    commit(tx, &outcome);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_true(outcome.code <= 0);
    return outcome.code;
}

static inline void make_card(struct world *w, const char *id)
{
    char body[128];
    snprintf(body, sizeof body, "{\"name\":\"card %s\",\"type\":\"issue\"}", id);
    assert_int_equal(write_one(w, w->board, "card.created", id, body), 0);
}

/* The first column of the first row as an integer; -1 without a row. */
static inline int64_t count(struct world *w, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    int64_t value = -1;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

/* The hash that the query answers. */
static inline struct hash stored_hash(struct world *w, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    struct hash hash = {{0}};
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_bytes(stmt, 0), HASH_SIZE);
    memcpy(hash.bytes, sqlite3_column_blob(stmt, 0), HASH_SIZE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return hash;
}

static inline void sql(struct world *w, const char *text)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &message))
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

/* Checks the closed store; answers whether it is sound, and the report. */
static inline bool check_world(struct world *w, struct buf *report)
{
    struct store_options options = world_options(w);
    struct err err = {0};
    struct buf own = {0};
    bool sound;
    options.readonly = true;
    if (store_check(&options, report ? report : &own, &sound, &err))
        fail_msg("%s", err.text);
    if (!report && !sound)
        print_message("%s\n", own.data);
    buf_clear(&own);
    return sound;
}

/* ---- the faulty VFS ---- */

static atomic_int faulty_syncs;       /* of log files, since it was set to 0 */
static atomic_int faulty_write_error; /* SQLite code that writes answer, 0 = none */
static atomic_int faulty_sync_error;
static atomic_int faulty_sync_once;   /* the next one */

struct faulty_file {
    sqlite3_file base;
    sqlite3_io_methods methods;
    const sqlite3_io_methods *below;
    bool log;
};

static inline int faulty_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    struct faulty_file *f = (struct faulty_file *)((char *)file + 4096);
    if (faulty_write_error)
        return faulty_write_error;
    return f->below->xWrite(file, bytes, len, at);
}

static inline int faulty_sync(sqlite3_file *file, int flags)
{
    struct faulty_file *f = (struct faulty_file *)((char *)file + 4096);
    faulty_syncs += f->log;
    int once = atomic_exchange(&faulty_sync_once, 0);
    if (once || faulty_sync_error)
        return once ? once : faulty_sync_error;
    return f->below->xSync(file, flags);
}

/* The system's file comes first in the memory, ours 4096 bytes later;
 * only the method table is ours. */
static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                              int *out)
{
    sqlite3_vfs *below = vfs->pAppData;
    struct faulty_file *f = (struct faulty_file *)((char *)file + 4096);
    int rc = below->xOpen(below, name, file, flags, out);
    if (rc || !file->pMethods)
        return rc;
    f->below = file->pMethods;
    f->methods = *file->pMethods;
    f->methods.xWrite = faulty_write;
    f->methods.xSync = faulty_sync;
    f->log = flags & SQLITE_OPEN_WAL;
    file->pMethods = &f->methods;
    return SQLITE_OK;
}

static inline const char *faulty_vfs(void)
{
    static sqlite3_vfs vfs;
    if (!vfs.zName) {
        sqlite3_vfs *below = sqlite3_vfs_find(NULL);
        assert_true(below->szOsFile <= 4096);
        vfs = *below;
        vfs.szOsFile = 4096 + (int)sizeof(struct faulty_file);
        vfs.zName = "faulty";
        vfs.pAppData = below;
        vfs.xOpen = faulty_open;
        vfs.pNext = NULL;
        sqlite3_vfs_register(&vfs, 0);
    }
    faulty_syncs = faulty_write_error = faulty_sync_error = faulty_sync_once = 0;
    return "faulty";
}

#endif
