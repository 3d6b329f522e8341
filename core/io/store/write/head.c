/* head.c: the streams of a run, folded into its hash. */
#include "io/store/write/head.h"

#include <string.h>

#include "io/store/db/db.h"

static void add_stream(struct run_head *head, sqlite3_stmt *row)
{
    struct hash last = {{0}};
    if (sqlite3_column_bytes(row, 1) == HASH_SIZE)
        memcpy(last.bytes, sqlite3_column_blob(row, 1), HASH_SIZE);
    head->hash = run_hash(&head->hash, (const char *)sqlite3_column_text(row, 0), &last);
    head->events += sqlite3_column_int64(row, 2);
}

int head_find(sqlite3_stmt *stmt, const char *run, int64_t seq, struct run_head *out,
              struct err *err)
{
    int step, rc = 0;
    *out = (struct run_head){.run = run};
    sqlite3_bind_text(stmt, 1, run, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, seq);
    while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
        add_stream(out, stmt);
    if (step != SQLITE_DONE)
        rc = db_fail(sqlite3_db_handle(stmt), step, err);
    else if (out->events == 0)
        rc = err_set(err, ERR_NOT_FOUND, "no run %s", run);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc;
}
