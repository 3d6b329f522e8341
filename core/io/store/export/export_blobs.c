/* export_blobs.c: the blobs and messages that events speak of: every text of 64 hexadecimal digits
 * in a body that is the name of one. Whatever kinds of events there will be, nothing has to be told
 * here. */
#include <string.h>

#include "io/store/export/export.h"

/* ---- what was written already ---- */

static struct hash *slot(struct hash *table, size_t size, const struct hash *hash)
{
    static const struct hash none;
    size_t at = (size_t)hash_key(hash) & (size - 1);
    while (!hash_equal(&table[at], &none) && !hash_equal(&table[at], hash))
        at = (at + 1) & (size - 1);
    return &table[at];
}

static int grow(struct exporter *x)
{
    struct buf old = x->seen;
    size_t count = old.len / sizeof(struct hash), size = count ? 2 * count : 1024;
    x->seen = (struct buf){0};
    char *room = buf_reserve(&x->seen, size * sizeof(struct hash));
    if (!room) {
        buf_clear(&old);
        return err_set(x->err, ERR_MEMORY, "out of memory");
    }
    memset(room, 0, size * sizeof(struct hash));
    x->seen.len = size * sizeof(struct hash);
    static const struct hash none;
    const struct hash *from = (const struct hash *)(const void *)old.data;
    for (size_t i = 0; i < count; i++)
        if (!hash_equal(&from[i], &none))
            *slot((struct hash *)(void *)room, size, &from[i]) = from[i];
    buf_clear(&old);
    return 0;
}

/* 1: now it is; 0: it was already. */
static int see(struct exporter *x, const struct hash *hash)
{
    size_t size = x->seen.len / sizeof(struct hash);
    if (2 * x->seen_count >= size) {
        int rc = grow(x);
        if (rc)
            return rc;
        size = x->seen.len / sizeof(struct hash);
    }
    struct hash *at = slot((struct hash *)(void *)x->seen.data, size, hash);
    if (hash_equal(at, hash))
        return 0;
    *at = *hash;
    x->seen_count++;
    return 1;
}

/* ---- rows ---- */

/* The id under which a hash is stored, or 0. */
static int find(struct exporter *x, int which, const struct hash *hash, int64_t *id)
{
    sqlite3_stmt *stmt = x->stmts[which];
    sqlite3_bind_int64(stmt, 1, hash_key(hash));
    sqlite3_bind_blob(stmt, 2, hash->bytes, HASH_SIZE, SQLITE_STATIC);
    int rc = export_row(x, which);
    *id = rc > 0 ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return rc < 0 ? rc : 0;
}

static int corrupt_hash(struct exporter *x, const char *what, const struct hash *hash)
{
    char hex[HASH_HEX + 1];
    hash_hex(hash, hex);
    return export_corrupt(x, what, hex);
}

/* ---- what texts speak of ---- */

/* Calls fn for every text of 64 hexadecimal digits between quotes. */
static int each_hash(struct exporter *x, const char *text, size_t len,
                     int (*fn)(struct exporter *x, const struct hash *hash))
{
    int rc = 0;
    const char *end = text + len;
    for (const char *at = text; !rc && (at = memchr(at, '"', (size_t)(end - at))); at++) {
        struct hash hash;
        if (end - at > HASH_HEX + 1 && at[HASH_HEX + 1] == '"' &&
            hash_from_hex(at + 1, HASH_HEX, &hash))
            rc = fn(x, &hash);
    }
    return rc;
}

static int keep_name(struct exporter *x, enum bundle_kind kind, const struct hash *hash)
{
    return names_add(&x->names, kind, hash) ? 0 : err_set(x->err, ERR_MEMORY, "out of memory");
}

static int put_blob(struct exporter *x, const struct hash *hash)
{
    int64_t id = 0;
    int fresh = see(x, hash);
    int rc = fresh > 0 ? find(x, EXPORT_BLOB, hash, &id) : fresh;
    if (rc || !id)
        return rc;
    buf_reset(&x->bytes);
    rc = store_get_blob(x->store, hash, &x->bytes, x->err);
    if (rc)
        return rc;
    struct hash right = hash_of(x->bytes.data, x->bytes.len);
    if (!hash_equal(&right, hash))
        return corrupt_hash(x, "the blob", hash);
    bundle_blob(&x->bundle, hash, x->bytes.data ? x->bytes.data : "", x->bytes.len);
    return keep_name(x, BUNDLE_BLOB, hash);
}

/* ---- messages ---- */

struct link {
    struct hash hash;
    int64_t parent;
};

static int lost_before(struct exporter *x, const struct hash *message)
{
    char where[HASH_HEX + 16] = "the message ";
    hash_hex(message, where + strlen(where));
    return export_lost(x, "a message", where);
}

/* The message `id`, which comes before the one that link is, or is that one. */
static int read_link(struct exporter *x, int64_t id, struct link *link)
{
    sqlite3_stmt *stmt = x->stmts[EXPORT_PARENT];
    sqlite3_bind_int64(stmt, 1, id);
    int rc = export_row(x, EXPORT_PARENT);
    bool whole = rc > 0 && sqlite3_column_bytes(stmt, 0) == HASH_SIZE;
    if (whole) {
        memcpy(link->hash.bytes, sqlite3_column_blob(stmt, 0), HASH_SIZE);
        link->parent = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    if (rc < 0)
        return rc;
    return whole ? 0 : lost_before(x, &link->hash);
}

static int write_message(struct exporter *x, const struct link *link, const struct hash *parent)
{
    buf_reset(&x->bytes);
    int rc = store_get_message(x->store, &link->hash, &x->bytes, x->err);
    if (rc)
        return rc;
    struct hash_part parts[] = {{parent ? parent->bytes : NULL, parent ? HASH_SIZE : 0},
                                {x->bytes.data, x->bytes.len}};
    struct hash right = hash_parts(parts, COUNT_OF(parts));
    if (!hash_equal(&right, &link->hash))
        return corrupt_hash(x, "the message", &link->hash);
    bundle_message(&x->bundle, &link->hash, parent, x->bytes.data ? x->bytes.data : "",
                   x->bytes.len);
    return keep_name(x, BUNDLE_MESSAGE, &link->hash);
}

/* Down from the first one that was not written yet; the stack has them the other way round. */
static int write_stack(struct exporter *x, const struct hash *parent)
{
    int rc = buf_ok(&x->stack) ? 0 : err_set(x->err, ERR_MEMORY, "out of memory");
    while (!rc && x->stack.len > 0) {
        x->stack.len -= sizeof(struct link);
        const struct link *link = (const struct link *)(const void *)(x->stack.data + x->stack.len);
        rc = write_message(x, link, parent);
        parent = &link->hash; // stays in the buffer's memory
    }
    return rc;
}

static int put_message(struct exporter *x, const struct hash *hash)
{
    struct link link = {.hash = *hash};
    int64_t id = 0;
    int fresh = see(x, hash), rc = fresh > 0 ? find(x, EXPORT_MESSAGE, hash, &id) : fresh;
    if (rc || !id)
        return rc;
    buf_reset(&x->stack);
    rc = read_link(x, id, &link);
    while (!rc) {
        buf_put(&x->stack, &link, sizeof link);
        if (link.parent == 0)
            return write_stack(x, NULL);
        rc = read_link(x, link.parent, &link);
        if (!rc && (fresh = see(x, &link.hash)) == 0)
            return write_stack(x, &link.hash);
        if (!rc && fresh < 0)
            rc = fresh;
    }
    return rc;
}

/* ---- both ---- */

int export_blobs(struct exporter *x, const char *text, size_t len)
{
    return each_hash(x, text, len, put_blob);
}

int export_messages(struct exporter *x, const char *text, size_t len)
{
    return each_hash(x, text, len, put_message);
}

void export_forget(struct exporter *x)
{
    buf_clear(&x->seen);
    x->seen_count = 0;
}
