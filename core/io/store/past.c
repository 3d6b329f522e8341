/* past.c: a moment of the past. The connection is read-only; what is made here lies in its temporary
 * database, whose names come before the file's: `card`, `stream`, `event` … are then those of the
 * moment, blobs and messages, which never change, are the file's own. SQLite keeps little of it in
 * memory, the rest in a file without a name: nothing is left behind, however the process ends. */
#include <string.h>

#include "io/store/rebuild.h"

static int check_moment(sqlite3 *db, int64_t upto, struct err *err)
{
    static const char text[] = "SELECT coalesce(max(seq), 0) FROM main.event";
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

static int add_events(sqlite3 *db, int64_t upto, struct err *err)
{
    char sql[512];
    snprintf(sql, sizeof sql,
             "CREATE TEMP VIEW event AS SELECT * FROM main.event WHERE seq <= %lld;"
             "INSERT INTO temp.stream (id, run, turn, n, seq) SELECT s.id, s.run, s.turn, max(e.n), "
             "e.seq FROM main.event e JOIN main.stream s ON s.id = e.stream WHERE e.seq <= %lld "
             "GROUP BY s.id",
             (long long)upto, (long long)upto);
    return db_exec(db, sql, err);
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

static int add_projections(sqlite3 *db, const struct store_options *options,
                           const struct sql_sections *kinds, struct err *err)
{
    struct projector projector;
    struct rebuild rebuild = {db, &projector, options->upto, each_event, err};
    if (projector_open(&projector, db, kinds))
        return err_set(err, ERR_MEMORY, "out of memory");
    int rc = rebuild_run(&rebuild, err);
    projector_close(&projector);
    return rc;
}

int past_build(sqlite3 *db, const struct store_options *options, const struct sql_sections *kinds,
               struct err *err)
{
    int rc = check_moment(db, options->upto, err);
    rc = rc ? rc : db_exec(db, "PRAGMA query_only = OFF; PRAGMA temp_store = FILE; BEGIN", err);
    rc = rc ? rc : copy_schema(db, err);
    rc = rc ? rc : add_projections(db, options, kinds, err);
    rc = rc ? rc : add_events(db, options->upto, err);
    return rc ? rc : db_exec(db, "COMMIT; PRAGMA query_only = ON", err);
}
