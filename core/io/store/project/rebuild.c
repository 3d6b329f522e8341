/* rebuild.c: the events of a file, in the order of their commits, into projections elsewhere. For
 * check.c, which looks at every event as well, and for snapshot.c, which stops at a moment. */
#include <string.h>

#include "io/store/project/rebuild.h"

static const char *text_of(sqlite3_stmt *row, int column)
{
    return (const char *)sqlite3_column_text(row, column);
}

/* False: something of it is missing. */
static bool read_event(sqlite3_stmt *row, struct store_seen *event)
{
    *event = (struct store_seen){
        .run = text_of(row, REBUILD_RUN),
        .turn = text_of(row, REBUILD_TURN),
        .seq = sqlite3_column_int64(row, REBUILD_SEQ),
        .step = sqlite3_column_int64(row, REBUILD_STEP),
        .n = sqlite3_column_int64(row, REBUILD_N),
        .kind = text_of(row, REBUILD_KIND),
        .card = text_of(row, REBUILD_CARD),
        .actor = text_of(row, REBUILD_ACTOR),
        .role = text_of(row, REBUILD_ROLE),
        .at = text_of(row, REBUILD_AT),
        .body = text_of(row, REBUILD_BODY),
        .body_len = (size_t)sqlite3_column_bytes(row, REBUILD_BODY),
    };
    return event->run && event->turn && event->kind && event->actor && event->at && event->body;
}

/* 0, or why this event cannot have happened to the projections. */
static int apply(struct rebuild *rebuild, const struct store_seen *event, struct err *err)
{
    bool touched = false;
    int kind = sql_find(rebuild->projector->kinds, event->kind);
    return kind < 0 ? err_set(err, ERR_USAGE, "this program does not know its kind")
                    : project(rebuild->projector, kind, event, &touched, err);
}

/* The environment failed, which says nothing about the event; ERR_STORE: the temporary database has
 * no file to spill into. */
static bool is_machine(const struct rebuild *rebuild, int rc)
{
    if (rc == ERR_STORE)
        return (sqlite3_errcode(rebuild->projector->db) & 0xff) == SQLITE_CANTOPEN;
    return err_is_environment(rc) && rc != ERR_STORE_CORRUPT;
}

static int take(struct rebuild *rebuild, sqlite3_stmt *row, struct err *err)
{
    struct store_seen event;
    struct err why = {0};
    bool whole = read_event(row, &event);
    int rc = whole ? apply(rebuild, &event, &why)
                   : err_set(&why, ERR_STORE_CORRUPT, "it is not whole");
    if (is_machine(rebuild, rc)) {
        if (err)
            *err = why;
        return rc;
    }
    return rebuild->each(rebuild->ctx, row, &event, whole, rc ? &why : NULL);
}

int rebuild_prepare(sqlite3 *from, sqlite3_stmt **out, struct err *err)
{
    static const char all[] =
        "SELECT e.stream, s.run, s.turn, e.seq, e.step, e.n, e.kind, e.card, e.actor, e.role, "
        "e.at, e.body, e.hash, e.prev FROM main.event e LEFT JOIN main.stream s ON s.id = e.stream "
        "WHERE e.seq > ?1 AND e.seq <= ?2 ORDER BY e.seq";
    return db_prepare(from, all, sizeof all - 1, out, NULL, err);
}

int rebuild_run(struct rebuild *rebuild, struct err *err)
{
    sqlite3_stmt *stmt = rebuild->events;
    int step = SQLITE_DONE, rc = 0;
    sqlite3_bind_int64(stmt, 1, rebuild->after);
    sqlite3_bind_int64(stmt, 2, rebuild->upto);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = take(rebuild, stmt, err);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(sqlite3_db_handle(stmt), step, err);
    sqlite3_reset(stmt);
    return rc;
}
