/* snapshot.c: a moment of the past. The connection is read-only; what is made here lies in its
 * temporary database, whose names come before the file's: `card`, `entry`, `stream` … are then
 * those of the moment, blobs and messages, which never change, are the file's own. SQLite keeps
 * little of it in memory, the rest in a file without a name:
 * nothing is left behind, however the process ends. */
#include <string.h>

#include "io/store/project/rebuild.h"

/* ---- statements that every step to a later moment needs ---- */

enum { LAST, EVENTS, STREAMS, MOMENT };

static const char *const texts[] = {
    [LAST] = "SELECT coalesce(max(seq), 0) FROM main.entry",
    /* Most events are what a turn said and heard: nothing follows from them, so that a moment need
     * not read them. */
    [EVENTS] =
        "SELECT e.stream, s.run, s.turn, e.seq, e.step, e.n, coalesce(k.name, '?'), "
        "iif(e.actor IS NULL, s.card, e.card), coalesce(e.actor, s.actor), "
        "iif(e.actor IS NULL, s.role, e.role), event_time(e.at), event_body(e.body, e.names) "
        "FROM main.entry e LEFT JOIN main.kind k ON k.id = e.kind "
        "LEFT JOIN main.stream s ON s.id = e.stream WHERE e.seq > ?1 AND e.seq <= ?2 "
        "AND e.kind NOT IN (SELECT id FROM temp.idle) ORDER BY e.seq",
    /* the streams' heads after the events of (after, upto], over those of before */
    [STREAMS] =
        "INSERT INTO temp.stream (id, run, turn, n, seq, card, actor, role) SELECT s.id, s.run, "
        "s.turn, e.n, e.seq, s.card, s.actor, s.role FROM (SELECT stream, max(n) AS n, seq FROM "
        "main.entry WHERE seq > ?1 AND seq <= ?2 GROUP BY stream) e JOIN main.stream s ON s.id = "
        "e.stream WHERE true ON CONFLICT (id) DO UPDATE SET n = excluded.n, seq = excluded.seq",
    [MOMENT] = "UPDATE temp.moment SET seq = ?2",
};
_Static_assert(COUNT_OF(texts) == COUNT_OF(((struct snapshot *)0)->statements), "one for each");

int snapshot_open(struct snapshot *snapshot, sqlite3 *db, const struct sql_sections *kinds)
{
    *snapshot = (struct snapshot){0};
    return projector_open(&snapshot->projector, db, kinds);
}

void snapshot_close(struct snapshot *snapshot)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(snapshot->statements[i]);
    if (snapshot->projector.prepared)
        projector_close(&snapshot->projector);
    *snapshot = (struct snapshot){0};
}

static int statement(struct snapshot *snapshot, int which, sqlite3_stmt **out, struct err *err)
{
    int rc = db_keep(snapshot->projector.db, texts[which], &snapshot->statements[which], err);
    *out = snapshot->statements[which];
    return rc;
}

static int run(struct snapshot *snapshot, int which, int64_t after, int64_t upto, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = statement(snapshot, which, &stmt, err);
    if (rc)
        return rc;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, upto);
    int step = sqlite3_step(stmt);
    if (step != SQLITE_DONE)
        rc = db_fail(snapshot->projector.db, step, err);
    sqlite3_reset(stmt);
    return rc;
}

static int find_last(struct snapshot *snapshot, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = statement(snapshot, LAST, &stmt, err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    if (step == SQLITE_ROW)
        snapshot->last = sqlite3_column_int64(stmt, 0);
    else
        rc = db_fail(snapshot->projector.db, step, err);
    sqlite3_reset(stmt);
    return rc;
}

static int check_moment(struct snapshot *snapshot, int64_t upto, struct err *err)
{
    int rc = upto > 0 && upto <= snapshot->last ? 0 : find_last(snapshot, err);
    if (rc || (upto >= 0 && upto <= snapshot->last))
        return rc;
    err_set(err, ERR_NOT_FOUND, "there is no event %lld, the last one is %lld", (long long)upto,
            (long long)snapshot->last);
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

/* Tables of the projections with their indexes, the streams, and the views over both. The list is
 * read whole before the first of them is made. */
static int copy_schema(sqlite3 *db, struct err *err)
{
    static const char list[] =
        "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index', "
        "'view') AND (tbl_name = 'stream' OR tbl_name NOT IN (" DB_TRUTH ")) "
        "AND (sql LIKE 'CREATE VIRTUAL%' OR tbl_name NOT LIKE " DB_INDEX ") "
        "ORDER BY type = 'view', type = 'index', name";
    struct buf all = {0};
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE, rc = db_prepare(db, list, sizeof list - 1, &stmt, NULL, err);
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

static int project_events(struct snapshot *snapshot, int64_t after, int64_t upto, struct err *err)
{
    sqlite3_stmt *events;
    int rc = statement(snapshot, EVENTS, &events, err);
    if (rc)
        return rc;
    struct rebuild rebuild = {events, &snapshot->projector, after, upto, each_event, err};
    return rebuild_run(&rebuild, err);
}

/* ---- moments ---- */

/* What looks at the file's own rows by the moment sees those of the new one. */
static int go_on(struct snapshot *snapshot, int64_t from, int64_t upto, struct err *err)
{
    int rc = run(snapshot, MOMENT, from, upto, err);
    rc = rc ? rc : project_events(snapshot, from, upto, err);
    rc = rc ? rc : run(snapshot, STREAMS, from, upto, err);
    return rc ? rc : db_exec(snapshot->projector.db, "COMMIT", err);
}

int snapshot_forward(struct snapshot *snapshot, int64_t from, int64_t upto, struct err *err)
{
    int rc = check_moment(snapshot, upto, err);
    rc = rc ? rc : db_exec(snapshot->projector.db, "BEGIN", err);
    return rc ? rc : go_on(snapshot, from, upto, err);
}

/* What answers as of the moment: a row, so that going on changes no schema; and the events. */
static const char moment[] =
    "CREATE TEMP TABLE moment (seq INTEGER NOT NULL); INSERT INTO temp.moment VALUES (0); "
    "CREATE TEMP VIEW entry AS SELECT * FROM main.entry WHERE seq <= (SELECT seq FROM moment)";

/* The kinds from which nothing follows; one that the file gets later is not among them. */
static int make_idle(struct snapshot *snapshot, struct err *err)
{
    struct buf sql = {0};
    const struct projector *projector = &snapshot->projector;
    const char *between = "";
    buf_printf(&sql, "CREATE TEMP TABLE idle (id INTEGER PRIMARY KEY);"
                     "INSERT INTO temp.idle SELECT id FROM main.kind WHERE name IN (");
    for (size_t i = 0; i < projector->kinds->count; i++) {
        if (!project_is_idle(projector, i))
            continue;
        buf_printf(&sql, "%s'%s'", between, projector->kinds->items[i].name);
        between = ",";
    }
    buf_printf(&sql, ")");
    int rc = buf_ok(&sql) ? db_exec(projector->db, sql.data, err)
                          : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&sql);
    return rc;
}

/* The file itself was opened for reading; setting query_only again would make SQLite prepare every
 * statement anew at each moment. */
int snapshot_build(struct snapshot *snapshot, int64_t upto, struct err *err)
{
    sqlite3 *db = snapshot->projector.db;
    int rc = check_moment(snapshot, upto, err);
    rc = rc ? rc : db_exec(db, "PRAGMA query_only = OFF; PRAGMA temp_store = FILE; PRAGMA "
                          "temp.journal_mode = MEMORY; PRAGMA temp.cache_size = -8000; BEGIN", err);
    rc = rc ? rc : copy_schema(db, err);
    rc = rc ? rc : db_exec(db, moment, err);
    rc = rc ? rc : make_idle(snapshot, err);
    return rc ? rc : go_on(snapshot, 0, upto, err);
}
