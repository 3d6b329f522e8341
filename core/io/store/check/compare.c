/* compare.c: two databases that should have the same rows, and the report of what differs. */
#include <string.h>

#include "io/store/check/report.h"

#define PROBLEMS_MAX 20

void report_text(struct report *report, const char *key, const char *text)
{
    if (!text)
        return;
    json_key(&report->out, key, strlen(key));
    json_add_string(&report->out, text, utf8_valid(text, strlen(text)) ? strlen(text) : 0);
}

bool report_begin(struct report *report, const char *what, const char *where)
{
    if (report->problems++ >= PROBLEMS_MAX)
        return false;
    json_begin_object(&report->out);
    report_text(report, "what", what);
    report_text(report, "where", where);
    return true;
}

void report_end(struct report *report)
{
    json_end_object(&report->out);
}

static void add_value(struct json_builder *b, sqlite3_stmt *row, int column)
{
    char hex[HASH_HEX + 1];
    struct hash hash;
    const char *text;
    size_t len;
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        json_add_null(b);
        break;
    case SQLITE_INTEGER:
        json_add_int(b, sqlite3_column_int64(row, column));
        break;
    case SQLITE_FLOAT:
        json_add_real(b, sqlite3_column_double(row, column));
        break;
    case SQLITE_TEXT:
        text = (const char *)sqlite3_column_text(row, column);
        len = (size_t)sqlite3_column_bytes(row, column);
        json_add_string(b, text, utf8_valid(text, len) ? len : 0);
        break;
    default: /* other bytes show as their hash */
        hash = hash_of(sqlite3_column_blob(row, column), (size_t)sqlite3_column_bytes(row, column));
        hash_hex(&hash, hex);
        json_add_text(b, hex);
    }
}

static void add_row(struct json_builder *b, const char *key, sqlite3_stmt *row, bool is_there)
{
    json_key(b, key, strlen(key));
    if (!is_there) {
        json_add_null(b);
        return;
    }
    json_begin_object(b);
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        const char *name = sqlite3_column_name(row, i);
        json_key(b, name, strlen(name));
        add_value(b, row, i);
    }
    json_end_object(b);
}

/* No conversion: that would need memory. */
static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column);
    if (type != sqlite3_column_type(b, column))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
    if (type == SQLITE_FLOAT) {
        double x = sqlite3_column_double(a, column), y = sqlite3_column_double(b, column);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    const void *left = sqlite3_column_blob(a, column), *right = sqlite3_column_blob(b, column);
    int len = sqlite3_column_bytes(a, column);
    return len == sqlite3_column_bytes(b, column) &&
           (len == 0 || memcmp(left, right, (size_t)len) == 0);
}

static bool same_row(sqlite3_stmt *a, sqlite3_stmt *b)
{
    if (sqlite3_column_count(a) != sqlite3_column_count(b))
        return false;
    for (int i = 0; i < sqlite3_column_count(a); i++)
        if (!same_value(a, b, i))
            return false;
    return true;
}

/* Both in the same order, side by side. */
static int compare_rows(struct report *report, const char *table, sqlite3_stmt *stored,
                        sqlite3_stmt *rebuilt, struct err *err)
{
    for (;;) {
        int a = sqlite3_step(stored), b = sqlite3_step(rebuilt);
        if (a != SQLITE_ROW && a != SQLITE_DONE)
            return db_fail(sqlite3_db_handle(stored), a, err);
        if (b != SQLITE_ROW && b != SQLITE_DONE)
            return db_fail(sqlite3_db_handle(rebuilt), b, err);
        if (a == SQLITE_DONE && b == SQLITE_DONE)
            return 0;
        report->rows++;
        if (a == b && same_row(stored, rebuilt))
            continue;
        if (report_begin(report, "projection", table)) {
            add_row(&report->out, "stored", stored, a == SQLITE_ROW);
            add_row(&report->out, "rebuilt", rebuilt, b == SQLITE_ROW);
            report_end(report);
        }
        return 0;
    }
}

int compare_query(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, const char *table,
                  const char *sql, struct err *err)
{
    sqlite3_stmt *a = NULL, *b = NULL;
    struct err why = {0};
    int rc = db_prepare(rebuilt, sql, strlen(sql), &b, NULL, err);
    if (!rc && !db_prepare(stored, sql, strlen(sql), &a, NULL, &why)) {
        rc = compare_rows(report, table, a, b, err);
    } else if (!rc && report_begin(report, "projection", table)) {
        report_text(report, "why", why.text);
        report_end(report);
    }
    sqlite3_finalize(a);
    sqlite3_finalize(b);
    return rc;
}

int compare_projections(struct report *report, sqlite3 *stored, sqlite3 *rebuilt, struct err *err)
{
    static const char list[] =
        "SELECT name, (SELECT group_concat(name, ', ') FROM (SELECT name FROM "
        "pragma_table_info(t.name) "
        "WHERE pk > 0 ORDER BY pk)) FROM sqlite_schema t WHERE type = 'table' AND name NOT LIKE "
        "'sqlite%' "
        "AND name NOT IN (" DB_TRUTH ") AND name NOT LIKE " DB_INDEX " ORDER BY name";
    sqlite3_stmt *tables = NULL;
    int step = SQLITE_DONE, rc = db_prepare(rebuilt, list, sizeof list - 1, &tables, NULL, err);
    while (!rc && (step = sqlite3_step(tables)) == SQLITE_ROW) {
        char sql[256];
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        const char *key = (const char *)sqlite3_column_text(tables, 1);
        if (!table || !key) {
            rc = err_set(err, ERR_MEMORY, "out of memory");
            break;
        }
        snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY %s", table, key);
        rc = compare_query(report, stored, rebuilt, table, sql, err);
    }
    if (!rc && step != SQLITE_DONE) // some tables were not looked at
        rc = db_fail(rebuilt, step, err);
    sqlite3_finalize(tables);
    return rc;
}
