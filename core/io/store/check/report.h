/* report.h: what a check found, and the comparison of two databases (compare.c). */
#ifndef IO_STORE_REPORT_H
#define IO_STORE_REPORT_H

#include "base/json.h"
#include "io/store/db/db.h"

/* An array of problems under construction. */
struct report {
    struct json_doc doc;
    struct json_builder out;
    int64_t problems, rows;
};
/* Begins a problem with two texts (NULL = left out); false when enough were reported. */
bool report_begin(struct report *report, const char *what, const char *where);
void report_text(struct report *report, const char *key, const char *text);
void report_end(struct report *report);
/* Runs the query on both; the first row that differs becomes a problem of `table`. */
int compare_query(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, const char *table,
                  const char *sql, struct err *err);
/* Signed heads (check_heads.c): is each signed by the project's key, and over what the journal
 * says? */
int check_heads(struct report *report, sqlite3 *db, const struct store_options *options,
                int64_t *count, struct err *err);
/* All projections, each ordered by its primary key. */
int compare_projections(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, struct err *err);
/* The full-text index (compare_index.c), by what it says. */
int compare_index(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, struct err *err);

#endif
