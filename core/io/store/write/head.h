/* head.h: the head of a run (proof.h), as it is and as it was. */
#ifndef IO_STORE_HEAD_H
#define IO_STORE_HEAD_H

#include <sqlite3.h>

#include "io/keys/proof.h"

/* ?1 = run, ?2 = a commit: turn, hash and number of the last event of each stream as of then, in
 * the order of turns. Goes back over what came later, link by link. */
#define HEAD_SQL                                                                                   \
    "WITH RECURSIVE walk (turn, seq, prev, n, hash) AS ("                                          \
    "  SELECT s.turn, e.seq, e.prev, e.n, e.hash FROM stream s JOIN entry e ON e.seq = s.seq "     \
    "  WHERE s.run = ?1"                                                                           \
    "  UNION ALL SELECT w.turn, e.seq, e.prev, e.n, e.hash FROM walk w JOIN entry e "              \
    "  ON e.seq = w.prev WHERE w.seq > ?2 AND e.seq < w.seq)"                                      \
    "SELECT turn, hash, n FROM walk WHERE seq <= ?2 ORDER BY turn"

/* Runs a statement of HEAD_SQL. ERR_NOT_FOUND (the run had no event yet), ERR_STORE_*. */
int head_find(sqlite3_stmt *stmt, const char *run, int64_t seq, struct run_head *out,
              struct err *err) MUST_CHECK;

#endif
