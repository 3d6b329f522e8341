/* gc.c: what dropped runs leave behind, out of the file (io/store_gc.h). First what is live is
 * found in one go, into temporary tables; then what is not goes, a few hundred rows to a commit.
 * Nobody else writes meanwhile, so what was found stays true. */
#include "io/store_gc.h"

#include <string.h>

#include "io/store/parts.h"

#define BATCH "500"
#define SMALL ((int64_t)64 << 20) /* a file of less is written anew whenever something went */
#define WORTH 8                   /* a larger one when this part of it did */

/* What the board does not follow from. A turn's own end repeats the sums of its replies and failed
 * attempts; of a turn that did not come to one they stay. */
#define DROPPED                                                                                    \
    "(e.kind IN ('turn.prompted', 'turn.nudged', 'turn.failed', 'call.allowed', 'call.refused', "  \
    "'operation.refused', 'call.result', 'window.compacted') OR "                                  \
    "e.kind IN ('step.reply', 'step.failed', 'memory.ranked', 'window.summarised') AND EXISTS "    \
    "(SELECT 1 FROM stream s JOIN event last ON last.seq = s.seq WHERE s.id = e.stream AND "       \
    "last.kind = 'turn.ended' AND last.body ->> '$.steps' IS NOT NULL AND "                        \
    "last.body ->> '$.tokens_in' IS NOT NULL AND last.body ->> '$.tokens_out' IS NOT NULL AND "    \
    "last.body ->> '$.calls' IS NOT NULL))"

struct gc {
    struct store *store;
    sqlite3 *db;
    sqlite3_stmt *add_live, *drop_name;
    struct err *err;
};

/* ---- what is live ---- */

static int each_row(struct gc *gc, const char *sql, int (*fn)(struct gc *gc, sqlite3_stmt *row))
{
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE, rc = db_prepare(gc->db, sql, strlen(sql), &stmt, NULL, gc->err);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = fn(gc, stmt);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(gc->db, step, gc->err);
    sqlite3_finalize(stmt);
    return rc;
}

static int add_live(struct gc *gc, const struct hash *hash)
{
    sqlite3_bind_blob(gc->add_live, 1, hash->bytes, HASH_SIZE, SQLITE_STATIC);
    int step = sqlite3_step(gc->add_live);
    sqlite3_reset(gc->add_live);
    return step == SQLITE_DONE ? 0 : db_fail(gc->db, step, gc->err);
}

/* Whatever reads as a hash in the text is taken for one: too much stays rather than too little. */
static int add_hashes(struct gc *gc, sqlite3_stmt *row)
{
    static const char digits[] = "0123456789abcdef";
    const char *text = (const char *)sqlite3_column_text(row, 0);
    struct hash hash;
    int rc = 0;
    while (!rc && text && *text) {
        size_t len = strspn(text, digits);
        for (size_t at = 0; !rc && at + HASH_HEX <= len; at++)
            if (hash_from_hex(text + at, HASH_HEX, &hash))
                rc = add_live(gc, &hash);
        text += len;
        text += strcspn(text, digits);
    }
    return rc;
}

static int find_live(struct gc *gc)
{
    static const char *const texts[] = {
        "SELECT body FROM event WHERE kind <> 'scripts.loaded' AND stream NOT IN (SELECT id FROM "
        "gone)",
        "SELECT hash_digits(blob) || ' ' || coalesce(hash_digits(base), '') FROM tree_file WHERE "
        "to_seq IS NULL AND blob IS NOT NULL",
        "SELECT hash_digits(base) FROM tree_file WHERE to_seq IS NULL AND blob IS NULL",
        "SELECT files FROM generation WHERE id IN ("
        "  SELECT generation FROM run WHERE id NOT IN (SELECT run FROM gone) UNION"
        "  SELECT generation FROM turn WHERE run NOT IN (SELECT run FROM gone) UNION"
        "  SELECT body ->> '$.generation' FROM event WHERE seq ="
        "    (SELECT max(seq) FROM event WHERE kind = 'scripts.loaded') UNION"
        "  SELECT generation FROM serving WHERE seq = (SELECT max(seq) FROM serving) UNION"
        "  SELECT generation FROM serving WHERE seq ="
        "    (SELECT max(seq) FROM serving WHERE kind = 'loaded'))",
    };
    int rc = 0;
    for (size_t i = 0; !rc && i < COUNT_OF(texts); i++)
        rc = each_row(gc, texts[i], add_hashes);
    return rc;
}

static int add_gone(struct gc *gc, const char *run)
{
    static const char sql[] = "INSERT OR IGNORE INTO gone SELECT id, run FROM stream WHERE run = ?";
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(gc->db, sql, sizeof sql - 1, &stmt, NULL, gc->err);
    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, run, -1, SQLITE_STATIC);
    int step = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return step == SQLITE_DONE ? 0 : db_fail(gc->db, step, gc->err);
}

static int find_gone(struct gc *gc, const char *const *runs, size_t count)
{
    int rc = db_exec(gc->db,
                     "PRAGMA temp_store = FILE;" // VACUUM makes a copy of everything
                     "CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY, run TEXT NOT NULL);"
                     "CREATE TEMP TABLE live (hash BLOB PRIMARY KEY) WITHOUT ROWID;"
                     "INSERT INTO gone SELECT id, run FROM stream WHERE run IN "
                     "(SELECT body ->> '$.run' FROM event WHERE kind = 'run.dropped')",
                     gc->err);
    for (size_t i = 0; !rc && i < count; i++)
        rc = add_gone(gc, runs[i]);
    return rc;
}

/* How long a row's bytes are, with its chunks. */
#define LENGTH(table)                                                                              \
    "length(bytes) + coalesce((WITH RECURSIVE p (id, more, len) AS ("                              \
    "SELECT id, more, length(bytes) FROM piece WHERE id = " table ".more "                         \
    "UNION ALL SELECT q.id, q.more, length(q.bytes) FROM p JOIN piece q ON q.id = p.id + 1 "       \
    "WHERE p.more) SELECT sum(len) FROM p), 0)"

/* The chunks of a batch go with their rows. */
#define DROP_CHUNKS(table, old)                                                                    \
    "DELETE FROM piece WHERE id IN (WITH RECURSIVE p (id) AS (SELECT more FROM " table             \
    " WHERE more IS NOT NULL AND id IN (SELECT id FROM " old " ORDER BY rowid LIMIT " BATCH        \
    ") UNION ALL SELECT p.id + 1 FROM p JOIN piece q ON q.id = p.id WHERE q.more) "                \
    "SELECT id FROM p);"

/* What goes, each list in the order in which it goes: a message before its parent. */
static int find_rest(struct gc *gc)
{
    return db_exec(
        gc->db,
        "CREATE TEMP TABLE old_event AS SELECT e.seq AS id, length(e.body) AS bytes FROM event e "
        "WHERE e.stream IN (SELECT id FROM gone) AND " DROPPED ";"
        "CREATE TEMP TABLE old_blob AS SELECT id, hash, " LENGTH("blob") " AS bytes FROM blob "
        "WHERE hash NOT IN (SELECT hash FROM live);"
        "CREATE TEMP TABLE live_message (id INTEGER PRIMARY KEY);"
        "INSERT INTO live_message "
        "WITH RECURSIVE up (id) AS (SELECT id FROM message WHERE hash IN (SELECT hash FROM live) "
        "UNION SELECT m.parent FROM up JOIN message m ON m.id = up.id WHERE m.parent IS NOT NULL) "
        "SELECT id FROM up;"
        "CREATE TEMP TABLE old_message AS SELECT id, hash, " LENGTH("message") " AS bytes "
        "FROM message WHERE id NOT IN (SELECT id FROM live_message) ORDER BY id DESC",
        gc->err);
}

/* ---- what goes ---- */

static int drop_name(struct gc *gc, sqlite3_stmt *row)
{
    struct hash hash = {{0}};
    if (sqlite3_column_bytes(row, 0) == HASH_SIZE)
        memcpy(hash.bytes, sqlite3_column_blob(row, 0), HASH_SIZE);
    static const char *const texts[] = {"DELETE FROM name WHERE key = ?1 AND id = ?2",
                                        "DELETE FROM name_recent WHERE key = ?1 AND id = ?2"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int rc = db_prepare(gc->db, texts[i], strlen(texts[i]), &gc->drop_name, NULL, gc->err);
        if (rc)
            return rc;
        sqlite3_bind_int64(gc->drop_name, 1, hash_key(&hash));
        sqlite3_bind_int64(gc->drop_name, 2, sqlite3_column_int64(row, 1));
        int step = sqlite3_step(gc->drop_name);
        sqlite3_finalize(gc->drop_name);
        if (step != SQLITE_DONE)
            return db_fail(gc->db, step, gc->err);
    }
    return 0;
}

/* One batch: the names of its rows, the rows, and the rows of the list. */
static int drop_batch(struct gc *gc, const char *names, const char *rows)
{
    int rc = db_exec(gc->db, "BEGIN IMMEDIATE", gc->err);
    if (!rc && names)
        rc = each_row(gc, names, drop_name);
    rc = rc ? rc : db_exec(gc->db, rows, gc->err);
    rc = rc ? rc : db_exec(gc->db, "COMMIT", gc->err);
    if (rc && !sqlite3_get_autocommit(gc->db))
        sqlite3_exec(gc->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int left(struct gc *gc, const char *sql, int64_t *value)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(gc->db, sql, strlen(sql), &stmt, NULL, gc->err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    *value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return step == SQLITE_ROW ? 0 : db_fail(gc->db, step, gc->err);
}

/* The commits go through the log; it is copied after each, so that it stays as long as one. */
static int drop_all(struct gc *gc, const char *count, const char *names, const char *rows)
{
    int64_t n = 0;
    int rc = left(gc, count, &n);
    while (!rc && n > 0) {
        rc = drop_batch(gc, names, rows);
        sqlite3_wal_checkpoint_v2(gc->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        rc = rc ? rc : left(gc, count, &n);
    }
    return rc;
}

static int drop(struct gc *gc)
{
    int rc = drop_all(
        gc, "SELECT count(*) FROM old_event", NULL,
        "INSERT OR IGNORE INTO kind (name) VALUES ('dropped');"
        "UPDATE entry SET kind = (SELECT id FROM kind WHERE name = 'dropped'), card = NULL, role = "
        "NULL, names = NULL, body = '{}' "
        "WHERE seq IN (SELECT id FROM old_event ORDER BY rowid LIMIT " BATCH ");"
        "DELETE FROM old_event WHERE rowid IN (SELECT rowid FROM old_event "
        "ORDER BY rowid LIMIT " BATCH ")");
    rc = rc ? rc
            : drop_all(gc, "SELECT count(*) FROM old_message",
                       "SELECT hash, -id FROM old_message ORDER BY rowid LIMIT " BATCH,
                       DROP_CHUNKS("message", "old_message")
                       "DELETE FROM message WHERE id IN (SELECT id FROM old_message ORDER BY rowid "
                       "LIMIT " BATCH ");"
                       "DELETE FROM old_message WHERE rowid IN (SELECT rowid FROM old_message "
                       "ORDER BY rowid LIMIT " BATCH ")");
    return rc ? rc
              : drop_all(gc, "SELECT count(*) FROM old_blob",
                         "SELECT hash, id FROM old_blob ORDER BY rowid LIMIT " BATCH,
                         DROP_CHUNKS("blob", "old_blob")
                         "DELETE FROM blob WHERE id IN (SELECT id FROM old_blob ORDER BY rowid "
                         "LIMIT " BATCH ");"
                         "DELETE FROM old_blob WHERE rowid IN (SELECT rowid FROM old_blob ORDER "
                         "BY rowid LIMIT " BATCH ")");
}

static int count(struct gc *gc, struct store_gc_result *out)
{
    int rc = left(gc, "SELECT count(*) FROM old_event", &out->events);
    rc = rc ? rc : left(gc, "SELECT count(*) FROM old_blob", &out->blobs);
    rc = rc ? rc : left(gc, "SELECT count(*) FROM old_message", &out->messages);
    return rc ? rc
              : left(gc,
                     "SELECT coalesce((SELECT sum(bytes) FROM old_event), 0) + coalesce((SELECT "
                     "sum(bytes) FROM old_blob), 0) + coalesce((SELECT sum(bytes) FROM "
                     "old_message), 0)",
                     &out->bytes);
}

static int size(struct gc *gc, int64_t *bytes)
{
    return left(gc, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                bytes);
}

/* Writing the file anew takes as long as it is large: a large one has to be worth it. What is free
 * in it is used by what comes. */
static int is_worth(struct gc *gc, const struct store_gc_result *result, bool *worth)
{
    int64_t empty = 0;
    int rc =
        left(gc, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size",
             &empty);
    int64_t freed = empty > result->bytes ? empty : result->bytes;
    *worth = freed > 0 && (result->before < SMALL || freed >= result->before / WORTH);
    return rc;
}

/* Without room to write it anew it stays as large; all that went has gone. */
static int give_back(struct gc *gc, struct store_gc_result *result)
{
    bool worth = false;
    struct err why = {0};
    int rc = is_worth(gc, result, &worth);
    if (rc || !worth)
        return rc;
    rc = db_exec(gc->db, "VACUUM", &why);
    result->cramped = rc == ERR_STORE_FULL;
    if (rc && !result->cramped && gc->err)
        *gc->err = why;
    sqlite3_wal_checkpoint_v2(gc->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return result->cramped ? 0 : rc;
}

/* Words of rows that were taken out lie in the index until their part of it is written anew. */
static int forget_words(struct gc *gc)
{
    int64_t rows = 0;
    int rc =
        left(gc, "SELECT count(*) FROM (SELECT 1 FROM memory WHERE forgotten IS NOT NULL LIMIT 1)",
             &rows);
    return rc || !rows ? rc
                       : db_exec(gc->db, "INSERT INTO memory_fts (memory_fts) VALUES ('optimize')",
                                 gc->err);
}

static int prepare(struct gc *gc, const char *const *runs, size_t count_runs)
{
    static const char add[] = "INSERT OR IGNORE INTO live VALUES (?)";
    int rc = find_gone(gc, runs, count_runs);
    rc = rc ? rc : db_prepare(gc->db, add, sizeof add - 1, &gc->add_live, NULL, gc->err);
    rc = rc ? rc : find_live(gc);
    sqlite3_finalize(gc->add_live);
    return rc ? rc : find_rest(gc);
}

int store_gc(struct store *store, const char *const *runs, size_t count_runs, bool dry,
             struct store_gc_result *out, struct err *err)
{
    struct gc gc = {.store = store, .err = err};
    *out = (struct store_gc_result){0};
    if (store->options.readonly)
        return err_set(err, ERR_USAGE, "the store is read-only");
    int rc = db_open(&store->options, store->options.path, false, &gc.db, err);
    rc = rc ? rc : size(&gc, &out->before);
    rc = rc ? rc : prepare(&gc, runs, count_runs);
    rc = rc ? rc : count(&gc, out);
    rc = rc || dry ? rc : drop(&gc);
    rc = rc || dry ? rc : forget_words(&gc);
    rc = rc || dry ? rc : give_back(&gc, out);
    rc = rc ? rc : size(&gc, &out->after);
    sqlite3_close(gc.db);
    return rc;
}
