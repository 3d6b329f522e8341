/* item.c: one event, blob or message of a transaction into the tables of the truth. */
#include <string.h>

#include "base/fault.h"
#include "io/store/parts.h"

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    if (text)
        sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
    else
        sqlite3_bind_null(stmt, index);
}

static void bind_hash(sqlite3_stmt *stmt, int index, const struct hash *hash)
{
    sqlite3_bind_blob(stmt, index, hash->bytes, HASH_SIZE, SQLITE_STATIC);
}

/* ---- streams and events ---- */

static int add_stream(struct writer *writer, struct chain *chain, const struct store_seen *event,
                      struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[ADD_STREAM];
    int rc = chain_set_who(chain, event->card, event->actor, event->role);
    if (rc)
        return err_set(err, rc, "out of memory");
    bind_text(stmt, 1, chain->run);
    db_bind_turn(stmt, 2, chain->turn);
    bind_text(stmt, 3, event->card);
    bind_text(stmt, 4, event->actor);
    bind_text(stmt, 5, event->role);
    rc = writer_step(writer, ADD_STREAM, err);
    if (!rc)
        chain->head.id = sqlite3_last_insert_rowid(writer->db);
    return rc;
}

int write_head(struct writer *writer, struct chain *chain, struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[SET_STREAM];
    if (!chain->head.changed)
        return 0;
    chain->head.changed = false;
    sqlite3_bind_int64(stmt, 1, chain->head.id);
    sqlite3_bind_int64(stmt, 2, chain->head.n);
    sqlite3_bind_int64(stmt, 3, chain->head.seq);
    return writer_step(writer, SET_STREAM, err);
}

/* The number of a kind in this database: looked up once, added when it is the first of its kind. */
static int find_kind(struct writer *writer, int kind, const char *name, int64_t *id,
                     struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[FIND_KIND];
    int rc = 0;
    if (!writer->kinds[kind]) {
        bind_text(stmt, 1, name);
        int step = sqlite3_step(stmt);
        writer->kinds[kind] = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
        rc = step == SQLITE_ROW || step == SQLITE_DONE ? 0 : db_fail(writer->db, step, err);
        sqlite3_reset(stmt);
    }
    if (!rc && !writer->kinds[kind]) {
        bind_text(writer->stmts[ADD_KIND], 1, name);
        rc = writer_step(writer, ADD_KIND, err);
        writer->kinds[kind] = rc ? 0 : sqlite3_last_insert_rowid(writer->db);
    }
    *id = writer->kinds[kind];
    return rc;
}

static void bind_who(sqlite3_stmt *stmt, const struct chain *chain, const struct store_seen *event)
{
    bool own = event->step == 0 || !chain_is_who(chain, event->card, event->actor, event->role);
    bind_text(stmt, 8, own ? event->card : NULL);
    bind_text(stmt, 9, own ? event->actor : NULL);
    bind_text(stmt, 10, own ? event->role : NULL);
}

static void bind_body(sqlite3_stmt *stmt, struct pack *pack, const struct store_seen *event)
{
    pack_body(pack, event->body, event->body_len);
    if (pack->count) {
        sqlite3_bind_blob(stmt, 12, pack->names, (int)(pack->count * HASH_SIZE), SQLITE_STATIC);
        sqlite3_bind_text(stmt, 13, pack->text.data, (int)pack->text.len, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(stmt, 12);
        sqlite3_bind_text(stmt, 13, event->body, (int)event->body_len, SQLITE_STATIC);
    }
}

static int add_event(struct writer *writer, const struct chain *chain, const struct item *item,
                     const struct store_seen *event, const struct hash *hash, struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[ADD_EVENT];
    int64_t kind;
    int rc = find_kind(writer, item->kind, event->kind, &kind, err);
    if (rc)
        return rc;
    sqlite3_bind_int64(stmt, 1, event->seq);
    sqlite3_bind_int64(stmt, 2, chain->head.id);
    sqlite3_bind_int64(stmt, 3, chain->head.seq);
    sqlite3_bind_int64(stmt, 4, event->n);
    sqlite3_bind_int64(stmt, 5, event->step);
    sqlite3_bind_int64(stmt, 6, kind);
    sqlite3_bind_int64(stmt, 7, item->at_ms);
    bind_who(stmt, chain, event);
    bind_hash(stmt, 11, hash);
    bind_body(stmt, &writer->pack, event);
    return writer_step(writer, ADD_EVENT, err);
}

/* The projection comes first: a failed compare-and-swap at the head of a transaction has then
 * changed nothing. */
static int write_event(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
                       struct err *err)
{
    struct chain *chain = tx->chain;
    struct store_seen event;
    FAULT(event_before);
    item->n = chain->head.n + 1;
    item->seq = writer->now.seq;
    tx_seen(writer->store, tx, item, &event);
    int rc = project(&writer->projector, item->kind, &event, touched, err);
    if (rc)
        return rc;
    *touched = true;
    if (chain->head.id == 0 && (rc = add_stream(writer, chain, &event, err)))
        return rc;
    struct hash hash = event_hash(&chain->head.hash, &event);
    rc = add_event(writer, chain, item, &event, &hash, err);
    chain->head.hash = writer->now.hash = hash;
    chain->head.n = item->n;
    chain->head.seq = item->seq;
    chain->head.changed = true;
    writer->now.seq++;
    if (tx->first_seq == 0)
        tx->first_seq = item->seq;
    FAULT(event_after);
    return rc;
}

/* ---- blobs and messages ---- */

int64_t hash_key(const struct hash *hash)
{
    int32_t key;
    memcpy(&key, hash->bytes, sizeof key);
    return key;
}

/* The id under which a hash is stored already, or 0. */
static int find(struct writer *writer, enum write which, const struct hash *hash, int64_t *id,
                struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[which];
    sqlite3_bind_int64(stmt, 1, hash_key(hash));
    bind_hash(stmt, 2, hash);
    int rc = sqlite3_step(stmt);
    *id = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    int code = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : db_fail(writer->db, rc, err);
    sqlite3_reset(stmt);
    return code;
}

static int add_name(struct writer *writer, const struct hash *hash, int64_t id, struct err *err)
{
    sqlite3_bind_int64(writer->stmts[ADD_NAME], 1, hash_key(hash));
    sqlite3_bind_int64(writer->stmts[ADD_NAME], 2, id);
    writer->now.recent++;
    writer->now.named++;
    return writer_step(writer, ADD_NAME, err);
}

/* As many bytes as the page of the row has room for; the others become chunks. */
static int bind_bytes(struct writer *writer, enum write which, int index, size_t fit,
                      const char *bytes, size_t len, struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[which];
    int64_t more;
    int rc =
        chunk_add(writer->stmts[ADD_CHUNK], &writer->rooms, bytes + fit, len - fit, &more, err);
    sqlite3_bind_blob(stmt, index, fit ? bytes : "", (int)fit, SQLITE_STATIC);
    if (more)
        sqlite3_bind_int64(stmt, index + 1, more);
    else
        sqlite3_bind_null(stmt, index + 1);
    return rc;
}

static int write_blob(struct writer *writer, const struct item *item, const char *bytes,
                      struct err *err)
{
    struct chunk_room *rooms = &writer->rooms;
    int64_t id;
    int rc = find(writer, FIND_BLOB, &item->hash, &id, err);
    if (rc || id)
        return rc;
    bind_hash(writer->stmts[ADD_BLOB], 1, &item->hash);
    size_t fit = chunk_fit(rooms, &rooms->blob, CHUNK_BLOB, item->len);
    FAULT(blob_before);
    rc = bind_bytes(writer, ADD_BLOB, 2, fit, bytes, item->len, err);
    rc = rc ? rc : writer_step(writer, ADD_BLOB, err);
    FAULT(blob_after);
    return rc ? rc : add_name(writer, &item->hash, sqlite3_last_insert_rowid(writer->db), err);
}

/* The parent mostly is the message that this stream wrote last. */
static bool is_last(const struct chain *chain, const struct item *item)
{
    return item->has_parent && chain->head.message_id &&
           hash_equal(&chain->head.message, &item->parent);
}

static int find_parent(struct writer *writer, const struct chain *chain, const struct item *item,
                       int64_t *id, struct err *err)
{
    if (is_last(chain, item)) {
        *id = chain->head.message_id;
        return 0;
    }
    int rc = find(writer, FIND_MESSAGE, &item->parent, id, err);
    if (rc || *id)
        return rc;
    err_set(err, ERR_STALE, "a message refers to a conversation that is not stored");
    err_fix(err, "begin again from what is recorded");
    return ERR_STALE;
}

static int add_message(struct writer *writer, const struct chain *chain, const struct item *item,
                       const char *bytes, int64_t *id, struct err *err)
{
    struct chunk_room *rooms = &writer->rooms;
    sqlite3_stmt *stmt = writer->stmts[ADD_MESSAGE];
    int64_t parent = 0;
    int rc = item->has_parent ? find_parent(writer, chain, item, &parent, err) : 0;
    if (rc)
        return rc;
    bind_hash(stmt, 1, &item->hash);
    if (item->has_parent)
        sqlite3_bind_int64(stmt, 2, parent);
    else
        sqlite3_bind_null(stmt, 2);
    size_t fit = chunk_fit(rooms, &rooms->message, CHUNK_MESSAGE, item->len);
    FAULT(message_before);
    rc = bind_bytes(writer, ADD_MESSAGE, 3, fit, bytes, item->len, err);
    rc = rc ? rc : writer_step(writer, ADD_MESSAGE, err);
    FAULT(message_after);
    *id = sqlite3_last_insert_rowid(writer->db);
    return rc ? rc : add_name(writer, &item->hash, -*id, err);
}

static int write_message(struct writer *writer, struct chain *chain, const struct item *item,
                         const char *bytes, struct err *err)
{
    /* What follows a message that this stream has just made cannot be there already. (Two streams
     * that say the same at once may store a link twice, which does no harm.) */
    bool looked = !is_last(chain, item) || !chain->head.message_new;
    int64_t id = 0;
    int rc = looked ? find(writer, FIND_MESSAGE, &item->hash, &id, err) : 0;
    bool is_new = !id;
    if (!rc && is_new)
        rc = add_message(writer, chain, item, bytes, &id, err);
    if (rc)
        return rc;
    chain->head.message = item->hash;
    chain->head.message_id = id;
    chain->head.message_new = is_new;
    return 0;
}

int write_item(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
               struct err *err)
{
    if (item->type == ITEM_EVENT)
        return write_event(writer, tx, item, touched, err);
    *touched = true;
    const char *bytes = tx->data.data + item->at;
    if (item->type == ITEM_BLOB)
        return write_blob(writer, item, bytes, err);
    return write_message(writer, tx->chain, item, bytes, err);
}
