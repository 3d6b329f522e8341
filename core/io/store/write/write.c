/* write.c: the writer's side: a list of transactions becomes one durable commit.
 *
 * First pass without savepoints, because a compare-and-swap that fails is rare and most often is
 * the first statement of its transaction, when nothing has to be undone. Only when one fails later,
 * the whole commit is rolled back and applied again with a savepoint around each transaction.
 */
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "io/store/parts.h"

#ifndef LOG_PAGES
#define LOG_PAGES 4000
#endif
#define READERS_MS 100 /* how long a log that is too long waits for those who read it */
#define RECENT_MIN 4096

static const char *const texts[WRITE_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVE] = "SAVEPOINT tx",
    [RELEASE] = "RELEASE tx",
    [UNDO] = "ROLLBACK TO tx",
    [ADD_STREAM] = "INSERT INTO stream (run, turn, n, seq, card, actor, role) "
                   "VALUES (?, ?, 0, 0, ?, ?, ?)",
    [SET_STREAM] = "UPDATE stream SET n = ?2, seq = ?3 WHERE id = ?1",
    [FIND_KIND] = "SELECT id FROM kind WHERE name = ?",
    [ADD_KIND] = "INSERT INTO kind (name) VALUES (?)",
    [ADD_EVENT] = "INSERT INTO entry (seq, stream, prev, n, step, kind, at, card, actor, role, "
                  "hash, names, body)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [FIND_BLOB] = "SELECT b.id FROM name_recent r JOIN blob b ON b.id = r.id WHERE r.key = ?1 AND "
                  "b.hash = ?2 "
                  "UNION ALL SELECT b.id FROM name r JOIN blob b ON b.id = r.id WHERE r.key = ?1 "
                  "AND b.hash = ?2",
    [FIND_MESSAGE] = "SELECT m.id FROM name_recent r JOIN message m ON m.id = -r.id WHERE r.key = "
                     "?1 AND m.hash = ?2 "
                     "UNION ALL SELECT m.id FROM name r JOIN message m ON m.id = -r.id WHERE r.key "
                     "= ?1 AND m.hash = ?2",
    [ADD_BLOB] = "INSERT INTO blob (hash, bytes, more) VALUES (?, ?, ?)",
    [ADD_MESSAGE] = "INSERT INTO message (hash, parent, bytes, more) VALUES (?, ?, ?, ?)",
    [ADD_CHUNK] = CHUNK_INSERT,
    [ADD_NAME] = "INSERT INTO name_recent (key, id) VALUES (?, ?)",
    [SORT_NAMES] = "INSERT INTO name SELECT key, id FROM name_recent",
    [DROP_NAMES] = "DELETE FROM name_recent",
    [FIND_HEAD] = HEAD_SQL,
    [ADD_HEAD] = ("INSERT OR REPLACE INTO head (run, seq, events, hash, key, signature) "
                  "VALUES (?, ?, ?, ?, ?, ?)"),
};

int writer_step(struct writer *writer, enum write which, struct err *err)
{
    int rc = sqlite3_step(writer->stmts[which]);
    int code = rc == SQLITE_DONE ? 0 : db_fail(writer->db, rc, err);
    sqlite3_reset(writer->stmts[which]);
    return code;
}

/* One that was added may be undone. */
static void forget_kinds(struct writer *writer)
{
    memset(writer->kinds, 0, writer->store->kinds.count * sizeof *writer->kinds);
}

/* ---- one transaction ---- */

/* Codes that concern one transaction; with every other the whole commit is lost. */
static bool is_own(int code)
{
    return code == ERR_STALE || code == ERR_EXISTS || code == ERR_STORE || code == ERR_BUG ||
           code == ERR_LIMIT || code == ERR_JSON || code == ERR_UTF8;
}

/* What was queued behind it in its stream fails too; not in a stream that has many writers. */
static void break_chain(struct store_tx *tx)
{
    struct chain *chain = tx->chain;
    if (chain->shared || chain->broken > tx->epoch)
        return;
    chain->broken = tx->epoch + 1;
    free(chain->why);
    chain->why = tx->err && err_is_environment(tx->code) ? malloc(sizeof *chain->why) : NULL;
    if (chain->why)
        *chain->why = *tx->err;
}

/* Why a transaction behind the one that failed fails: of a failure of the environment the same,
 * which goes away; else the stream is not what its events were made for. */
static void say_broken(const struct store_tx *tx, struct err *err)
{
    const struct chain *chain = tx->chain;
    if (chain->why) {
        *err = *chain->why;
        return;
    }
    err_set(err, ERR_STALE, "an earlier transaction of the stream %s/%s failed", chain->run,
            chain->turn);
    err_fix(err, "begin again from what is recorded");
}

static void fail(struct store_tx *tx, const struct err *err)
{
    tx->code = err->code ? err->code : ERR_BUG;
    tx->first_seq = 0;
    if (!tx->err)
        tx->err = malloc(sizeof *tx->err);
    if (tx->err)
        *tx->err = *err;
    break_chain(tx);
}

static int apply_items(struct writer *writer, struct store_tx *tx, bool *touched, struct err *err)
{
    int rc = 0;
    tx->first_seq = 0;
    struct item *items = tx_items(tx);
    for (size_t i = 0; !rc && i < tx_count(tx); i++)
        rc = write_item(writer, tx, &items[i], touched, err);
    return rc;
}

/* Applies one; 0 also when only this one failed and nothing of it is left. */
static int apply_one(struct writer *writer, struct store_tx *tx, bool save, struct err *err)
{
    struct chain_head before = tx->chain->head;
    struct counters counters = writer->now;
    bool touched = false;
    if (tx->epoch < tx->chain->broken) {
        say_broken(tx, err);
        fail(tx, err);
        return 0;
    }
    int rc = save ? writer_step(writer, SAVE, err) : 0;
    if (rc)
        return rc;
    rc = apply_items(writer, tx, &touched, err);
    if (!rc)
        return save ? writer_step(writer, RELEASE, err) : 0;
    if (!is_own(rc) || (touched && !save))
        return rc;
    fail(tx, err);
    tx->chain->head = before;
    writer->now = counters;
    if (!save)
        return 0;
    forget_kinds(writer);
    rc = writer_step(writer, UNDO, err);
    return rc ? rc : writer_step(writer, RELEASE, err);
}

/* ---- the commit ---- */

static void mark(struct store_tx *list)
{
    for (struct store_tx *tx = list; tx; tx = tx->next) {
        tx->chain->mark = tx->chain->head;
        if (tx->code)
            break_chain(tx);
    }
}

/* Back to where the list began, in the database and in memory. */
static void undo(struct writer *writer, struct store_tx *list, const struct counters *counters)
{
    if (!sqlite3_get_autocommit(writer->db))
        writer_step(writer, ROLLBACK, NULL);
    for (struct store_tx *tx = list; tx; tx = tx->next)
        tx->chain->head = tx->chain->mark;
    writer->now = *counters;
    forget_kinds(writer);
    writer->rooms = (struct chunk_room){.page = writer->rooms.page};
}

/* The new names move to the large table when they are many, or a small part of all. */
static int sort_names(struct writer *writer, struct err *err)
{
    int64_t limit = writer->now.named / 32 > RECENT_MIN ? writer->now.named / 32 : RECENT_MIN;
    if (writer->now.recent < limit)
        return 0;
    int rc = writer_step(writer, SORT_NAMES, err);
    if (!rc)
        rc = writer_step(writer, DROP_NAMES, err);
    writer->now.recent = 0;
    return rc;
}

static int apply_all(struct writer *writer, struct store_tx *list, bool save, struct err *err)
{
    FAULT(store_begin_before);
    int rc = writer_step(writer, BEGIN, err);
    FAULT(store_begin_after);
    for (struct store_tx *tx = list; !rc && tx; tx = tx->next)
        if (tx->code == 0)
            rc = apply_one(writer, tx, save, err);
    for (struct store_tx *tx = list; !rc && tx; tx = tx->next)
        rc = write_head(writer, tx->chain, err);
    for (struct store_tx *tx = list; !rc && tx; tx = tx->next)
        if (tx->ends && tx->code == 0)
            rc = write_signed(writer, tx->chain->run, err);
    if (!rc)
        rc = sort_names(writer, err);
    FAULT(commit_before);
    rc = rc ? rc : writer_step(writer, COMMIT, err);
    FAULT(commit_after);
    return rc;
}

/* How far it came; only where everything up to here was made durable. */
static void keep_mark(struct writer *writer, int64_t size)
{
    struct highwater mark = {writer->now.seq - 1, writer->now.hash, size};
    bool is_new = mark.seq != writer->mark.seq || size != writer->mark.size;
    if (!is_new || mark.seq == 0 || writer->store->options.hasty)
        return;
    writer->mark = mark;
    highwater_write(&writer->store->options, &writer->mark_fd, &mark);
}

/* A commit whose sync failed may be whole in the log, and would be found there after a crash: it
 * was answered as one that did not happen. Another commit, of nothing, takes its place. */
static void disown(struct writer *writer, int code)
{
    if (code == ERR_IO || code == ERR_STORE_FULL)
        db_touch(writer->db, NULL);
}

static void note_heads(struct store_tx *list)
{
    for (struct store_tx *tx = list; tx; tx = tx->next)
        tx->n_after = tx->chain->head.n;
}

int writer_apply(struct writer *writer, struct store_tx *list, struct err *err)
{
    struct counters counters = writer->now;
    mark(list);
    int rc = apply_all(writer, list, false, err);
    if (rc && is_own(rc) && !sqlite3_get_autocommit(writer->db)) {
        undo(writer, list, &counters);
        rc = apply_all(writer, list, true, err);
    }
    if (rc) {
        undo(writer, list, &counters);
        disown(writer, rc);
        return rc;
    }
    keep_mark(writer, writer->mark.size); // before it is acknowledged
    note_heads(list);
    return 0;
}

void writer_fail(struct store_tx *list, const struct err *err)
{
    for (struct store_tx *tx = list; tx; tx = tx->next)
        if (tx->code == 0)
            fail(tx, err);
    note_heads(list);
}

/* ---- open, close, checkpoint ---- */

static int log_pages(const struct writer *writer)
{
    int pages = writer->store->options.log_pages;
    return pages > 0 ? pages : LOG_PAGES;
}

static int count_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    struct writer *writer = ctx;
    if (pages < writer->wal_pages) // the log began anew
        writer->checkpoint_at = log_pages(writer);
    writer->wal_pages = pages;
    return SQLITE_OK;
}

static bool copy_log(struct writer *writer, int mode)
{
    int pages = -1, copied = -2;
    int rc = sqlite3_wal_checkpoint_v2(writer->db, NULL, mode, &pages, &copied);
    bool all = rc == SQLITE_OK && pages == copied;
    if (all)
        keep_mark(writer, highwater_size(&writer->store->options));
    return all;
}

/* One reader after the other can keep the log from beginning anew for ever, as long as some of it
 * is not copied: SQLite would wait for a moment without any. So all of it is copied first, between
 * two snapshots; whoever reads from then on does not need the log. */
static void begin_log_anew(struct writer *writer)
{
    for (int i = 0; i < READERS_MS; i++) {
        if (copy_log(writer, SQLITE_CHECKPOINT_PASSIVE)) {
            sqlite3_busy_timeout(writer->db, READERS_MS);
            copy_log(writer, SQLITE_CHECKPOINT_RESTART);
            sqlite3_busy_timeout(writer->db, DB_BUSY_MS);
            return;
        }
        sqlite3_sleep(1);
    }
}

/* The snapshot that a reader holds keeps the log from beginning anew, so it is tried again only
 * when the log has grown some more. An error will show at the next commit. */
void writer_checkpoint(struct writer *writer)
{
    if (writer->wal_pages < writer->checkpoint_at)
        return;
    FAULT(checkpoint_before);
    if (writer->wal_pages < 4 * log_pages(writer))
        copy_log(writer, SQLITE_CHECKPOINT_PASSIVE);
    else
        begin_log_anew(writer);
    FAULT(checkpoint_after);
    writer->checkpoint_at = writer->wal_pages + log_pages(writer) / 4;
}

static int find_counters(struct writer *writer, struct err *err)
{
    static const char sql[] =
        "SELECT coalesce(max(seq), 0) + 1, (SELECT count(*) FROM name_recent), "
        "(SELECT coalesce(max(id), 0) FROM blob) + (SELECT coalesce(max(id), 0) FROM message), "
        "(SELECT page_size FROM pragma_page_size), "
        "(SELECT hash FROM entry ORDER BY seq DESC LIMIT 1) FROM entry";
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(writer->db, sql, sizeof sql - 1, &stmt, NULL, err);
    if (rc)
        return rc;
    int found = sqlite3_step(stmt);
    writer->now = (struct counters){.seq = sqlite3_column_int64(stmt, 0),
                                    .recent = sqlite3_column_int64(stmt, 1),
                                    .named = sqlite3_column_int64(stmt, 2)};
    writer->rooms = (struct chunk_room){.page = (size_t)sqlite3_column_int64(stmt, 3)};
    if (sqlite3_column_bytes(stmt, 4) == HASH_SIZE)
        memcpy(writer->now.hash.bytes, sqlite3_column_blob(stmt, 4), HASH_SIZE);
    sqlite3_finalize(stmt);
    return found == SQLITE_ROW ? 0 : db_fail(writer->db, found, err);
}

int writer_open(struct writer *writer, const struct store *store, const struct highwater *mark,
                struct err *err)
{
    writer->store = store;
    writer->mark = *mark;
    writer->kinds = calloc(store->kinds.count + 1, sizeof *writer->kinds);
    if (!writer->kinds)
        return err_set(err, ERR_MEMORY, "out of memory");
    writer->checkpoint_at = log_pages(writer);
    int rc = wal_check(store->options.path, err);
    rc = rc ? rc : db_open(&store->options, store->options.path, false, &writer->db, err);
    if (!rc)
        rc = db_migrate(writer->db, &store->options, err);
    for (size_t i = 0; !rc && i < COUNT_OF(texts); i++)
        rc = db_prepare(writer->db, texts[i], strlen(texts[i]), &writer->stmts[i], NULL, err);
    if (!rc)
        rc = find_counters(writer, err);
    if (!rc)
        rc = highwater_compare(writer->db, mark, err);
    if (!rc)
        rc = signed_open(writer, err);
    if (!rc && projector_open(&writer->projector, writer->db, &store->kinds))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        sqlite3_wal_hook(writer->db, count_pages, writer);
    return rc;
}

/* SQLite removes the log with the last connection; when others still look, it is at least empty. */
static void empty_log(struct writer *writer)
{
    if (!writer->db || writer->wal_pages == 0)
        return;
    sqlite3_busy_timeout(writer->db, READERS_MS);
    copy_log(writer, SQLITE_CHECKPOINT_TRUNCATE);
}

void writer_close(struct writer *writer)
{
    empty_log(writer);
    projector_close(&writer->projector);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(writer->stmts[i]);
    sqlite3_close(writer->db);
    if (writer->mark_fd >= 0)
        close(writer->mark_fd);
    signer_close(writer->signer);
    free(writer->kinds);
    buf_clear(&writer->pack.text);
    writer->kinds = NULL;
    writer->db = NULL;
    writer->signer = NULL;
    writer->mark_fd = -1;
}
