/* past.c: a moment of the past. The connection is read-only; what is made here lies in its temporary
 * database, whose names come before the file's: `card`, `stream`, `entry` … are then those of the
 * moment, blobs and messages, which never change, are the file's own. SQLite keeps little of it in
 * memory, the rest in a file without a name: nothing is left behind, however the process ends. */
#include <string.h>

#include "io/store/rebuild.h"

static int check_moment(sqlite3 *db, int64_t upto, struct err *err)
{
    static const char text[] = "SELECT coalesce(max(seq), 0) FROM main.entry";
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(db, text, sizeof text - 1, &stmt, NULL, err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    int64_t last = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    if (step != SQLITE_ROW)
        rc = db_fail(db, step, err);
    sqlite3_finalize(stmt);
    if (rc || (upto >= 0 && upto <= last))
        return rc;
    err_set(err, ERR_NOT_FOUND, "there is no event %lld, the last one is %lld", (long long)upto,
            (long long)last);
    err_fix(err, "orket log --json shows each event with its number, seq");
    return ERR_NOT_FOUND;
}

/* The text of the file's schema, made for the temporary database. SQLite keeps each statement with
 * one blank between its first words. */
static int copy_one(sqlite3 *db, const char *sql, struct err *err)
{
    static const char create[] = "CREATE ";
    struct buf text = {0};
    if (strncmp(sql, create, sizeof create - 1) != 0)
        return err_set(err, ERR_STORE_CORRUPT, "its schema is not what orket made");
    const char *rest = sql + sizeof create - 1;
    bool is_index = strncmp(rest, "INDEX ", 6) == 0 || strncmp(rest, "UNIQUE ", 7) == 0;
    buf_printf(&text, "CREATE %s%s", is_index ? "" : "TEMP ", rest); // an index goes to its table
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

/* The streams' heads after the events of (after, upto], over those of before. */
static int add_streams(sqlite3 *db, int64_t after, int64_t upto, struct err *err)
{
    static const char text[] =
        "INSERT INTO temp.stream (id, run, turn, n, seq, card, actor, role) SELECT s.id, s.run, "
        "s.turn, max(e.n), e.seq, s.card, s.actor, s.role FROM main.entry e JOIN main.stream s ON "
        "s.id = e.stream WHERE e.seq > ?1 AND e.seq "
        "<= ?2 GROUP BY s.id ON CONFLICT (id) DO UPDATE SET n = excluded.n, seq = excluded.seq";
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(db, text, sizeof text - 1, &stmt, NULL, err);
    if (rc)
        return rc;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, upto);
    int step = sqlite3_step(stmt);
    if (step != SQLITE_DONE)
        rc = db_fail(db, step, err);
    sqlite3_finalize(stmt);
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

/* Most events are what a turn said and heard: no projection follows from them, so that a moment need
 * not read them. */
static void put_idle(struct buf *out, const struct projector *projector)
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

/* The moment itself is a row, so that going on changes no schema and statements stay prepared. */
static int go_on(sqlite3 *db, struct projector *projector, int64_t from, int64_t upto,
                 struct err *err)
{
    struct buf idle = {0};
    char sql[64];
    snprintf(sql, sizeof sql, "UPDATE temp.moment SET seq = %lld", (long long)upto);
    put_idle(&idle, projector);
    struct rebuild rebuild = {db, projector, from, upto, idle.data, each_event, err};
    int rc = buf_ok(&idle) ? rebuild_run(&rebuild, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&idle);
    rc = rc ? rc : add_streams(db, from, upto, err);
    rc = rc ? rc : db_exec(db, sql, err);
    return rc ? rc : db_exec(db, "COMMIT; PRAGMA query_only = ON", err);
}

int past_forward(sqlite3 *db, struct projector *projector, int64_t from, int64_t upto,
                 struct err *err)
{
    int rc = check_moment(db, upto, err);
    rc = rc ? rc : db_exec(db, "PRAGMA query_only = OFF; BEGIN", err);
    return rc ? rc : go_on(db, projector, from, upto, err);
}

int past_build(sqlite3 *db, struct projector *projector, int64_t upto, struct err *err)
{
    static const char moment[] = "CREATE TEMP TABLE moment (seq INTEGER NOT NULL);"
                                 "INSERT INTO temp.moment VALUES (0)";
    static const char events[] =
        "CREATE TEMP VIEW entry AS SELECT * FROM main.entry WHERE seq <= (SELECT seq FROM moment)";
    int rc = check_moment(db, upto, err);
    rc = rc ? rc : db_exec(db, "PRAGMA query_only = OFF; PRAGMA temp_store = FILE; BEGIN", err);
    rc = rc ? rc : copy_schema(db, err);
    rc = rc ? rc : db_exec(db, moment, err);
    rc = rc ? rc : db_exec(db, events, err);
    return rc ? rc : go_on(db, projector, 0, upto, err);
}
