/* past.c: a moment of the past. The connection is read-only; what is made here lies in its temporary
 * database, whose names come before the file's: `card`, `entry`, `stream` … are then those of the
 * moment, blobs and messages, which never change, are the file's own. SQLite keeps little of it in
 * memory, the rest in a file without a name: nothing is left behind, however the process ends. */
#include <string.h>

#include "io/store/rebuild.h"

/* ---- statements that every step to a later moment needs ---- */

enum { LAST, EVENTS, STREAMS, MOMENT };

static const char *const texts[] = {
    [LAST] = "SELECT coalesce(max(seq), 0) FROM main.entry",
    /* Most events are what a turn said and heard: no projection follows from them, so that a moment
     * need not read them. A kind that the file has got since is not among them. A sparse one passes
     * over files as well, unless they carry labels, of which others are asked, and of a turn's
     * replies over all but the first: that there are some. */
    [EVENTS] =
        "SELECT e.stream, s.run, s.turn, e.seq, e.step, e.n, coalesce(k.name, '?'), "
        "iif(e.actor IS NULL, s.card, e.card), coalesce(e.actor, s.actor), "
        "iif(e.actor IS NULL, s.role, e.role), event_time(e.at), event_body(e.body, e.names) "
        "FROM main.entry e LEFT JOIN main.kind k ON k.id = e.kind "
        "LEFT JOIN main.stream s ON s.id = e.stream "
        "WHERE e.seq > ?1 AND e.seq <= ?2 AND e.kind NOT IN (SELECT id FROM temp.idle) "
        "AND (e.kind NOT IN (SELECT id FROM temp.file) OR instr(e.body, '\"labels\"')) "
        "AND (e.step <= 1 OR e.kind NOT IN (SELECT id FROM temp.reply)) ORDER BY e.seq",
    /* the streams' heads after the events of (after, upto], over those of before */
    [STREAMS] =
        "INSERT INTO temp.stream (id, run, turn, n, seq, card, actor, role) SELECT s.id, s.run, "
        "s.turn, e.n, e.seq, s.card, s.actor, s.role FROM (SELECT stream, max(n) AS n, seq FROM "
        "main.entry WHERE seq > ?1 AND seq <= ?2 GROUP BY stream) e JOIN main.stream s ON s.id = "
        "e.stream WHERE true ON CONFLICT (id) DO UPDATE SET n = excluded.n, seq = excluded.seq",
    [MOMENT] = "UPDATE temp.moment SET seq = ?2",
};
_Static_assert(COUNT_OF(texts) == COUNT_OF(((struct past *)0)->statements), "one for each");

int past_open(struct past *past, sqlite3 *db, const struct sql_sections *kinds)
{
    *past = (struct past){0};
    return projector_open(&past->projector, db, kinds);
}

void past_close(struct past *past)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(past->statements[i]);
    if (past->projector.prepared)
        projector_close(&past->projector);
    *past = (struct past){0};
}

static int statement(struct past *past, int which, sqlite3_stmt **out, struct err *err)
{
    sqlite3_stmt **kept = &past->statements[which];
    int rc = 0;
    if (!*kept)
        rc = db_prepare(past->projector.db, texts[which], strlen(texts[which]), kept, NULL, err);
    *out = *kept;
    return rc;
}

static int run(struct past *past, int which, int64_t after, int64_t upto, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = statement(past, which, &stmt, err);
    if (rc)
        return rc;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, upto);
    int step = sqlite3_step(stmt);
    if (step != SQLITE_DONE)
        rc = db_fail(past->projector.db, step, err);
    sqlite3_reset(stmt);
    return rc;
}

static int find_last(struct past *past, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = statement(past, LAST, &stmt, err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        past->last = sqlite3_column_int64(stmt, 0);
    else
        rc = db_fail(past->projector.db, step, err);
    sqlite3_reset(stmt);
    return rc;
}

static int check_moment(struct past *past, int64_t upto, struct err *err)
{
    int rc = upto > 0 && upto <= past->last ? 0 : find_last(past, err);
    if (rc || (upto >= 0 && upto <= past->last))
        return rc;
    err_set(err, ERR_NOT_FOUND, "there is no event %lld, the last one is %lld", (long long)upto,
            (long long)past->last);
    err_fix(err, "orket log --json shows each event with its number, seq");
    return ERR_NOT_FOUND;
}

/* ---- the schema ---- */

/* The text of the file's schema, made for the temporary database. SQLite keeps each statement with
 * one blank between its first words. */
static int copy_one(sqlite3 *db, const char *sql, struct err *err)
{
    static const char create[] = "CREATE ";
    struct buf text = {0};
    if (strncmp(sql, create, sizeof create - 1) != 0)
        return err_set(err, ERR_STORE_CORRUPT, "its schema is not what orket made");
    const char *rest = sql + sizeof create - 1;
    static const char virtual[] = "VIRTUAL TABLE ";
    bool is_index = strncmp(rest, "INDEX ", 6) == 0 || strncmp(rest, "UNIQUE ", 7) == 0;
    if (strncmp(rest, virtual, sizeof virtual - 1) == 0)
        buf_printf(&text, "CREATE %stemp.%s", virtual, rest + sizeof virtual - 1);
    else // an index goes to its table
        buf_printf(&text, "CREATE %s%s", is_index ? "" : "TEMP ", rest);
    int rc = buf_ok(&text) ? db_exec(db, text.data, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&text);
    return rc;
}

/* Tables of the projections with their indexes, the streams, and the views over both; a sparse moment
 * has views of its own for streams and turns. The list is read whole before the first of them is
 * made. */
static int copy_schema(sqlite3 *db, bool sparse, struct err *err)
{
    static const char list[] =
        "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index', "
        "'view') AND (tbl_name = 'stream' OR tbl_name NOT IN (" DB_TRUTH ")) "
        "AND NOT (?1 AND tbl_name IN ('stream', 'turn')) "
        "AND (sql LIKE 'CREATE VIRTUAL%' OR tbl_name NOT LIKE " DB_INDEX ") "
        "ORDER BY type = 'view', type = 'index', name";
    struct buf all = {0};
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE, rc = db_prepare(db, list, sizeof list - 1, &stmt, NULL, err);
    if (!rc)
        sqlite3_bind_int(stmt, 1, sparse);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        buf_put(&all, sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0) + 1);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(db, step, err);
    sqlite3_finalize(stmt);
    if (!rc && !buf_ok(&all))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    for (size_t at = 0; !rc && at < all.len; at += strlen(all.data + at) + 1)
        rc = copy_one(db, all.data + at, err);
    buf_clear(&all);
    return rc;
}

static int each_event(void *ctx, sqlite3_stmt *row, const struct store_seen *event, bool whole,
                      const struct err *why)
{
    struct err *err = ctx;
    (void)row;
    (void)whole;
    if (!why)
        return 0;
    err_set(err, ERR_STORE_CORRUPT, "the event %lld cannot have happened: %s",
            (long long)event->seq, why->text);
    err_fix(err, "run `orket check` and restore .orket/ from a backup");
    return ERR_STORE_CORRUPT;
}

/* ---- moments ---- */

static void put_names(struct buf *out, const struct projector *projector)
{
    const char *between = "[";
    for (size_t i = 0; i < projector->kinds->count; i++) {
        if (project_does(projector, i))
            continue;
        buf_printf(out, "%s\"%s\"", between, projector->kinds->items[i].name);
        between = ",";
    }
    buf_printf(out, *between == '[' ? "[]" : "]");
}

/* The kinds that are passed over: always, or by a sparse moment. */
static int make_idle(struct past *past, bool sparse, struct err *err)
{
    struct buf sql = {0};
    buf_printf(&sql, "CREATE TEMP TABLE idle (id INTEGER PRIMARY KEY);"
                     "CREATE TEMP TABLE file (id INTEGER PRIMARY KEY);"
                     "CREATE TEMP TABLE reply (id INTEGER PRIMARY KEY);"
                     "INSERT INTO temp.idle SELECT id FROM main.kind WHERE name IN (SELECT value "
                     "FROM json_each('");
    put_names(&sql, &past->projector);
    buf_printf(&sql, "'));");
    if (sparse)
        buf_printf(&sql, "INSERT INTO temp.file SELECT id FROM main.kind WHERE name IN "
                         "('file.written', 'file.deleted');"
                         "INSERT INTO temp.reply SELECT id FROM main.kind WHERE name = 'step.reply'");
    int rc = buf_ok(&sql) ? db_exec(past->projector.db, sql.data, err)
                          : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&sql);
    return rc;
}

static int go_on(struct past *past, int64_t from, int64_t upto, struct err *err)
{
    sqlite3_stmt *events;
    int rc = statement(past, EVENTS, &events, err);
    if (rc)
        return rc;
    struct rebuild rebuild = {events, &past->projector, from, upto, each_event, err};
    rc = run(past, MOMENT, from, upto, err);
    rc = rc ? rc : rebuild_run(&rebuild, err);
    rc = rc || past->projector.sparse ? rc : run(past, STREAMS, from, upto, err);
    return rc || past->projector.sparse ? rc : db_exec(past->projector.db, "COMMIT", err);
}

int past_forward(struct past *past, int64_t from, int64_t upto, struct err *err)
{
    int rc = check_moment(past, upto, err);
    rc = rc || past->projector.sparse ? rc : db_exec(past->projector.db, "BEGIN", err);
    return rc ? rc : go_on(past, from, upto, err);
}

/* What answers as of the moment: a row, so that going on changes no schema; and the events. */
static const char moment[] =
    "CREATE TEMP TABLE moment (seq INTEGER NOT NULL); INSERT INTO temp.moment VALUES (0); "
    "CREATE TEMP VIEW entry AS SELECT * FROM main.entry WHERE seq <= (SELECT seq FROM moment)";

/* Where the heads of streams are not kept: the event that was a stream's head then, found from the
 * head in the file back; a turn that had ended by then has it at once. The turns are the file's, but
 * for what becomes of them: `ended` is the event that was or will be their end; that they had a reply
 * by then, and which labels, is kept beside them; what they cost is left out. */
static const char sparse_moment[] =
    "CREATE TEMP VIEW stream AS SELECT id, run, turn, card, actor, role, ("
    "WITH RECURSIVE back (seq, prev) AS ("
    "SELECT e.seq, e.prev FROM main.entry e WHERE e.seq = s.seq UNION ALL "
    "SELECT e.seq, e.prev FROM back JOIN main.entry e ON e.seq = back.prev "
    "WHERE back.seq > (SELECT seq FROM moment) AND e.seq < back.seq) "
    "SELECT min(seq) FROM back) AS seq "
    "FROM main.stream s;"
    "CREATE TEMP TABLE replied (run TEXT, turn ANY, PRIMARY KEY (run, turn)) STRICT, WITHOUT ROWID; "
    "CREATE TEMP TABLE labelled (run TEXT, turn ANY, labels TEXT, PRIMARY KEY (run, turn)) "
    "STRICT, WITHOUT ROWID; "
    "CREATE TEMP VIEW turn AS SELECT run, turn, seq, card, seat, role, generation, engine, model, "
    "iif(ended <= (SELECT seq FROM moment), outcome, NULL) AS outcome, ended, 0 AS "
    "tokens_in, 0 AS tokens_out, started_at, arm, EXISTS (SELECT 1 FROM replied r WHERE r.run = "
    "t.run AND r.turn = t.turn) AS steps, (SELECT l.labels FROM labelled l WHERE l.run = t.run AND "
    "l.turn = t.turn) AS labels "
    "FROM (SELECT *, (SELECT e.seq FROM main.stream s JOIN main.entry e ON e.seq = s.seq "
    "WHERE s.run = m.run AND s.turn = m.turn AND e.kind IN (SELECT id FROM main.kind WHERE name IN "
    "('turn.ended', 'turn.abandoned'))) AS ended "
    "FROM main.turn m WHERE m.seq <= (SELECT seq FROM moment)) t";

/* The file itself was opened for reading; setting query_only again would make SQLite prepare every
 * statement anew at each moment. */
int past_build(struct past *past, int64_t upto, bool sparse, struct err *err)
{
    sqlite3 *db = past->projector.db;
    past->projector.sparse = sparse;
    int rc = check_moment(past, upto, err);
    rc = rc ? rc : db_exec(db, "PRAGMA query_only = OFF; PRAGMA temp_store = FILE; PRAGMA "
                          "temp.journal_mode = MEMORY; PRAGMA temp.cache_size = -8000; BEGIN", err);
    rc = rc ? rc : copy_schema(db, sparse, err);
    rc = rc ? rc : db_exec(db, moment, err);
    rc = rc || !sparse ? rc : db_exec(db, sparse_moment, err);
    rc = rc ? rc : make_idle(past, sparse, err);
    return rc ? rc : go_on(past, 0, upto, err);
}
