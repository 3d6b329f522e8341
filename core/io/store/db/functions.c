/* functions.c: what our statements ask for beyond SQLite's own functions. The schema uses none of
 * them: any program can read the file. */
#include <string.h>
#include <time.h>

#include "io/store/db/db.h"

#include "base/text/normalize.h"
#include "io/store/db/pack.h"
#include "io/store/write/write.h"

/* The text of a value, or NULL: it is NULL, or there was no memory, which is then the result: no
 * value is taken for one that is missing. */
static const char *text_of(sqlite3_context *ctx, sqlite3_value *value)
{
    bool has_text = sqlite3_value_type(value) != SQLITE_NULL;
    const char *text = (const char *)sqlite3_value_text(value);
    if (!text && has_text)
        sqlite3_result_error_nomem(ctx);
    else if (!text)
        sqlite3_result_null(ctx);
    return text;
}

/* ---- json_put(a, b): the members of a, replaced and joined by those of b;
 * NULL: it has none ---- */

static int parse(sqlite3_value *value, struct json_doc *doc)
{
    const char *text = (const char *)sqlite3_value_text(value);
    if (!text) // it is not NULL
        return ERR_MEMORY;
    int rc = json_parse(doc, text, (size_t)sqlite3_value_bytes(value), NULL, NULL);
    return !rc && doc->root.type != JSON_OBJECT ? ERR_JSON : rc;
}

static void add_member(struct json_builder *b, const struct json_member *m)
{
    json_key(b, m->key, m->key_len);
    json_add_tree(b, &m->value);
}

static int put(struct json_doc *out, const struct json *a, const struct json *b)
{
    struct json_builder builder;
    json_build(&builder, out);
    json_begin_object(&builder);
    for (uint32_t i = 0; i < a->len; i++)
        if (!json_get_n(b, a->u.members[i].key, a->u.members[i].key_len))
            add_member(&builder, &a->u.members[i]);
    for (uint32_t i = 0; i < b->len; i++)
        add_member(&builder, &b->u.members[i]);
    json_end_object(&builder);
    return json_finish(&builder, &out->root);
}

static void refuse_put(sqlite3_context *ctx, int rc)
{
    if (rc == ERR_MEMORY)
        sqlite3_result_error_nomem(ctx);
    else
        sqlite3_result_error(ctx, "json_put: not two objects", -1);
}

static void put_text(sqlite3_context *ctx, struct json_doc *docs)
{
    struct buf text = {0};
    int rc = put(&docs[2], &docs[0].root, &docs[1].root);
    if (rc) {
        refuse_put(ctx, rc);
        return;
    }
    json_write(&text, &docs[2].root);
    size_t len;
    char *bytes = buf_steal(&text, &len);
    if (!bytes)
        sqlite3_result_error_nomem(ctx);
    else
        sqlite3_result_text(ctx, bytes, (int)len, free);
}

static void sql_json_put(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct json_doc docs[3] = {{0}};
    (void)argc;
    bool is_null =
        sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL;
    int rc = is_null ? 0 : parse(argv[0], &docs[0]);
    rc = rc || is_null ? rc : parse(argv[1], &docs[1]);
    if (is_null)
        sqlite3_result_value(ctx, argv[0]);
    else if (rc)
        refuse_put(ctx, rc);
    else if (docs[1].root.len > 0)
        put_text(ctx, docs);
    for (size_t i = 0; i < COUNT_OF(docs); i++)
        json_doc_clear(&docs[i]);
}

/* ---- json_raw(text): text that is JSON already, not to be parsed again; json_join(a, b): two
 * objects without a common key as one, not parsed either ---- */

#define SUBTYPE_JSON 'J' /* what SQLite's JSON functions go by */

static void sql_json_raw(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_value(ctx, argv[0]);
    sqlite3_result_subtype(ctx, SUBTYPE_JSON);
}

static void sql_json_join(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *a = text_of(ctx, argv[0]), *b = a ? text_of(ctx, argv[1]) : NULL;
    (void)argc;
    if (!a || !b)
        return;
    size_t a_len = (size_t)sqlite3_value_bytes(argv[0]),
           b_len = (size_t)sqlite3_value_bytes(argv[1]);
    if (a_len < 2 || b_len < 2) {
        sqlite3_result_null(ctx);
        return;
    }
    char *text = malloc(a_len + b_len);
    if (!text) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    size_t at = a_len - 1; /* without its closing brace */
    memcpy(text, a, at);
    if (a_len > 2 && b_len > 2)
        text[at++] = ',';
    memcpy(text + at, b + 1, b_len - 1);
    sqlite3_result_text64(ctx, text, at + b_len - 1, free, SQLITE_UTF8);
    sqlite3_result_subtype(ctx, SUBTYPE_JSON);
}

/* ---- hash_bytes(digits), hash_digits(bytes): what is no hash stays as it is ---- */

static void sql_hash_bytes(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *text = text_of(ctx, argv[0]);
    struct hash hash;
    (void)argc;
    if (!text)
        return;
    if (hash_from_hex(text, (size_t)sqlite3_value_bytes(argv[0]), &hash))
        sqlite3_result_blob(ctx, hash.bytes, HASH_SIZE, SQLITE_TRANSIENT);
    else
        sqlite3_result_value(ctx, argv[0]);
}

static void sql_hash_digits(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char hex[HASH_HEX + 1];
    struct hash hash;
    (void)argc;
    if (sqlite3_value_type(argv[0]) != SQLITE_BLOB || sqlite3_value_bytes(argv[0]) != HASH_SIZE) {
        sqlite3_result_value(ctx, argv[0]);
        return;
    }
    memcpy(hash.bytes, sqlite3_value_blob(argv[0]), HASH_SIZE);
    hash_hex(&hash, hex);
    sqlite3_result_text(ctx, hex, HASH_HEX, SQLITE_TRANSIENT);
}

/* ---- hash_key(bytes): what a hash is looked up by ---- */

static void sql_hash_key(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct hash hash;
    (void)argc;
    if (sqlite3_value_type(argv[0]) != SQLITE_BLOB || sqlite3_value_bytes(argv[0]) != HASH_SIZE)
        return;
    memcpy(hash.bytes, sqlite3_value_blob(argv[0]), HASH_SIZE);
    sqlite3_result_int64(ctx, hash_key(&hash));
}

/* ---- text_digest(text): half of its hash, for an index over long texts ---- */

static void sql_text_digest(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *text = text_of(ctx, argv[0]);
    (void)argc;
    if (!text)
        return;
    struct hash hash = hash_of(text, (size_t)sqlite3_value_bytes(argv[0]));
    sqlite3_result_blob(ctx, hash.bytes, HASH_SIZE / 2, SQLITE_TRANSIENT);
}

/* ---- note_digest(text): the same for notes, of which those that say the same are one ---- */

static void sql_note_digest(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const char *text = text_of(ctx, argv[0]);
    struct buf folded = {0};
    (void)argc;
    if (!text)
        return;
    size_t len = (size_t)sqlite3_value_bytes(argv[0]);
    normalize_text(&folded, text, len);
    bool left = folded.len > 0;
    struct hash hash = left ? hash_of(folded.data, folded.len) : hash_of(text, len);
    if (buf_ok(&folded))
        sqlite3_result_blob(ctx, hash.bytes, HASH_SIZE / 2, SQLITE_TRANSIENT);
    else
        sqlite3_result_error_nomem(ctx);
    buf_clear(&folded);
}

/* ---- event_time(ms), event_body(body, names):
 * what the view `event` shows of a sound event ---- */

#define MS_LEAST (-62167219200000) /* the years 0000 to 9999 */
#define MS_MOST  253402300799999

/* `count` digits, with zeros before; answers where the next ones go. */
static char *put_digits(char *at, int value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

static void put_time(char *at, const struct tm *tm, int ms)
{
    const struct {
        int value, digits;
        char after;
    } parts[] = {{tm->tm_year + 1900, 4, '-'}, {tm->tm_mon + 1, 2, '-'}, {tm->tm_mday, 2, 'T'},
                 {tm->tm_hour, 2, ':'},        {tm->tm_min, 2, ':'},     {tm->tm_sec, 2, '.'},
                 {ms, 3, 'Z'}};
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        at = put_digits(at, parts[i].value, parts[i].digits);
        *at++ = parts[i].after;
    }
    *at = '\0';
}

static void sql_event_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t ms = sqlite3_value_int64(argv[0]);
    time_t second = (time_t)(ms / 1000 - (ms % 1000 < 0));
    char text[32];
    struct tm tm;
    (void)argc;
    if (ms < MS_LEAST || ms > MS_MOST || !gmtime_r(&second, &tm))
        snprintf(text, sizeof text, "%lld", (long long)ms);
    else
        put_time(text, &tm, (int)(ms - (int64_t)second * 1000));
    sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

static void sql_event_body(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    size_t names_len = (size_t)sqlite3_value_bytes(argv[1]);
    struct buf text = {0};
    (void)argc;
    if (!names_len) {
        sqlite3_result_value(ctx, argv[0]);
        return;
    }
    const char *body = text_of(ctx, argv[0]);
    const void *names = body ? sqlite3_value_blob(argv[1]) : NULL;
    if (!body)
        return;
    if (!names) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    unpack_body(&text, body, (size_t)sqlite3_value_bytes(argv[0]), names, names_len);
    size_t len;
    char *bytes = buf_steal(&text, &len);
    if (!bytes)
        sqlite3_result_error_nomem(ctx);
    else
        sqlite3_result_text64(ctx, bytes, len, free, SQLITE_UTF8);
}

/* ---- all of them ---- */

int db_functions(sqlite3 *db, struct err *err)
{
    static const struct {
        const char *name;
        int args;
        void (*fn)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"json_put", 2, sql_json_put},
                     {"json_raw", 1, sql_json_raw},
                     {"json_join", 2, sql_json_join},
                     {"hash_bytes", 1, sql_hash_bytes},
                     {"hash_digits", 1, sql_hash_digits},
                     {"hash_key", 1, sql_hash_key},
                     {"text_digest", 1, sql_text_digest},
                     {"note_digest", 1, sql_note_digest},
                     {"event_time", 1, sql_event_time},
                     {"event_body", 2, sql_event_body}};
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < COUNT_OF(functions); i++)
        rc = sqlite3_create_function_v2(db, functions[i].name, functions[i].args,
                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_SUBTYPE, NULL,
                                        functions[i].fn, NULL, NULL, NULL);
    return rc ? db_fail(db, rc, err) : 0;
}
