/* export.c: a run becomes a bundle, in the one order that follows from its events: streams by turn
 * and number; blobs and messages where they are first spoken of, a message after its parent. What a
 * fork stands on, the events of its sources up to their moments, comes before its own. */
#include "io/store_export.h"

#include <string.h>

#include "io/store/export/export.h"

#define NAMED(table, id, columns)                                                                  \
    "SELECT " columns " FROM name_recent r JOIN " table " t ON t.id = " id                         \
    " WHERE r.key = ?1 AND t.hash = ?2 UNION ALL SELECT " columns " FROM name r JOIN " table       \
    " t ON t.id = " id " WHERE r.key = ?1 AND t.hash = ?2"

static const char *const texts[EXPORT_STATEMENTS] = {
    [EXPORT_EVENT] =
        "SELECT s.run, s.turn, e.seq, e.step, e.n, e.kind, e.card, e.actor, e.role, e.at, "
        "e.body, e.hash, p.hash FROM event e JOIN stream s ON s.id = e.stream "
        "LEFT JOIN entry p ON p.seq = e.prev WHERE e.seq = ?1",
    [EXPORT_BLOB] = NAMED("blob", "r.id", "t.id"),
    [EXPORT_MESSAGE] = NAMED("message", "-r.id", "t.id"),
    [EXPORT_PARENT] = "SELECT m.hash, m.parent FROM message m WHERE m.id = ?1",
};

/* The run, and the runs that it is a fork of, each up to which commit; the oldest first. */
#define SOURCES                                                                                    \
    "WITH RECURSIVE part (run, upto, depth) AS ("                                                  \
    "  SELECT ?1, 9223372036854775807, 0 UNION ALL"                                                \
    "  SELECT r.body ->> '$.of', r.body ->> '$.at', p.depth + 1 FROM part p JOIN run r "           \
    "  ON r.id = p.run WHERE r.body ->> '$.of' IS NOT NULL AND p.depth < 64)"

static const char list_parts[] = SOURCES "SELECT run, upto FROM part ORDER BY depth DESC";

static const char list_run[] =
    "WITH RECURSIVE walk (turn, seq, prev, n) AS ("
    "  SELECT s.turn, e.seq, e.prev, e.n FROM stream s JOIN entry e ON e.seq = s.seq WHERE s.run = "
    "?1"
    "  UNION ALL SELECT w.turn, e.seq, e.prev, e.n FROM walk w JOIN entry e ON e.seq = w.prev "
    "  WHERE e.seq < w.seq)"
    "SELECT seq FROM walk WHERE seq <= ?2 ORDER BY turn, n";

#define GENERATIONS                                                                                \
    " SELECT generation FROM run WHERE id = ?1 UNION SELECT t.generation FROM part p "             \
    "JOIN turn t ON t.run = p.run AND t.seq <= p.upto"

/* What the board says about the cards and scripts of the run, and said about those of its sources.
 */
static const char list_board[] = SOURCES
    ", cards (id, upto) AS MATERIALIZED ("
    "  SELECT c.id, p.upto FROM part p JOIN run r ON r.id = p.run "
    "  JOIN card c ON c.epic = r.card OR c.id = r.card"
    "  UNION SELECT t.card, p.upto FROM part p JOIN turn t ON t.run = p.run AND t.seq <= p.upto),"
    "generations (id) AS MATERIALIZED (" GENERATIONS "),"
    "walk (turn, seq, prev, n) AS ("
    "  SELECT s.turn, e.seq, e.prev, e.n FROM stream s JOIN event e ON e.seq = s.seq"
    "  WHERE s.run = 'board' AND ?1 <> 'board'"
    "  UNION ALL SELECT w.turn, e.seq, e.prev, e.n FROM walk w JOIN event e ON e.seq = w.prev "
    "  WHERE e.seq < w.seq)"
    "SELECT w.seq FROM walk w JOIN event e ON e.seq = w.seq"
    " WHERE EXISTS (SELECT 1 FROM cards WHERE id = e.card AND upto >= e.seq)"
    "  OR e.kind = 'scripts.loaded' AND e.body ->> '$.generation' IN generations "
    "ORDER BY w.turn, w.n";

static const char list_generations[] =
    SOURCES "SELECT id, files FROM generation WHERE id IN (" GENERATIONS ") ORDER BY id";

/* ---- statements ---- */

int export_row(struct exporter *x, int which)
{
    int step = sqlite3_step(x->stmts[which]);
    if (step == SQLITE_ROW)
        return 1;
    return step == SQLITE_DONE ? 0 : db_fail(x->store->reader, step, x->err);
}

int export_corrupt(struct exporter *x, const char *what, const char *id)
{
    err_set(x->err, ERR_STORE_CORRUPT, "%s %s is not what its hash says", what, id);
    err_fix(x->err, "orket check reports all that is wrong; nothing was exported");
    return ERR_STORE_CORRUPT;
}

int export_lost(struct exporter *x, const char *what, const char *where)
{
    err_set(x->err, ERR_STORE_CORRUPT, "%s, which %s names, is not in the database", what, where);
    err_fix(x->err, "restore a backup of .orket/ that still has it; nothing was exported");
    return ERR_STORE_CORRUPT;
}

int export_each(struct exporter *x, const char *sql,
                int (*fn)(struct exporter *x, sqlite3_stmt *row))
{
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE,
        rc = db_prepare(x->store->reader, sql, strlen(sql), &stmt, NULL, x->err);
    if (!rc) {
        sqlite3_bind_text(stmt, 1, x->run, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, x->part ? x->part->upto : INT64_MAX);
    }
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = fn(x, stmt);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(x->store->reader, step, x->err);
    sqlite3_finalize(stmt);
    return rc;
}

/* ---- events ---- */

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

/* SQLite had no memory for a text of the row, which then looks like none. */
static bool is_starved(const struct exporter *x)
{
    return sqlite3_errcode(x->store->reader) == SQLITE_NOMEM;
}

static int no_text(struct exporter *x)
{
    if (is_starved(x))
        return err_set(x->err, ERR_MEMORY, "out of memory");
    return export_corrupt(x, "a text of", x->run ? x->run : "a run");
}

static bool read_event(sqlite3_stmt *row, struct store_seen *event)
{
    *event = (struct store_seen){
        .run = text_of(row, 0),
        .turn = text_of(row, 1),
        .seq = sqlite3_column_int64(row, 2),
        .step = sqlite3_column_int64(row, 3),
        .n = sqlite3_column_int64(row, 4),
        .kind = text_of(row, 5),
        .card = text_of(row, 6),
        .actor = text_of(row, 7),
        .role = text_of(row, 8),
        .at = text_of(row, 9),
        .body = text_of(row, 10),
        .body_len = (size_t)sqlite3_column_bytes(row, 10),
    };
    return event->run && event->turn && event->kind && event->actor && event->at && event->body;
}

static void copy_hash(sqlite3_stmt *row, int column, struct hash *out)
{
    *out = (struct hash){{0}};
    if (sqlite3_column_bytes(row, column) == HASH_SIZE)
        memcpy(out->bytes, sqlite3_column_blob(row, column), HASH_SIZE);
}

/* What an event cannot do without has been written before it. */
static int names_nothing_lost(struct exporter *x, const struct store_seen *event)
{
    char what[160], where[BUNDLE_NAME];
    int rc = json_parse(&x->doc, event->body, event->body_len, NULL, x->err);
    if (rc || !names_lost_by(&x->names, event->kind, &x->doc.root, what, sizeof what))
        return rc;
    snprintf(where, sizeof where, "%s/%s/%lld", event->run, event->turn, (long long)event->n);
    return export_lost(x, what, where);
}

static int write_event(struct exporter *x, sqlite3_stmt *row, enum bundle_kind kind)
{
    struct store_seen event;
    struct hash prev, hash;
    bool whole = read_event(row, &event);
    if (is_starved(x))
        return no_text(x);
    if (!whole)
        return export_corrupt(x, "an event of", x->run);
    if (strcmp(event.kind, "dropped") == 0)
        return err_set(x->err, ERR_NOT_FOUND,
                       "the run %s was dropped: orket gc kept its hashes only", x->run);
    copy_hash(row, 11, &hash);
    copy_hash(row, 12, &prev);
    if (!event_hash_is(&prev, &event, &hash)) {
        char where[BUNDLE_NAME];
        snprintf(where, sizeof where, "%s/%s/%lld", event.run, event.turn, (long long)event.n);
        return export_corrupt(x, "the event", where);
    }
    int rc = names_nothing_lost(x, &event);
    if (rc)
        return rc;
    bundle_event(&x->bundle, kind, &event, &prev, &hash);
    return 0;
}

/* What is done with each event of a list. */
typedef int event_fn(struct exporter *x, sqlite3_stmt *row);

static int speaks_of_blobs(struct exporter *x, sqlite3_stmt *row)
{
    const char *text = text_of(row, 10);
    return text ? export_blobs(x, text, (size_t)sqlite3_column_bytes(row, 10)) : no_text(x);
}

static int speaks_of_messages(struct exporter *x, sqlite3_stmt *row)
{
    const char *text = text_of(row, 10);
    return text ? export_messages(x, text, (size_t)sqlite3_column_bytes(row, 10)) : no_text(x);
}

static int is_event(struct exporter *x, sqlite3_stmt *row)
{
    return write_event(x, row, BUNDLE_EVENT);
}

static int is_prefix(struct exporter *x, sqlite3_stmt *row)
{
    return write_event(x, row, BUNDLE_PREFIX);
}

static int is_board(struct exporter *x, sqlite3_stmt *row)
{
    return write_event(x, row, BUNDLE_BOARD);
}

static int each_event(struct exporter *x, const struct buf *list, event_fn *fn)
{
    const int64_t *seqs = (const int64_t *)(const void *)list->data;
    int rc = 0;
    for (size_t i = 0; !rc && i < list->len / sizeof *seqs; i++) {
        sqlite3_bind_int64(x->stmts[EXPORT_EVENT], 1, seqs[i]);
        rc = export_row(x, EXPORT_EVENT);
        if (rc == 0)
            rc = export_corrupt(x, "an event of", x->run);
        else if (rc > 0)
            rc = fn(x, x->stmts[EXPORT_EVENT]);
        sqlite3_reset(x->stmts[EXPORT_EVENT]);
    }
    return rc;
}

static int keep_seq(struct exporter *x, sqlite3_stmt *row, struct buf *list)
{
    int64_t seq = sqlite3_column_int64(row, 0);
    buf_put(list, &seq, sizeof seq);
    return buf_ok(list) ? 0 : err_set(x->err, ERR_MEMORY, "out of memory");
}

static int keep_event(struct exporter *x, sqlite3_stmt *row)
{
    return keep_seq(x, row, &x->part->events);
}

static int keep_board(struct exporter *x, sqlite3_stmt *row)
{
    return keep_seq(x, row, &x->board);
}

/* ---- generations ---- */

static int put_generation(struct exporter *x, sqlite3_stmt *row)
{
    char what[160];
    const char *id = text_of(row, 0), *files = text_of(row, 1);
    if (!id || !files)
        return no_text(x);
    size_t len = (size_t)sqlite3_column_bytes(row, 1);
    int rc = json_parse(&x->doc, files, len, NULL, x->err);
    if (rc)
        return rc;
    if (names_lost_in(&x->names, &x->doc.root, what, sizeof what))
        return export_lost(x, what, id);
    struct hash hash = names_generation(id, strlen(id));
    bundle_generation(&x->bundle, id, files, len);
    return names_add(&x->names, BUNDLE_GENERATION, &hash)
               ? 0
               : err_set(x->err, ERR_MEMORY, "out of memory");
}

static int put_scripts(struct exporter *x, sqlite3_stmt *row)
{
    const char *text = text_of(row, 1);
    return text ? export_blobs(x, text, (size_t)sqlite3_column_bytes(row, 1)) : no_text(x);
}

/* ---- parts ---- */

static size_t part_count(const struct exporter *x)
{
    return x->parts.len / sizeof(struct export_part);
}

static struct export_part *part_at(const struct exporter *x, size_t i)
{
    return (struct export_part *)(void *)x->parts.data + i;
}

static int add_part(struct exporter *x, sqlite3_stmt *row)
{
    struct export_part part = {.upto = sqlite3_column_int64(row, 1)};
    const char *run = text_of(row, 0);
    if (!run)
        return no_text(x);
    snprintf(part.run, sizeof part.run, "%s", run);
    buf_put(&x->parts, &part, sizeof part);
    return buf_ok(&x->parts) ? 0 : err_set(x->err, ERR_MEMORY, "out of memory");
}

static int open_part(struct exporter *x, struct export_part *part, const struct signer *signer)
{
    x->run = part->run;
    x->part = part;
    int rc = export_head(x, signer, part);
    return rc ? rc : export_each(x, list_run, keep_event);
}

/* The parts with their heads and events; then the run is worked on again. */
static int open_parts(struct exporter *x, const struct signer *signer)
{
    int rc = export_each(x, list_parts, add_part);
    for (size_t i = 0; !rc && i < part_count(x); i++)
        rc = open_part(x, part_at(x, i), signer);
    return rc;
}

static int each_part(struct exporter *x, event_fn *fn)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < part_count(x); i++)
        rc = each_event(x, &part_at(x, i)->events, fn);
    return rc;
}

static int write_parts(struct exporter *x)
{
    size_t sources = part_count(x) - 1;
    int rc = 0;
    for (size_t i = 0; !rc && i < sources; i++) {
        struct export_part *part = part_at(x, i);
        rc = each_event(x, &part->events, is_prefix);
        if (!rc)
            bundle_source(&x->bundle, &part->head, part->upto, &part->signature);
    }
    return rc ? rc : each_event(x, &part_at(x, sources)->events, is_event);
}

/* ---- all of it ---- */

static int write_records(struct exporter *x)
{
    int rc = export_each(x, list_generations, put_scripts);
    rc = rc ? rc : each_part(x, speaks_of_blobs);
    rc = rc ? rc : each_event(x, &x->board, speaks_of_blobs);
    export_forget(x); // what is no blob may be a message
    rc = rc ? rc : each_part(x, speaks_of_messages);
    rc = rc ? rc : export_each(x, list_generations, put_generation);
    rc = rc ? rc : write_parts(x);
    return rc ? rc : each_event(x, &x->board, is_board);
}

static int write_bundle(struct exporter *x, const struct signer *signer, const char *engine,
                        struct store_exported *out)
{
    struct sign_public key = signer_public(signer);
    int rc = open_parts(x, signer);
    rc = rc ? rc : export_each(x, list_board, keep_board);
    if (rc)
        return rc;
    struct export_part *whole = x->part;
    bundle_header(&x->bundle, x->run, engine, &key);
    rc = write_records(x);
    rc = rc ? rc : bundle_finish(&x->bundle, &whole->head, &whole->signature, signer, x->err);
    *out =
        (struct store_exported){.records = x->bundle.records, .hash = whole->head.hash, .key = key};
    memcpy(out->counts, x->bundle.counts, sizeof out->counts);
    return rc;
}

static int prepare(struct exporter *x)
{
    int rc = 0;
    for (int i = 0; !rc && i < EXPORT_STATEMENTS; i++)
        rc = db_prepare(x->store->reader, texts[i], strlen(texts[i]), &x->stmts[i], NULL, x->err);
    return rc;
}

static void release(struct exporter *x)
{
    for (int i = 0; i < EXPORT_STATEMENTS; i++)
        sqlite3_finalize(x->stmts[i]);
    for (size_t i = 0; i < part_count(x); i++)
        buf_clear(&part_at(x, i)->events);
    bundle_clear(&x->bundle);
    names_clear(&x->names);
    json_doc_clear(&x->doc);
    buf_clear(&x->parts);
    buf_clear(&x->board);
    buf_clear(&x->seen);
    buf_clear(&x->bytes);
    buf_clear(&x->stack);
}

static int open_signer(struct store *store, struct signer **signer, struct err *err)
{
    struct buf dir = {0};
    store_dir(&store->options, &dir);
    int rc = buf_ok(&dir) ? signer_open(dir.data, true, signer, err)
                          : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&dir);
    return rc;
}

int store_export(struct store *store, const char *run, const char *engine, int fd,
                 struct store_exported *out, struct err *err)
{
    struct exporter x = {.store = store, .run = run, .err = err};
    struct signer *signer;
    int rc = open_signer(store, &signer, err);
    if (rc)
        return rc;
    bundle_open(&x.bundle, fd);
    reader_let_go(store);
    rc = db_exec(store->reader, "BEGIN", err); // one moment for all of it
    store->held = rc == 0;
    rc = rc ? rc : prepare(&x);
    rc = rc ? rc : write_bundle(&x, signer, engine, out);
    release(&x);
    reader_let_go(store);
    signer_close(signer);
    return rc;
}
