/* snapshot_lazy.c: a moment of the past without trees and costs. Which turns there were the file
 * tells, so that most events are passed over; and what an event changes of its card alone is put
 * off until somebody looks at the card, which is most often never. */
#include <string.h>

#include "io/store/project/rebuild.h"

enum { SCAN, AROUND };

static const char *const texts[] = {
    /* The commits that are of use, how far they reach, their cards. Files are passed over unless
     * they carry labels, of which others are asked, and of a turn's replies all but that of its
     * first step: that there are some. */
    [SCAN] = "SELECT e.seq, r.reach, coalesce(iif(e.actor IS NULL, s.card, e.card), '') "
             "FROM main.entry e LEFT JOIN temp.reach r ON r.id = e.kind "
             "LEFT JOIN main.stream s ON s.id = e.stream "
             "WHERE e.seq > ?1 AND e.seq <= ?2 AND r.reach IS NOT 0 "
             "AND (e.kind IS NOT (SELECT id FROM main.kind WHERE name = 'file.written') OR "
             "instr(e.body, '\"labels\"')) "
             "AND (e.step <= 1 OR e.kind IS NOT (SELECT id FROM main.kind WHERE name = "
             "'step.reply')) ORDER BY e.seq",
    /* the cards that are looked at with the card ?1 */
    [AROUND] =
        "SELECT epic FROM card WHERE id = ?1 UNION ALL SELECT parent FROM card WHERE id = ?1 "
        "UNION ALL SELECT needs FROM dependency WHERE card = ?1 "
        "UNION ALL SELECT source FROM lineage WHERE card = ?1 "
        "UNION ALL SELECT l.source FROM card c JOIN lineage l ON l.card = c.epic WHERE c.id = ?1",
};
_Static_assert(COUNT_OF(texts) == COUNT_OF(((struct snapshot_lazy *)0)->statements),
               "one for each");

/* The event that was a stream's head then is found from the head in the file back; a turn that had
 * ended by then has it almost at once. The turns are the file's, but for what becomes of them: that
 * they had a reply by then, had ended, and which labels, is kept beside them; what they cost is
 * left out. */
const char snapshot_lazy_views[] =
    "CREATE TEMP VIEW stream AS SELECT id, run, turn, card, actor, role, ("
    "WITH RECURSIVE back (seq, prev) AS ("
    "SELECT e.seq, e.prev FROM main.entry e WHERE e.seq = s.seq UNION ALL "
    "SELECT e.seq, e.prev FROM back JOIN main.entry e ON e.seq = back.prev "
    "WHERE back.seq > (SELECT seq FROM moment) AND e.seq < back.seq) "
    "SELECT min(seq) FROM back) AS seq "
    "FROM main.stream s;"
    "CREATE TEMP TABLE replied (run TEXT, turn ANY, PRIMARY KEY (run, turn)) "
    "STRICT, WITHOUT ROWID; "
    "CREATE TEMP TABLE ended (run TEXT, turn ANY, PRIMARY KEY (run, turn)) "
    "STRICT, WITHOUT ROWID; "
    "CREATE TEMP TABLE labelled (run TEXT, turn ANY, labels TEXT, PRIMARY KEY (run, turn)) "
    "STRICT, WITHOUT ROWID; "
    "CREATE TEMP VIEW turn AS SELECT run, turn, seq, card, seat, role, generation, engine, model, "
    "iif((run, turn) IN ended, outcome, NULL) AS outcome, (run, turn) IN replied OR (run, turn) IN "
    "ended AS steps, 0 AS tokens_in, 0 AS tokens_out, started_at, arm, (SELECT l.labels FROM "
    "labelled l WHERE l.run = t.run AND l.turn = t.turn) AS labels "
    "FROM main.turn t WHERE seq <= (SELECT seq FROM moment)";

void snapshot_lazy_close(struct snapshot_lazy *lazy)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        sqlite3_finalize(lazy->statements[i]);
    deferred_clear(&lazy->deferred);
}

static int statement(struct snapshot *snapshot, int which, sqlite3_stmt **out, struct err *err)
{
    int rc = db_keep(snapshot->projector.db, texts[which], &snapshot->lazy.statements[which], err);
    *out = snapshot->lazy.statements[which];
    return rc;
}

static int settle(struct snapshot *snapshot, const char *card, struct err *err)
{
    int64_t seq;
    int rc = 0;
    while (!rc && deferred_take(&snapshot->lazy.deferred, card, &seq))
        rc = snapshot_project(snapshot, seq, err);
    return rc;
}

/* What is put off looks at its card alone, so that it does not matter which card comes first. */
static int settle_all(struct snapshot *snapshot, struct err *err)
{
    const char *card;
    int rc = 0;
    for (size_t at = 0; !rc && (card = deferred_each(&snapshot->lazy.deferred, &at));)
        rc = settle(snapshot, card, err);
    return rc;
}

/* An event looks at cards as they were before it. */
static int project_now(struct snapshot *snapshot, int64_t seq, bool wide, const char *card,
                       struct err *err)
{
    int rc = wide ? settle_all(snapshot, err) : settle(snapshot, card, err);
    return rc ? rc : snapshot_project(snapshot, seq, err);
}

/* One of a kind that nobody knew when the moment was made may look at anything. */
static int take(struct snapshot *snapshot, sqlite3_stmt *row, struct err *err)
{
    int64_t seq = sqlite3_column_int64(row, 0);
    bool known = sqlite3_column_type(row, 1) != SQLITE_NULL;
    int reach = known ? sqlite3_column_int(row, 1) : PROJECT_WIDE;
    const char *card = (const char *)sqlite3_column_text(row, 2);
    if (!card)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (reach != PROJECT_OWN)
        return project_now(snapshot, seq, reach == PROJECT_WIDE, card, err);
    return deferred_add(&snapshot->lazy.deferred, card, seq)
               ? err_set(err, ERR_MEMORY, "out of memory")
               : 0;
}

int snapshot_lazy_go_on(struct snapshot *snapshot, int64_t after, int64_t upto, struct err *err)
{
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE, rc = statement(snapshot, SCAN, &stmt, err);
    if (rc)
        return rc;
    snapshot->lazy.looked = false;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, upto);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = take(snapshot, stmt, err);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(snapshot->projector.db, step, err);
    sqlite3_reset(stmt);
    return rc;
}

/* Appends the cards that are looked at with a card, each with its NUL. */
static int around(struct snapshot *snapshot, const char *card, struct buf *out, struct err *err)
{
    sqlite3_stmt *stmt;
    int step = SQLITE_DONE, rc = statement(snapshot, AROUND, &stmt, err);
    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, card, -1, SQLITE_STATIC);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
        if (sqlite3_column_type(stmt, 0) == SQLITE_TEXT)
            buf_put(out, sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0) + 1);
    if (step != SQLITE_DONE)
        rc = db_fail(snapshot->projector.db, step, err);
    else if (!buf_ok(out))
        rc = err_set(err, ERR_MEMORY, "out of memory");
    sqlite3_reset(stmt);
    return rc;
}

static int settle_around(struct snapshot *snapshot, const char *card, struct err *err)
{
    struct buf cards = {0};
    int rc = settle(snapshot, card, err);
    rc = rc ? rc : around(snapshot, card, &cards, err);
    for (size_t at = 0; !rc && at < cards.len; at += strlen(cards.data + at) + 1)
        rc = settle(snapshot, cards.data + at, err);
    buf_clear(&cards);
    return rc;
}

int snapshot_lazy_look(struct snapshot *snapshot, const char *card, struct err *err)
{
    snapshot->lazy.looked = true;
    return card ? settle_around(snapshot, card, err) : settle_all(snapshot, err);
}
