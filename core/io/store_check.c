/* store_check.c: does the file say what its events say? Chains, blobs and conversations are hashed
 * again; projections are rebuilt from the events in a temporary database and compared row by row. */
#include <string.h>

#include "io/store_int.h"

#define PROBLEMS_MAX 20

struct check {
    const struct store_options *options;
    sqlite3 *disk, *fresh;
    struct sql_sections kinds;
    struct projector projector;
    struct json_doc doc; /* the report's strings */
    struct json_builder out;
    int64_t events, streams, blobs, messages, rows, problems;
    struct err *err;
};

/* ---- the report ---- */

static void add_field(struct json_builder *b, const char *key, const char *text)
{
    if (!text)
        return;
    json_key(b, key, strlen(key));
    json_add_string(b, text, utf8_valid(text, strlen(text)) ? strlen(text) : 0);
}

/* Begins a problem, or answers false when enough were reported. */
static bool begin_problem(struct check *check, const char *what)
{
    if (check->problems++ >= PROBLEMS_MAX)
        return false;
    json_begin_object(&check->out);
    add_field(&check->out, "what", what);
    return true;
}

static void problem(struct check *check, const char *what, const char *where, const char *why)
{
    if (!begin_problem(check, what))
        return;
    add_field(&check->out, "where", where);
    add_field(&check->out, "why", why);
    json_end_object(&check->out);
}

/* ---- reading the file ---- */

typedef int row_fn(struct check *check, sqlite3_stmt *row);

static int each_row(struct check *check, const char *sql, row_fn *fn)
{
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE, rc = db_prepare(check->disk, sql, strlen(sql), &stmt, NULL, check->err);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = fn(check, stmt);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(check->disk, step, check->err);
    sqlite3_finalize(stmt);
    return rc;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

static bool hash_is(sqlite3_stmt *row, int column, const struct hash *hash)
{
    return sqlite3_column_bytes(row, column) == HASH_SIZE &&
           memcmp(sqlite3_column_blob(row, column), hash->bytes, HASH_SIZE) == 0;
}

static int check_page(struct check *check, sqlite3_stmt *row)
{
    if (strcmp(text_of(row, 0), "ok") != 0)
        problem(check, "file", NULL, text_of(row, 0));
    return 0;
}

/* ---- chains ---- */

#define EVENT_COLUMNS                                                                              \
    "e.stream, s.run, s.turn, e.seq, e.step, e.n, e.kind, e.card, e.actor, e.role, e.at, e.ms, "  \
    "e.body, e.hash FROM event e LEFT JOIN stream s ON s.id = e.stream "

static bool read_event(sqlite3_stmt *row, struct store_seen *event)
{
    *event = (struct store_seen){
        .run = text_of(row, 1),
        .turn = text_of(row, 2),
        .seq = sqlite3_column_int64(row, 3),
        .step = sqlite3_column_int64(row, 4),
        .n = sqlite3_column_int64(row, 5),
        .kind = text_of(row, 6),
        .card = text_of(row, 7),
        .actor = text_of(row, 8),
        .role = text_of(row, 9),
        .at = text_of(row, 10),
        .ms = sqlite3_column_type(row, 11) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 11),
        .body = text_of(row, 12),
        .body_len = (size_t)sqlite3_column_bytes(row, 12),
    };
    return event->run && event->turn && event->kind && event->actor && event->at && event->body;
}

static void event_problem(struct check *check, const char *what, const struct store_seen *event,
                          const char *why)
{
    char where[2 * STORE_ID_MAX + 64];
    snprintf(where, sizeof where, "%s/%s/%lld (commit %lld)", event->run ? event->run : "?",
             event->turn ? event->turn : "?", (long long)event->n, (long long)event->seq);
    problem(check, what, where, why);
}

static int check_chains(struct check *check)
{
    static const char sql[] = "SELECT " EVENT_COLUMNS "ORDER BY e.stream, e.n";
    sqlite3_stmt *row = NULL;
    struct hash head = {{0}};
    int64_t stream = 0, n = 0;
    bool bad = false;
    int step = SQLITE_DONE, rc = db_prepare(check->disk, sql, sizeof sql - 1, &row, NULL, check->err);
    while (!rc && (step = sqlite3_step(row)) == SQLITE_ROW) {
        struct store_seen event;
        bool whole = read_event(row, &event);
        if (sqlite3_column_int64(row, 0) != stream) {
            stream = sqlite3_column_int64(row, 0);
            head = (struct hash){{0}};
            n = 0;
            bad = false;
            check->streams++;
        }
        n++;
        if (bad)
            continue; /* the first broken link of a stream is enough */
        if (whole)
            head = event_hash(&head, &event);
        bad = !whole || event.n != n || !hash_is(row, 13, &head);
        if (bad)
            event_problem(check, "chain", &event,
                          event.n != n ? "an event before this one is missing"
                                       : "its hash does not follow from its bytes and the one before");
    }
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(check->disk, step, check->err);
    sqlite3_finalize(row);
    return rc;
}

/* ---- blobs and conversations ---- */

static void hex_problem(struct check *check, const char *what, sqlite3_stmt *row, const char *why)
{
    char hex[HASH_HEX + 1] = "";
    struct hash hash;
    if (sqlite3_column_bytes(row, 0) == HASH_SIZE) {
        memcpy(hash.bytes, sqlite3_column_blob(row, 0), HASH_SIZE);
        hash_hex(&hash, hex);
    }
    problem(check, what, hex, why);
}

static int check_blob(struct check *check, sqlite3_stmt *row)
{
    struct hash hash = hash_of(sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
    check->blobs++;
    if (!hash_is(row, 0, &hash))
        hex_problem(check, "blob", row, "its bytes have another hash");
    return 0;
}

static int check_message(struct check *check, sqlite3_stmt *row)
{
    struct hash_part parts[] = {
        {sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1)},
        {sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2)},
    };
    struct hash hash = hash_parts(parts, COUNT_OF(parts));
    check->messages++;
    if (!hash_is(row, 0, &hash))
        hex_problem(check, "message", row, "its hash does not follow from its parent and its blob");
    else if (!sqlite3_column_int(row, 3))
        hex_problem(check, "message", row, "its blob is missing");
    else if (!sqlite3_column_int(row, 4))
        hex_problem(check, "message", row, "its parent is missing");
    return 0;
}

/* ---- the rebuild ---- */

static int replay_event(struct check *check, sqlite3_stmt *row)
{
    struct store_seen event;
    struct err err = {0};
    bool touched = false, whole = read_event(row, &event);
    int kind = whole ? sql_find(&check->kinds, event.kind) : -1;
    check->events++;
    if (kind < 0) {
        event_problem(check, "event", &event, "this program does not know its kind");
        return 0;
    }
    int rc = project(&check->projector, kind, &event, &touched, &err);
    if (rc == ERR_MEMORY || rc == ERR_STORE_FULL || rc == ERR_IO)
        return err_set(check->err, rc, "%s", err.text);
    if (rc)
        event_problem(check, "event", &event, err.text);
    return 0;
}

static void add_value(struct json_builder *b, sqlite3_stmt *row, int column)
{
    char hex[HASH_HEX + 1];
    struct hash hash;
    const char *text;
    size_t len;
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL: json_add_null(b); break;
    case SQLITE_INTEGER: json_add_int(b, sqlite3_column_int64(row, column)); break;
    case SQLITE_FLOAT: json_add_real(b, sqlite3_column_double(row, column)); break;
    case SQLITE_TEXT:
        text = text_of(row, column);
        len = (size_t)sqlite3_column_bytes(row, column);
        json_add_string(b, text, utf8_valid(text, len) ? len : 0);
        break;
    default: /* other bytes show as their hash */
        hash = hash_of(sqlite3_column_blob(row, column), (size_t)sqlite3_column_bytes(row, column));
        hash_hex(&hash, hex);
        json_add_text(b, hex);
    }
}

static void add_row(struct json_builder *b, const char *key, sqlite3_stmt *row, bool is_there)
{
    json_key(b, key, strlen(key));
    if (!is_there) {
        json_add_null(b);
        return;
    }
    json_begin_object(b);
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *name = sqlite3_column_name(row, i);
        json_key(b, name, strlen(name));
        add_value(b, row, i);
    }
    json_end_object(b);
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    if (sqlite3_column_type(a, column) != sqlite3_column_type(b, column))
        return false;
    const void *left = sqlite3_column_blob(a, column), *right = sqlite3_column_blob(b, column);
    int len = sqlite3_column_bytes(a, column);
    return len == sqlite3_column_bytes(b, column) && (len == 0 || memcmp(left, right, (size_t)len) == 0);
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
    if (sqlite3_column_count(a) != sqlite3_column_count(b))
        return false;
    for (int i = 0; i < sqlite3_column_count(a); i++)
        if (!same_value(a, b, i))
            return false;
    return true;
}

/* Both in the same order, side by side; the first difference is reported. */
static int compare_rows(struct check *check, const char *table, sqlite3_stmt *stored, sqlite3_stmt *rebuilt)
{
    for (;;) {
        int a = sqlite3_step(stored), b = sqlite3_step(rebuilt);
        if (a != SQLITE_ROW && a != SQLITE_DONE)
            return db_fail(check->disk, a, check->err);
        if (b != SQLITE_ROW && b != SQLITE_DONE)
            return db_fail(check->fresh, b, check->err);
        if (a == SQLITE_DONE && b == SQLITE_DONE)
            return 0;
        check->rows++;
        if (a == b && same_row(stored, rebuilt))
            continue;
        if (begin_problem(check, "projection")) {
            add_field(&check->out, "where", table);
            add_row(&check->out, "stored", stored, a == SQLITE_ROW);
            add_row(&check->out, "rebuilt", rebuilt, b == SQLITE_ROW);
            json_end_object(&check->out);
        }
        return 0;
    }
}

static int compare(struct check *check, const char *table, const char *sql)
{
    sqlite3_stmt *stored = NULL, *rebuilt = NULL;
    struct err err = {0};
    int rc = db_prepare(check->fresh, sql, strlen(sql), &rebuilt, NULL, check->err);
    if (!rc && db_prepare(check->disk, sql, strlen(sql), &stored, NULL, &err))
        problem(check, "projection", table, err.text);
    else if (!rc)
        rc = compare_rows(check, table, stored, rebuilt);
    sqlite3_finalize(stored);
    sqlite3_finalize(rebuilt);
    return rc;
}

/* Each table but the truth itself, ordered by its primary key. */
static int compare_tables(struct check *check)
{
    static const char list[] =
        "SELECT name, (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_table_info(t.name) "
        "WHERE pk > 0 ORDER BY pk)) FROM sqlite_schema t WHERE type = 'table' "
        "AND name NOT IN ('stream', 'event', 'blob', 'convo') AND name NOT LIKE 'sqlite%' ORDER BY name";
    sqlite3_stmt *tables = NULL;
    int rc = db_prepare(check->fresh, list, sizeof list - 1, &tables, NULL, check->err);
    while (!rc && sqlite3_step(tables) == SQLITE_ROW) {
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY %s", text_of(tables, 0), text_of(tables, 1));
        rc = compare(check, text_of(tables, 0), sql);
    }
    sqlite3_finalize(tables);
    return rc;
}

/* ---- all of it ---- */

static int open_check(struct check *check)
{
    int rc = sql_split(&check->kinds, check->options, "projections.sql", "kind", check->err);
    rc = rc ? rc : db_open(check->options, check->options->path, true, &check->disk, check->err);
    rc = rc ? rc : db_check_version(check->disk, check->options, check->err);
    rc = rc ? rc : db_exec(check->disk, "BEGIN", check->err);
    struct store_options temporary = *check->options;
    temporary.vfs = NULL;
    temporary.hasty = true;
    rc = rc ? rc : db_open(&temporary, "", false, &check->fresh, check->err);
    rc = rc ? rc : db_migrate(check->fresh, &temporary, check->err);
    rc = rc ? rc : db_exec(check->fresh, "BEGIN", check->err);
    if (!rc && projector_open(&check->projector, check->fresh, &check->kinds))
        rc = err_set(check->err, ERR_MEMORY, "out of memory");
    return rc;
}

static int run_check(struct check *check)
{
    int rc = each_row(check, "PRAGMA integrity_check(10)", check_page);
    rc = rc ? rc : compare(check, "sqlite_schema", "SELECT name, sql FROM sqlite_schema ORDER BY name");
    rc = rc ? rc : check_chains(check);
    rc = rc ? rc : each_row(check, "SELECT hash, bytes FROM blob ORDER BY id", check_blob);
    rc = rc ? rc : each_row(check, "SELECT hash, parent, blob, EXISTS (SELECT 1 FROM blob b WHERE b.hash = c.blob),"
                            " parent IS NULL OR EXISTS (SELECT 1 FROM convo p WHERE p.hash = c.parent)"
                            " FROM convo c ORDER BY hash", check_message);
    rc = rc ? rc : each_row(check, "SELECT " EVENT_COLUMNS "ORDER BY e.seq", replay_event);
    return rc ? rc : compare_tables(check);
}

static void add_count(struct json_builder *b, const char *key, int64_t value)
{
    json_key(b, key, strlen(key));
    json_add_int(b, value);
}

static int finish(struct check *check, struct buf *report)
{
    struct json root;
    json_end_array(&check->out);
    json_key(&check->out, "ok", 2);
    json_add_bool(&check->out, check->problems == 0);
    add_count(&check->out, "events", check->events);
    add_count(&check->out, "streams", check->streams);
    add_count(&check->out, "blobs", check->blobs);
    add_count(&check->out, "messages", check->messages);
    add_count(&check->out, "rows", check->rows);
    add_count(&check->out, "problem_count", check->problems);
    json_end_object(&check->out);
    int rc = json_finish(&check->out, &root);
    if (!rc)
        json_write(report, &root);
    return rc || !buf_ok(report) ? err_set(check->err, ERR_MEMORY, "out of memory") : 0;
}

int store_check(const struct store_options *options, struct buf *report, bool *sound, struct err *err)
{
    struct check check = {.options = options, .err = err};
    json_build(&check.out, &check.doc);
    json_begin_object(&check.out);
    json_key(&check.out, "problems", 8);
    json_begin_array(&check.out);
    int rc = open_check(&check);
    rc = rc ? rc : run_check(&check);
    if (rc == ERR_STORE_CORRUPT && check.disk) {
        problem(&check, "file", options->path, sqlite3_errmsg(check.disk));
        rc = 0;
    }
    if (rc)
        json_drop(&check.out);
    else
        rc = finish(&check, report);
    *sound = !rc && check.problems == 0;
    if (check.projector.prepared)
        projector_close(&check.projector);
    sqlite3_close(check.disk);
    sqlite3_close(check.fresh);
    sql_clear(&check.kinds);
    json_doc_clear(&check.doc);
    return rc;
}
