/* chunk.h: bytes that are cut where the pages of the database end (005_piece.sql). */
#ifndef IO_STORE_CHUNK_H
#define IO_STORE_CHUNK_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"

/* What is believed to be free on the last page of a table. Wrong when the process is new, or after
 * a rollback: that costs some bytes once, nothing else. */
struct chunk_room {
    size_t page, blob, message, chunk;
};

/* Bytes of a row beside those that are stored: its place on the page, its header, its columns. */
#define CHUNK_BLOB    52
#define CHUNK_MESSAGE 58

/* How many of len bytes go into the next row of the table with this room; takes them from it. */
size_t chunk_fit(const struct chunk_room *rooms, size_t *room, size_t beside, size_t len);

/* Adds the chunks (statement: INSERT INTO piece (more, bytes) VALUES (?, ?)); *first = 0 when there
 * is nothing to add. */
int chunk_add(sqlite3_stmt *insert, struct chunk_room *rooms, const char *bytes, size_t len,
              int64_t *first, struct err *err) MUST_CHECK;

#define CHUNK_INSERT "INSERT INTO piece (more, bytes) VALUES (?, ?)"
#define CHUNK_SELECT "SELECT bytes, more FROM piece WHERE id = ?1"

/* Appends the chunks from `first` on (0: none) with a statement of CHUNK_SELECT; *count grows by
 * their number (may be NULL). ERR_STORE_CORRUPT when one is missing, ERR_STORE_*. */
int chunk_read(sqlite3_stmt *select, int64_t first, struct buf *out, int64_t *count,
               struct err *err) MUST_CHECK;

#endif
