/* chunk.c: cutting and joining bytes. What is known of SQLite's pages: a page of a table has 8
 * bytes of its own; a row takes its bytes, a header of a byte or two for each column, and up to 9
 * for its place; up to page - 35 bytes it lies on one page, longer ones go on in pages of their
 * own. */
#include "io/store/db/chunk.h"

#include "io/store/db/db.h"

#define CHUNK_BESIDE 14
#define PAGE_OWN     8
#define PAGE_LOCAL   35
#define MIN_BYTES    40    /* less is not worth a row */
#define WHOLE        65536 /* from here on SQLite's own pages for long rows waste little */

size_t chunk_fit(const struct chunk_room *rooms, size_t *room, size_t beside, size_t len)
{
    size_t least = beside + (len < MIN_BYTES ? len : MIN_BYTES);
    if (*room < least)
        *room = rooms->page - PAGE_OWN;
    size_t n = *room - beside, local = rooms->page - PAGE_LOCAL - beside;
    n = n > local ? local : n;
    n = n > len ? len : n;
    *room -= beside + n;
    return n;
}

static int add_one(sqlite3_stmt *insert, const char *bytes, size_t len, bool more, struct err *err)
{
    sqlite3_bind_int(insert, 1, more);
    sqlite3_bind_blob(insert, 2, bytes, (int)len, SQLITE_STATIC);
    int step = sqlite3_step(insert);
    int rc = step == SQLITE_DONE ? 0 : db_fail(sqlite3_db_handle(insert), step, err);
    sqlite3_reset(insert);
    return rc;
}

int chunk_add(sqlite3_stmt *insert, struct chunk_room *rooms, const char *bytes, size_t len,
              int64_t *first, struct err *err)
{
    int rc = 0;
    *first = 0;
    while (!rc && len > 0) {
        size_t n = len < WHOLE ? chunk_fit(rooms, &rooms->chunk, CHUNK_BESIDE, len) : len;
        rc = add_one(insert, bytes, n, n < len, err);
        if (*first == 0)
            *first = sqlite3_last_insert_rowid(sqlite3_db_handle(insert));
        if (n >= WHOLE)
            rooms->chunk = 0;
        bytes += n;
        len -= n;
    }
    return rc;
}

int chunk_read(sqlite3_stmt *select, int64_t first, struct buf *out, int64_t *count,
               struct err *err)
{
    int rc = 0;
    for (int64_t id = first; !rc && id; id++) {
        sqlite3_bind_int64(select, 1, id);
        int step = sqlite3_step(select);
        if (step == SQLITE_ROW) {
            buf_put(out, sqlite3_column_blob(select, 0), (size_t)sqlite3_column_bytes(select, 0));
            if (count)
                ++*count;
            if (!sqlite3_column_int(select, 1))
                id = -1;
        } else {
            rc = step == SQLITE_DONE
                     ? err_set(err, ERR_STORE_CORRUPT, "a piece of a text is missing")
                     : db_fail(sqlite3_db_handle(select), step, err);
        }
        sqlite3_reset(select);
    }
    return !rc && !buf_ok(out) ? err_set(err, ERR_MEMORY, "out of memory") : rc;
}
