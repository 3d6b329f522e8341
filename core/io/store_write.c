/* store_write.c: the writer's side: a list of transactions becomes one durable commit.
 *
 * First pass without savepoints, because a compare-and-swap that fails is rare and most often is the
 * first statement of its transaction, when nothing has to be undone. Only when one fails later, the
 * whole commit is rolled back and applied again with a savepoint around each transaction.
 */
#include <string.h>

#include "io/store_int.h"

#define CHECKPOINT_PAGES 2000
#define CHECKPOINT_FORCE 16000

enum { BEGIN, COMMIT, ROLLBACK, SAVE, RELEASE, UNDO, ADD_STREAM, ADD_EVENT, ADD_BLOB, ADD_MESSAGE };

static const char *const texts[] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVE] = "SAVEPOINT tx",
    [RELEASE] = "RELEASE tx",
    [UNDO] = "ROLLBACK TO tx",
    [ADD_STREAM] = "INSERT INTO stream (run, turn) VALUES (?, ?)",
    [ADD_EVENT] = "INSERT INTO event (seq, stream, n, step, kind, card, actor, role, at, ms, body, hash)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ADD_BLOB] = "INSERT INTO blob (hash, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING",
    [ADD_MESSAGE] = "INSERT INTO convo (hash, parent, blob) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
};
_Static_assert(COUNT_OF(texts) <= COUNT_OF(((struct writer *)0)->stmts), "room for the statements");

static int step(struct writer *writer, int which, struct err *err)
{
    int rc = sqlite3_step(writer->stmts[which]);
    int code = rc == SQLITE_DONE ? 0 : db_fail(writer->db, rc, err);
    sqlite3_reset(writer->stmts[which]);
    return code;
}

/* ---- one item ---- */

struct hash event_hash(const struct hash *before, const struct store_seen *event)
{
    char step_text[24], n_text[24];
    int step_len = snprintf(step_text, sizeof step_text, "%lld", (long long)event->step);
    int n_len = snprintf(n_text, sizeof n_text, "%lld", (long long)event->n);
    const char *card = event->card ? event->card : "", *role = event->role ? event->role : "";
    struct hash_part parts[] = {
        {before->bytes, HASH_SIZE},
        {event->run, strlen(event->run)},
        {event->turn, strlen(event->turn)},
        {step_text, (size_t)step_len},
        {n_text, (size_t)n_len},
        {event->kind, strlen(event->kind)},
        {card, strlen(card)},
        {event->actor, strlen(event->actor)},
        {role, strlen(role)},
        {event->body, event->body_len},
    };
    return hash_parts(parts, COUNT_OF(parts));
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (text)
        sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(stmt, index);
}

static int add_stream(struct writer *writer, struct chain *chain, struct err *err)
{
    bind_text(writer->stmts[ADD_STREAM], 1, chain->run);
    db_bind_turn(writer->stmts[ADD_STREAM], 2, chain->turn);
    int rc = step(writer, ADD_STREAM, err);
    if (!rc)
        chain->head.id = sqlite3_last_insert_rowid(writer->db);
    return rc;
}

static int add_event(struct writer *writer, const struct chain *chain, const struct store_seen *event,
                     struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[ADD_EVENT];
    sqlite3_bind_int64(stmt, 1, event->seq);
    sqlite3_bind_int64(stmt, 2, chain->head.id);
    sqlite3_bind_int64(stmt, 3, event->n);
    sqlite3_bind_int64(stmt, 4, event->step);
    bind_text(stmt, 5, event->kind);
    bind_text(stmt, 6, event->card);
    bind_text(stmt, 7, event->actor);
    bind_text(stmt, 8, event->role);
    bind_text(stmt, 9, event->at);
    if (event->ms < 0)
        sqlite3_bind_null(stmt, 10);
    else
        sqlite3_bind_int64(stmt, 10, event->ms);
    sqlite3_bind_text(stmt, 11, event->body, (int)event->body_len, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 12, chain->head.hash.bytes, HASH_SIZE, SQLITE_STATIC);
    return step(writer, ADD_EVENT, err);
}

/* The projection comes first: a failed compare-and-swap at the head of a transaction has then
 * changed nothing. */
static int apply_event(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
                       struct err *err)
{
    struct chain *chain = tx->chain;
    struct store_seen event;
    item->n = chain->head.n + 1;
    item->seq = writer->next_seq;
    tx_seen(writer->store, tx, item, &event);
    int rc = project(&writer->projector, item->kind, &event, touched, err);
    if (!rc && chain->head.id == 0)
        rc = add_stream(writer, chain, err);
    if (rc)
        return rc;
    *touched = true;
    chain->head.hash = event_hash(&chain->head.hash, &event);
    chain->head.n = item->n;
    writer->next_seq++;
    if (tx->first_seq == 0)
        tx->first_seq = item->seq;
    return add_event(writer, chain, &event, err);
}

static int apply_blob(struct writer *writer, const struct hash *hash, const void *bytes, size_t len,
                      struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[ADD_BLOB];
    sqlite3_bind_blob(stmt, 1, hash->bytes, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 2, len ? bytes : "", (int)len, SQLITE_STATIC);
    return step(writer, ADD_BLOB, err);
}

static int apply_message(struct writer *writer, const struct item *item, const void *bytes,
                         struct err *err)
{
    struct hash blob = hash_of(bytes, item->len);
    sqlite3_stmt *stmt = writer->stmts[ADD_MESSAGE];
    int rc = apply_blob(writer, &blob, bytes, item->len, err);
    if (rc)
        return rc;
    sqlite3_bind_blob(stmt, 1, item->hash.bytes, HASH_SIZE, SQLITE_STATIC);
    if (item->has_parent)
        sqlite3_bind_blob(stmt, 2, item->parent.bytes, HASH_SIZE, SQLITE_STATIC);
    else
        sqlite3_bind_null(stmt, 2);
    sqlite3_bind_blob(stmt, 3, blob.bytes, HASH_SIZE, SQLITE_STATIC);
    return step(writer, ADD_MESSAGE, err);
}

static int apply_item(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
                      struct err *err)
{
    if (item->type == ITEM_EVENT)
        return apply_event(writer, tx, item, touched, err);
    *touched = true;
    const char *bytes = tx->data.data + item->at;
    if (item->type == ITEM_BLOB)
        return apply_blob(writer, &item->hash, bytes, item->len, err);
    return apply_message(writer, item, bytes, err);
}

/* ---- one transaction ---- */

static void fail(struct store_tx *tx, const struct err *err)
{
    tx->code = err->code ? err->code : ERR_BUG;
    tx->first_seq = 0;
    if (!tx->err)
        tx->err = malloc(sizeof *tx->err);
    if (tx->err)
        *tx->err = *err;
    if (!tx->chain->shared && tx->chain->broken <= tx->epoch)
        tx->chain->broken = tx->epoch + 1;
}

/* Codes that concern one transaction; with every other the whole commit is lost. */
static bool is_own(int code)
{
    return code == ERR_STALE || code == ERR_EXISTS || code == ERR_STORE || code == ERR_BUG ||
           code == ERR_LIMIT || code == ERR_JSON || code == ERR_UTF8;
}

static int apply_items(struct writer *writer, struct store_tx *tx, bool *touched, struct err *err)
{
    if (tx->epoch < tx->chain->broken) {
        err_set(err, ERR_STALE, "an earlier transaction of the stream %s/%s failed", tx->chain->run,
                tx->chain->turn);
        return err_fix(err, "begin again from what is recorded");
    }
    int rc = 0;
    tx->first_seq = 0;
    struct item *items = tx_items(tx);
    for (size_t i = 0; !rc && i < tx_count(tx); i++)
        rc = apply_item(writer, tx, &items[i], touched, err);
    return rc;
}

/* Applies one; 0 also when only this one failed and nothing of it is left. */
static int apply_one(struct writer *writer, struct store_tx *tx, bool save, struct err *err)
{
    struct chain_head before = tx->chain->head;
    int64_t seq = writer->next_seq;
    bool touched = false;
    int rc = save ? step(writer, SAVE, err) : 0;
    if (rc)
        return rc;
    rc = apply_items(writer, tx, &touched, err);
    if (!rc)
        return save ? step(writer, RELEASE, err) : 0;
    if (!is_own(rc) || (touched && !save))
        return rc;
    fail(tx, err);
    tx->chain->head = before;
    writer->next_seq = seq;
    if (!save)
        return 0;
    rc = step(writer, UNDO, err);
    return rc ? rc : step(writer, RELEASE, err);
}

/* ---- the commit ---- */

static void mark(struct store_tx *list)
{
    for (struct store_tx *tx = list; tx; tx = tx->next)
        tx->chain->mark = tx->chain->head;
}

/* Back to where the list began, in the database and in memory. */
static void undo(struct writer *writer, struct store_tx *list, int64_t seq)
{
    if (!sqlite3_get_autocommit(writer->db))
        step(writer, ROLLBACK, NULL);
    for (struct store_tx *tx = list; tx; tx = tx->next)
        tx->chain->head = tx->chain->mark;
    writer->next_seq = seq;
}

static int apply_all(struct writer *writer, struct store_tx *list, bool save, struct err *err)
{
    int rc = step(writer, BEGIN, err);
    for (struct store_tx *tx = list; !rc && tx; tx = tx->next)
        if (tx->code == 0)
            rc = apply_one(writer, tx, save, err);
    return rc ? rc : step(writer, COMMIT, err);
}

void writer_apply(struct writer *writer, struct store_tx *list)
{
    int64_t seq = writer->next_seq;
    struct err err = {0};
    mark(list);
    int rc = apply_all(writer, list, false, &err);
    if (rc && is_own(rc) && !sqlite3_get_autocommit(writer->db)) {
        undo(writer, list, seq);
        rc = apply_all(writer, list, true, &err);
    }
    if (rc)
        undo(writer, list, seq);
    for (struct store_tx *tx = list; tx; tx = tx->next) {
        if (rc && tx->code == 0)
            fail(tx, &err);
        tx->n_after = tx->chain->head.n;
    }
}

/* ---- open, close, checkpoint ---- */

static int count_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct writer *)ctx)->wal_pages = pages;
    return SQLITE_OK;
}

/* A reader in the middle of a long read only delays it; an error will show at the next commit. */
void writer_checkpoint(struct writer *writer)
{
    if (writer->wal_pages < CHECKPOINT_PAGES)
        return;
    int mode = writer->wal_pages < CHECKPOINT_FORCE ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
    sqlite3_wal_checkpoint_v2(writer->db, NULL, mode, NULL, NULL);
    writer->wal_pages = 0;
}

static int find_next_seq(struct writer *writer, struct err *err)
{
    static const char sql[] = "SELECT coalesce(max(seq), 0) + 1 FROM event";
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(writer->db, sql, sizeof sql - 1, &stmt, NULL, err);
    if (rc)
        return rc;
    int found = sqlite3_step(stmt);
    writer->next_seq = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return found == SQLITE_ROW ? 0 : db_fail(writer->db, found, err);
}

int writer_open(struct writer *writer, const struct store *store, struct err *err)
{
    writer->store = store;
    int rc = db_open(&store->options, store->options.path, false, &writer->db, err);
    if (!rc)
        rc = db_migrate(writer->db, &store->options, err);
    for (size_t i = 0; !rc && i < COUNT_OF(texts); i++)
        rc = db_prepare(writer->db, texts[i], strlen(texts[i]), &writer->stmts[i], NULL, err);
    if (!rc)
        rc = find_next_seq(writer, err);
    if (!rc && projector_open(&writer->projector, writer->db, &store->kinds))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    if (!rc)
        sqlite3_wal_hook(writer->db, count_pages, writer);
    return rc;
}

void writer_close(struct writer *writer)
{
    projector_close(&writer->projector);
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(writer->stmts[i]);
    sqlite3_close(writer->db);
    writer->db = NULL;
}
