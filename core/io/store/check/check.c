/* check.c: does the file say what its events say? Chains, blobs and conversations are hashed
 * again, and all that events name is there; signed heads are verified (check_heads.c); projections
 * are rebuilt from the events in a temporary database and compared row by row.
 */
#include <stdlib.h>
#include <string.h>

#include "io/bundle/names.h"
#include "io/fs/disk.h"
#include "io/store/check/report.h"
#include "io/store/project/rebuild.h"
#include "io/store/write/write.h"
#include "io/store_read.h"

struct check {
    const struct store_options *options;
    sqlite3 *disk, *fresh;
    struct sql_sections kinds;
    struct projector projector;
    struct report report;
    struct head *heads; /* by the id of the stream */
    int64_t last_stream;
    sqlite3_stmt *names, *chunks;
    struct names there; /* blobs, messages, generations */
    struct highwater mark;
    struct json_doc doc;
    struct buf bytes;
    int64_t chunk_count;
    int64_t events, streams, blobs, messages, heads_signed;
    struct err *err;
};

static void problem(struct check *check, const char *what, const char *where, const char *why)
{
    if (!report_begin(&check->report, what, where))
        return;
    report_text(&check->report, "why", why);
    report_end(&check->report);
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

/* A page that could not be had says nothing about what is in it:
 * 0, or why the check cannot go on. */
static int unread(const char *text, struct err *err)
{
    const char *code = strstr(text, "error code=");
    if (code && (atoi(code + strlen("error code=")) & 0xff) == SQLITE_NOMEM)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (!code && !strstr(text, "failed to get page"))
        return 0;
    err_set(err, ERR_IO, "a page of the database cannot be read: %.200s", text);
    return err_fix(err, "%s", disk_cure(ERR_IO));
}

static int check_page(struct check *check, sqlite3_stmt *row)
{
    const char *text = text_of(row, 0);
    if (!text)
        return err_set(check->err, ERR_MEMORY, "out of memory");
    int rc = unread(text, check->err);
    if (!rc && strcmp(text, "ok") != 0)
        problem(check, "file", NULL, text);
    return rc;
}

/* ---- streams, chains, the rebuild ---- */

/* Where a stream was as of the event before. */
struct head {
    int64_t n, seq;
    struct hash hash;
    bool bad;     /* the first broken link of a stream is reported, the others follow from it */
    bool dropped; /* of a run that was dropped: some events have only their hash left */
};

static void event_problem(struct check *check, const char *what, const struct store_seen *event,
                          const char *why)
{
    char where[2 * STORE_ID_MAX + 64];
    snprintf(where, sizeof where, "%s/%s/%lld (commit %lld)", event->run ? event->run : "?",
             event->turn ? event->turn : "?", (long long)event->n, (long long)event->seq);
    problem(check, what, where, why);
}

static void check_link(struct check *check, sqlite3_stmt *row, const struct store_seen *event)
{
    int64_t stream = sqlite3_column_int64(row, REBUILD_STREAM);
    if (stream < 1 || stream > check->last_stream) {
        event_problem(check, "chain", event, "its stream is missing");
        return;
    }
    struct head *head = &check->heads[stream];
    struct hash hash = {{0}};
    bool is_whole = sqlite3_column_bytes(row, REBUILD_HASH) == HASH_SIZE;
    if (is_whole)
        memcpy(hash.bytes, sqlite3_column_blob(row, REBUILD_HASH), HASH_SIZE);
    bool is_dropped = head->dropped && strcmp(event->kind, "dropped") == 0;
    const char *why = NULL;
    if (event->n != head->n + 1)
        why = "an event before this one is missing";
    else if (sqlite3_column_int64(row, REBUILD_PREV) != head->seq)
        why = "it does not point to the one before";
    else if (!is_whole || (!is_dropped && !event_hash_is(&head->hash, event, &hash)))
        why = "its hash does not follow from its bytes and the one before";
    if (why && !head->bad)
        event_problem(check, "chain", event, why);
    *head = (struct head){event->n, event->seq, hash, head->bad || why, head->dropped};
}

static int check_head(struct check *check, sqlite3_stmt *row)
{
    const struct head *head = &check->heads[sqlite3_column_int64(row, 0)];
    check->streams++;
    if (!head->bad &&
        (sqlite3_column_int64(row, 1) != head->n || sqlite3_column_int64(row, 2) != head->seq))
        problem(check, "chain", text_of(row, 3), "its last events are missing");
    return 0;
}

/* Of a dropped run's events only those are left that the board follows from; what else they name
 * may be gone (gc.c). */
static int check_named(struct check *check, sqlite3_stmt *row, const struct store_seen *event)
{
    char lost[160], why[200];
    int64_t stream = sqlite3_column_int64(row, REBUILD_STREAM);
    if (stream > 0 && stream <= check->last_stream && check->heads[stream].dropped)
        return 0;
    int rc = json_parse(&check->doc, event->body, event->body_len, NULL, NULL);
    if (rc) // the rebuild or the chain tells
        return rc == ERR_MEMORY ? err_set(check->err, rc, "out of memory") : 0;
    if (!names_lost_by(&check->there, event->kind, &check->doc.root, lost, sizeof lost))
        return 0;
    snprintf(why, sizeof why, "%s, which it names, is missing", lost);
    event_problem(check, "event", event, why);
    return 0;
}

static int check_event(void *ctx, sqlite3_stmt *row, const struct store_seen *event, bool whole,
                       const struct err *why)
{
    struct check *check = ctx;
    check->events++;
    if (!whole) {
        event_problem(check, "chain", event, why->text);
        return 0;
    }
    check_link(check, row, event);
    if (why)
        event_problem(check, "event", event, why->text);
    return check_named(check, row, event);
}

static int count_streams(struct check *check, sqlite3_stmt *row)
{
    check->last_stream = sqlite3_column_int64(row, 0);
    if (check->last_stream < 0 || check->last_stream > 100000000)
        return err_set(check->err, ERR_STORE_CORRUPT, "%lld streams",
                       (long long)check->last_stream);
    check->heads = calloc((size_t)check->last_stream + 1, sizeof *check->heads);
    return check->heads ? 0 : err_set(check->err, ERR_MEMORY, "out of memory");
}

static int mark_dropped(struct check *check, sqlite3_stmt *row)
{
    int64_t stream = sqlite3_column_int64(row, 0);
    if (stream > 0 && stream <= check->last_stream)
        check->heads[stream].dropped = true;
    return 0;
}

static int check_events(struct check *check)
{
    int rc = each_row(check, "SELECT coalesce(max(id), 0) FROM stream", count_streams);
    rc = rc ? rc
            : each_row(check,
                       "SELECT id FROM stream WHERE run IN "
                       "(SELECT body ->> '$.run' FROM event WHERE kind = 'run.dropped')",
                       mark_dropped);
    sqlite3_stmt *stmt = NULL;
    rc = rc ? rc : rebuild_prepare(check->disk, &stmt, check->err);
    struct rebuild events = {stmt, &check->projector, 0, INT64_MAX, check_event, check};
    rc = rc ? rc : rebuild_run(&events, check->err);
    sqlite3_finalize(stmt);
    return rc ? rc
              : each_row(check, "SELECT id, n, seq, run || '/' || turn FROM stream WHERE id > 0",
                         check_head);
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

/* Columns 0 hash, 1 id as in the name tables: is it found there exactly once? */
static int check_name(struct check *check, const char *what, sqlite3_stmt *row)
{
    struct hash hash = {{0}};
    if (sqlite3_column_bytes(row, 0) == HASH_SIZE)
        memcpy(hash.bytes, sqlite3_column_blob(row, 0), HASH_SIZE);
    sqlite3_bind_int64(check->names, 1, hash_key(&hash));
    sqlite3_bind_int64(check->names, 2, sqlite3_column_int64(row, 1));
    int step = sqlite3_step(check->names);
    int rc = step == SQLITE_ROW ? 0 : db_fail(check->disk, step, check->err);
    if (!rc && sqlite3_column_int(check->names, 0) != 1)
        hex_problem(check, what, row, "it cannot be found by its hash");
    sqlite3_reset(check->names);
    return rc;
}

/* The row's columns bytes and more, joined; *whole is false when a lost piece was told as a
 * problem. */
static int join(struct check *check, const char *what, sqlite3_stmt *row, int column, bool *whole)
{
    buf_reset(&check->bytes);
    buf_put(&check->bytes, sqlite3_column_blob(row, column),
            (size_t)sqlite3_column_bytes(row, column));
    int64_t more = sqlite3_column_int64(row, column + 1);
    int rc = chunk_read(check->chunks, more, &check->bytes, &check->chunk_count, check->err);
    *whole = rc == 0;
    if (rc != ERR_STORE_CORRUPT)
        return rc;
    hex_problem(check, what, row, "a piece of it is missing");
    return 0;
}

/* It is there, under this name, whatever its bytes are. */
static int is_there(struct check *check, enum bundle_kind kind, sqlite3_stmt *row)
{
    struct hash hash;
    if (sqlite3_column_bytes(row, 0) != HASH_SIZE)
        return 0;
    memcpy(hash.bytes, sqlite3_column_blob(row, 0), HASH_SIZE);
    return names_add(&check->there, kind, &hash) ? 0
                                                 : err_set(check->err, ERR_MEMORY, "out of memory");
}

static int generation_is_there(struct check *check, sqlite3_stmt *row)
{
    struct hash hash = names_generation(text_of(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    return names_add(&check->there, BUNDLE_GENERATION, &hash)
               ? 0
               : err_set(check->err, ERR_MEMORY, "out of memory");
}

static int check_blob(struct check *check, sqlite3_stmt *row)
{
    bool whole = false;
    check->blobs++;
    int rc = check_name(check, "blob", row);
    rc = rc ? rc : is_there(check, BUNDLE_BLOB, row);
    rc = rc ? rc : join(check, "blob", row, 2, &whole);
    if (rc || !whole)
        return rc;
    struct hash hash = hash_of(check->bytes.data, check->bytes.len);
    if (!hash_is(row, 0, &hash))
        hex_problem(check, "blob", row, "its bytes have another hash");
    return 0;
}

static int check_message(struct check *check, sqlite3_stmt *row)
{
    bool whole = false;
    check->messages++;
    int rc = check_name(check, "message", row);
    rc = rc ? rc : is_there(check, BUNDLE_MESSAGE, row);
    rc = rc ? rc : join(check, "message", row, 3, &whole);
    if (rc || !whole)
        return rc;
    struct hash_part parts[] = {
        {sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2)},
        {check->bytes.data, check->bytes.len},
    };
    struct hash hash = hash_parts(parts, COUNT_OF(parts));
    if (sqlite3_column_int(row, 5) || !hash_is(row, 0, &hash))
        hex_problem(check, "message", row,
                    "its hash does not follow from its parent and its bytes");
    return 0;
}

static int check_chunks(struct check *check, sqlite3_stmt *row)
{
    if (sqlite3_column_int64(row, 0) != check->chunk_count)
        problem(check, "file", NULL,
                "there are pieces of blobs or messages that belong to none, or to two");
    return 0;
}

static int check_blobs(struct check *check)
{
    static const char names[] = "SELECT (SELECT count(*) FROM name WHERE key = ?1 AND id = ?2) + "
                                "(SELECT count(*) FROM name_recent WHERE key = ?1 AND id = ?2)";
    static const char chunks[] = CHUNK_SELECT;
    int rc = db_prepare(check->disk, names, sizeof names - 1, &check->names, NULL, check->err);
    rc = rc ? rc
            : db_prepare(check->disk, chunks, sizeof chunks - 1, &check->chunks, NULL, check->err);
    rc =
        rc ? rc : each_row(check, "SELECT hash, id, bytes, more FROM blob ORDER BY id", check_blob);
    rc = rc ? rc
            : each_row(check,
                       "SELECT m.hash, -m.id, p.hash, m.bytes, m.more, p.id IS NULL AND m.parent "
                       "IS NOT NULL "
                       "FROM message m LEFT JOIN message p ON p.id = m.parent ORDER BY m.id",
                       check_message);
    rc = rc ? rc : each_row(check, "SELECT count(*) FROM piece", check_chunks);
    rc = rc ? rc : each_row(check, "SELECT id FROM generation", generation_is_there);
    sqlite3_finalize(check->names);
    sqlite3_finalize(check->chunks);
    buf_clear(&check->bytes);
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

/* What says that the file is not all that it was; looked at before SQLite does. */
static int check_file(struct check *check)
{
    struct err why = {0};
    if (wal_check(check->options->path, &why))
        problem(check, "file", "the log", why.text);
    int rc = highwater_load(check->options, &check->mark, &why);
    if (rc && check->err)
        *check->err = why;
    return rc;
}

static int check_mark(struct check *check)
{
    struct err why = {0};
    int rc = highwater_compare(check->disk, &check->mark, &why);
    if (rc == ERR_STORE_CORRUPT)
        problem(check, "file", "the high-water mark", why.text);
    else if (rc && check->err)
        *check->err = why;
    return rc == ERR_STORE_CORRUPT ? 0 : rc;
}

static int run_check(struct check *check)
{
    int rc = each_row(check, "PRAGMA integrity_check(10)", check_page);
    rc = rc ? rc : check_mark(check);
    rc = rc ? rc
            : compare_query(&check->report, check->disk, check->fresh, "sqlite_schema",
                            "SELECT name, sql FROM sqlite_schema ORDER BY name", check->err);
    rc = rc ? rc : check_blobs(check);
    rc = rc ? rc : check_events(check);
    rc = rc ? rc
            : check_heads(&check->report, check->disk, check->options, &check->heads_signed,
                          check->err);
    rc = rc ? rc : compare_projections(&check->report, check->disk, check->fresh, check->err);
    return rc ? rc : compare_index(&check->report, check->disk, check->fresh, check->err);
}

static void add_count(struct json_builder *b, const char *key, int64_t value)
{
    json_key(b, key, strlen(key));
    json_add_int(b, value);
}

static int finish(struct check *check, struct buf *text)
{
    struct json_builder *out = &check->report.out;
    struct json root;
    json_end_array(out);
    json_key(out, "ok", 2);
    json_add_bool(out, check->report.problems == 0);
    add_count(out, "events", check->events);
    add_count(out, "streams", check->streams);
    add_count(out, "blobs", check->blobs);
    add_count(out, "messages", check->messages);
    add_count(out, "heads", check->heads_signed);
    add_count(out, "rows", check->report.rows);
    add_count(out, "problem_count", check->report.problems);
    json_end_object(out);
    int rc = json_finish(out, &root);
    if (!rc)
        json_write(text, &root);
    return rc || !buf_ok(text) ? err_set(check->err, ERR_MEMORY, "out of memory") : 0;
}

static void begin(struct check *check)
{
    struct json_builder *out = &check->report.out;
    json_build(out, &check->report.doc);
    json_begin_object(out);
    json_key(out, "problems", 8);
    json_begin_array(out);
}

static void release(struct check *check)
{
    names_clear(&check->there);
    json_doc_clear(&check->doc);
    if (check->projector.prepared)
        projector_close(&check->projector);
    sqlite3_close(check->disk);
    sqlite3_close(check->fresh);
    sql_clear(&check->kinds);
    json_doc_clear(&check->report.doc);
    free(check->heads);
}

int store_check(const struct store_options *options, struct buf *report, bool *sound,
                struct err *err)
{
    struct check check = {.options = options, .err = err};
    begin(&check);
    int rc = check_file(&check);
    rc = rc ? rc : open_check(&check);
    rc = rc ? rc : run_check(&check);
    if (rc == ERR_STORE_CORRUPT && check.disk) {
        problem(&check, "file", options->path, sqlite3_errmsg(check.disk));
        rc = 0;
    }
    if (rc)
        json_drop(&check.report.out);
    else
        rc = finish(&check, report);
    *sound = !rc && check.report.problems == 0;
    release(&check);
    return rc;
}
