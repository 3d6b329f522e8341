/* compare_index.c: two full-text indexes that should say the same. How their words lie in segments
 * depends on how many came at once, so their tables cannot be compared; every word with its places
 * can, and so can what BM25 counts by: the words of each row, and their sums. */
#include "io/store/check/report.h"

#define SUMS "1" /* the row of FTS5's data that has the number of rows and of words */

/* The words of the index as a table. The file was opened for reading: only the connection's
 * temporary database can be written. */
static int show_words(sqlite3 *db, struct err *err)
{
    int rc = db_exec(db, "PRAGMA query_only = OFF", err);
    rc = rc ? rc
            : db_exec(db, "CREATE VIRTUAL TABLE temp.memory_said USING "
                          "fts5vocab('main', 'memory_fts', 'instance')", err);
    return rc;
}

int compare_index(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, struct err *err)
{
    static const char *const queries[] = {
        "SELECT k, v FROM memory_fts_config ORDER BY k",
        "SELECT id, sz FROM memory_fts_docsize ORDER BY id",
        ("SELECT id, block FROM memory_fts_data WHERE id = " SUMS),
        "SELECT term, doc, offset FROM temp.memory_said",
    };
    int rc = show_words(stored, err);
    rc = rc ? rc : show_words(rebuilt, err);
    for (size_t i = 0; !rc && i < COUNT_OF(queries); i++)
        rc = compare_query(report, stored, rebuilt, "memory_fts", queries[i], err);
    return rc;
}
