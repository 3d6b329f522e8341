/* read.c: the loop's own connection: named queries, each prepared at its first use; blobs,
 * conversations, the heads of streams.
 *
 * All reads of one turn of the loop see one snapshot: every commit of the writer's that a reader
 * notices costs it all its cached pages. The queue lets go of it before the next `done`, and before
 * the loop waits. A store without a writer has one when it is asked to (store_hold). */
#include "io/store_read.h"

#include <string.h>

#include "io/store/parts.h"
#include "io/store/project/rebuild.h"

struct store_query {
    struct store *store;
    sqlite3_stmt *guard; /* or NULL; without a row of it the query has none */
    sqlite3_stmt *stmt;
    bool busy, passed; /* the guard */
};

enum { READ_BLOB, READ_MESSAGE, READ_MESSAGES, READ_CHUNK, READ_HEADS, READ_CHAIN, HOLD, LET_GO };

static const char *const texts[] = {
    [READ_BLOB] =
        "SELECT b.bytes, b.more FROM name_recent r JOIN blob b ON b.id = r.id WHERE r.key = ?1 "
        "AND b.hash = ?2 "
        "UNION ALL SELECT b.bytes, b.more FROM name r JOIN blob b ON b.id = r.id WHERE r.key = "
        "?1 AND b.hash = ?2",
    [READ_MESSAGE] =
        "SELECT m.bytes, m.more FROM name_recent r JOIN message m ON m.id = -r.id WHERE "
        "r.key = ?1 AND m.hash = ?2 "
        "UNION ALL SELECT m.bytes, m.more FROM name r JOIN message m ON m.id = -r.id WHERE "
        "r.key = ?1 AND m.hash = ?2",
    [READ_MESSAGES] =
        "WITH RECURSIVE last (id) AS ("
        "  SELECT m.id FROM name_recent r JOIN message m ON m.id = -r.id WHERE r.key = ?1 AND "
        "m.hash = ?2"
        "  UNION ALL SELECT m.id FROM name r JOIN message m ON m.id = -r.id WHERE r.key = ?1 AND "
        "m.hash = ?2 LIMIT 1)," // a link may be stored twice
        "link (depth, id, parent) AS ("
        "  SELECT 0, m.id, m.parent FROM last JOIN message m ON m.id = last.id"
        "  UNION ALL SELECT depth + 1, m.id, m.parent FROM link JOIN message m ON m.id = "
        "link.parent) "
        "SELECT m.bytes, m.more, m.parent IS NULL FROM link JOIN message m ON m.id = link.id ORDER "
        "BY "
        "depth DESC",
    [READ_CHUNK] = CHUNK_SELECT,
    [READ_HEADS] = HEAD_SQL,
    [READ_CHAIN] = ("SELECT s.id, s.n, e.step, e.hash, s.seq, s.card, s.actor, s.role "
                    "FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = ? AND s.turn = ?"),
    [HOLD] = "BEGIN",
    [LET_GO] = "COMMIT",
};
_Static_assert(COUNT_OF(texts) <= COUNT_OF(((struct store *)0)->reads), "room for the statements");

int reader_open(struct store *store, struct err *err)
{
    store->prepared = calloc(store->queries.count + 1, sizeof *store->prepared);
    if (!store->prepared)
        return err_set(err, ERR_MEMORY, "out of memory");
    struct highwater mark = {0};
    int rc = store->options.readonly ? highwater_load(&store->options, &mark, err) : 0;
    rc = rc ? rc : db_open(&store->options, store->options.path, true, &store->reader, err);
    rc = rc ? rc : db_check_version(store->reader, &store->options, err);
    rc = rc ? rc : highwater_compare(store->reader, &mark, err);
    if (rc || !store->options.past)
        return rc;
    if (snapshot_open(&store->snapshot, store->reader, &store->kinds))
        return err_set(err, ERR_MEMORY, "out of memory");
    return snapshot_build(&store->snapshot, store->options.upto, err);
}

int store_forward(struct store *store, int64_t upto, struct err *err)
{
    if (broken(!store->options.past || upto < store->options.upto))
        return err_set(err, ERR_BUG, "no moment before this one");
    int rc = snapshot_forward(&store->snapshot, store->options.upto, upto, err);
    if (!rc)
        store->options.upto = upto;
    return rc;
}

void reader_close(struct store *store)
{
    for (size_t i = 0; store->prepared && i < store->queries.count; i++) {
        sqlite3_finalize(store->prepared[i].guard);
        sqlite3_finalize(store->prepared[i].stmt);
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(store->reads[i]);
    free(store->prepared);
    snapshot_close(&store->snapshot);
    sqlite3_close(store->reader);
    store->prepared = NULL;
    store->reader = NULL;
}

/* ---- statements of our own ---- */

static int statement(struct store *store, int which, sqlite3_stmt **out, struct err *err)
{
    int rc = db_keep(store->reader, texts[which], &store->reads[which], err);
    *out = store->reads[which];
    return rc;
}

/* ---- the snapshot ---- */

static int run(struct store *store, int which, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = statement(store, which, &stmt, err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return step == SQLITE_DONE ? 0 : db_fail(store->reader, step, err);
}

static int begin(struct store *store, struct err *err)
{
    int rc = run(store, HOLD, err);
    store->held = rc == 0;
    return rc;
}

/* Without a writer there is nothing to be kept from, and no loop that would let go. */
static int hold(struct store *store, struct err *err)
{
    if (store->held || !store->queue.running)
        return 0;
    int rc = begin(store, err);
    if (!rc)
        queue_before_wait(store);
    return rc;
}

int store_hold(struct store *store, struct err *err)
{
    bool has_moment = store->held || store->queue.running || store->options.past;
    return has_moment ? 0 : begin(store, err);
}

/* One of our statements, in the snapshot. */
static int read_with(struct store *store, int which, sqlite3_stmt **out, struct err *err)
{
    int rc = hold(store, err);
    return rc ? rc : statement(store, which, out, err);
}

void reader_let_go(struct store *store)
{
    if (store->held && run(store, LET_GO, NULL) == 0)
        store->held = false;
}

/* ---- named queries ---- */

/* A section is one statement, or a guard and one. */
static int prepare(struct store *store, const struct sql_section *section,
                   struct store_query *query, struct err *err)
{
    const char *rest;
    sqlite3_stmt *first, *second = NULL;
    int rc = db_prepare(store->reader, section->text, section->len, &first, &rest, err);
    if (rc)
        return rc;
    size_t left = section->len - (size_t)(rest - section->text);
    rc = db_prepare(store->reader, rest, left, &second, NULL, err);
    if (rc) {
        sqlite3_finalize(first);
        return rc;
    }
    query->guard = second ? first : NULL;
    query->stmt = second ? second : first;
    return 0;
}

int store_query(struct store *store, const char *name, struct store_query **out, struct err *err)
{
    int index = sql_find(&store->queries, name);
    if (index < 0)
        return err_set(err, ERR_NOT_FOUND, "no query is called '%s'", name);
    struct store_query *query = &store->prepared[index];
    if (broken(query->busy))
        return err_set(err, ERR_BUG, "the query '%s' is already running", name);
    int rc = hold(store, err);
    if (!rc && !query->stmt)
        rc = prepare(store, &store->queries.items[index], query, err);
    if (rc)
        return rc;
    query->store = store;
    query->busy = true;
    query->passed = !query->guard;
    *out = query;
    return 0;
}

static int bind_value(sqlite3_stmt *stmt, int index, const struct store_value *value)
{
    switch (value->type) {
    case STORE_INT:
        return sqlite3_bind_int64(stmt, index, value->integer);
    case STORE_REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case STORE_TEXT:
        return sqlite3_bind_text64(stmt, index, value->text, value->len, SQLITE_STATIC,
                                   SQLITE_UTF8);
    default:
        return sqlite3_bind_null(stmt, index);
    }
}

static bool set(struct store_query *query, const char *name, const struct store_value *value)
{
    char full[64];
    if (snprintf(full, sizeof full, ":%s", name) >= (int)sizeof full)
        return false;
    int index = query->guard ? sqlite3_bind_parameter_index(query->guard, full) : 0;
    if (index && bind_value(query->guard, index, value) != SQLITE_OK)
        return false;
    index = sqlite3_bind_parameter_index(query->stmt, full);
    return index && bind_value(query->stmt, index, value) == SQLITE_OK;
}

bool store_set_text(struct store_query *query, const char *name, const char *text, size_t len)
{
    return set(query, name, &(struct store_value){.type = STORE_TEXT, .text = text, .len = len});
}

bool store_set_int(struct store_query *query, const char *name, int64_t value)
{
    return set(query, name, &(struct store_value){.type = STORE_INT, .integer = value});
}

bool store_set_real(struct store_query *query, const char *name, double value)
{
    return set(query, name, &(struct store_value){.type = STORE_REAL, .real = value});
}

/* 1 = a row, 0 = no more, < 0 = failed */
static int step(struct store_query *query, sqlite3_stmt *stmt, struct err *err)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return rc == SQLITE_ROW;
    return db_fail(query->store->reader, rc, err);
}

int store_step(struct store_query *query, struct err *err)
{
    if (!query->passed) {
        int rc = step(query, query->guard, err);
        if (rc <= 0)
            return rc;
        query->passed = true;
    }
    return step(query, query->stmt, err);
}

int store_columns(struct store_query *query)
{
    return sqlite3_column_count(query->stmt);
}

const char *store_column_name(struct store_query *query, int column)
{
    return sqlite3_column_name(query->stmt, column);
}

static struct store_value text_value(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    int len = sqlite3_column_bytes(stmt, column);
    return (struct store_value){.type = STORE_TEXT, .text = bytes ? bytes : "", .len = (size_t)len};
}

struct store_value store_column(struct store_query *query, int column)
{
    struct store_value value = {.type = STORE_NULL};
    switch (sqlite3_column_type(query->stmt, column)) {
    case SQLITE_NULL:
        break;
    case SQLITE_INTEGER:
        value.type = STORE_INT;
        value.integer = sqlite3_column_int64(query->stmt, column);
        break;
    case SQLITE_FLOAT:
        value.type = STORE_REAL;
        value.real = sqlite3_column_double(query->stmt, column);
        break;
    default:
        return text_value(query->stmt, column);
    }
    return value;
}

static void clear(sqlite3_stmt *stmt)
{
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

void store_query_end(struct store_query *query)
{
    clear(query->stmt);
    if (query->guard)
        clear(query->guard);
    query->busy = false;
}

/* ---- blobs and conversations ---- */

static int not_found(const char *what, const struct hash *hash, struct err *err)
{
    char hex[HASH_HEX + 1];
    hash_hex(hash, hex);
    return err_set(err, ERR_NOT_FOUND, "no %s %s", what, hex);
}

static void bind_name(sqlite3_stmt *stmt, const struct hash *hash)
{
    sqlite3_bind_int64(stmt, 1, hash_key(hash));
    sqlite3_bind_blob(stmt, 2, hash->bytes, HASH_SIZE, SQLITE_STATIC);
}

/* Appends the bytes of a row, columns bytes and more, and of its chunks. */
static int join(struct store *store, sqlite3_stmt *row, struct buf *out, struct err *err)
{
    sqlite3_stmt *chunks;
    buf_put(out, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    int64_t more = sqlite3_column_int64(row, 1);
    int rc = more ? statement(store, READ_CHUNK, &chunks, err) : 0;
    return rc || !more ? rc : chunk_read(chunks, more, out, NULL, err);
}

/* The one row that has these bytes under its hash. */
static int get_bytes(struct store *store, int which, const struct hash *hash, struct buf *out,
                     struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = read_with(store, which, &stmt, err);
    if (rc)
        return rc;
    bind_name(stmt, hash);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        rc = join(store, stmt, out, err);
    else if (step == SQLITE_DONE)
        rc = not_found(which == READ_BLOB ? "blob" : "message", hash, err);
    else
        rc = db_fail(store->reader, step, err);
    sqlite3_reset(stmt);
    return !rc && !buf_ok(out) ? err_set(err, ERR_MEMORY, "out of memory") : rc;
}

int store_get_blob(struct store *store, const struct hash *hash, struct buf *out, struct err *err)
{
    return get_bytes(store, READ_BLOB, hash, out, err);
}

int store_get_message(struct store *store, const struct hash *hash, struct buf *out,
                      struct err *err)
{
    return get_bytes(store, READ_MESSAGE, hash, out, err);
}

/* One message of a conversation; its bytes are joined only when it has chunks. */
static int give(struct store *store, sqlite3_stmt *row, struct buf *joined,
                int (*fn)(void *ctx, const void *bytes, size_t len), void *ctx, struct err *err)
{
    if (sqlite3_column_type(row, 1) == SQLITE_NULL)
        return fn(ctx, sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    buf_reset(joined);
    int rc = join(store, row, joined, err);
    return rc ? rc : fn(ctx, joined->data, joined->len);
}

int store_conversation(struct store *store, const struct hash *hash,
                       int (*fn)(void *ctx, const void *bytes, size_t len), void *ctx,
                       struct err *err)
{
    sqlite3_stmt *stmt;
    struct buf joined = {0};
    bool first = true;
    int step, rc = read_with(store, READ_MESSAGES, &stmt, err);
    if (rc)
        return rc;
    bind_name(stmt, hash);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        bool whole = !first || sqlite3_column_int(stmt, 2);
        first = false;
        rc = whole ? give(store, stmt, &joined, fn, ctx, err)
                   : err_set(err, ERR_STORE_CORRUPT, "a message of the conversation is missing");
    }
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(store->reader, step, err);
    sqlite3_reset(stmt);
    buf_clear(&joined);
    return !rc && first ? not_found("conversation", hash, err) : rc;
}

/* ---- heads ---- */

int store_head(struct store *store, const char *run, struct hash *out, struct err *err)
{
    sqlite3_stmt *stmt;
    struct run_head head = {0};
    int rc = read_with(store, READ_HEADS, &stmt, err);
    rc = rc ? rc : head_find(stmt, run, INT64_MAX, &head, err);
    *out = head.hash;
    return rc;
}

static int read_who(struct chain *chain, sqlite3_stmt *row, struct err *err)
{
    const char *actor = (const char *)sqlite3_column_text(row, 6);
    int rc = !actor ? 0
                    : chain_set_who(chain, (const char *)sqlite3_column_text(row, 5), actor,
                                    (const char *)sqlite3_column_text(row, 7));
    return rc ? err_set(err, rc, "out of memory") : 0;
}

int reader_chain(struct store *store, struct chain *chain, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = read_with(store, READ_CHAIN, &stmt, err);
    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, chain->run, -1, SQLITE_STATIC);
    db_bind_turn(stmt, 2, chain->turn);
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW && sqlite3_column_bytes(stmt, 3) == HASH_SIZE) {
        chain->head.id = sqlite3_column_int64(stmt, 0);
        chain->head.n = chain->n = sqlite3_column_int64(stmt, 1);
        chain->step = sqlite3_column_int64(stmt, 2);
        chain->head.seq = sqlite3_column_int64(stmt, 4);
        memcpy(chain->head.hash.bytes, sqlite3_column_blob(stmt, 3), HASH_SIZE);
        rc = read_who(chain, stmt, err);
    } else if (step == SQLITE_ROW) {
        rc = err_set(err, ERR_STORE_CORRUPT, "the stream %s/%s has a malformed hash", chain->run,
                     chain->turn);
    } else if (step != SQLITE_DONE) {
        rc = db_fail(store->reader, step, err);
    }
    sqlite3_reset(stmt);
    return rc;
}
