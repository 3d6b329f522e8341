/* check_heads.c: is every run what was signed when it ended? */
#include <string.h>

#include "io/store/check/report.h"
#include "io/store/parts.h"
#include "io/store/write/head.h"

struct heads {
    struct report *report; /* NULL: the first problem is an error */
    const char *run;       /* NULL: all of them */
    sqlite3 *db;
    sqlite3_stmt *find;
    struct sign_public key; /* of the project */
    bool known;
    int64_t count;
    struct err *err;
};

static int problem(struct heads *heads, sqlite3_stmt *row, const char *why)
{
    char where[STORE_ID_MAX + 64];
    snprintf(where, sizeof where, "%s (commit %lld)", sqlite3_column_text(row, 0),
             (long long)sqlite3_column_int64(row, 1));
    if (!heads->report)
        return err_set(heads->err, ERR_STORE_CORRUPT, "%s: %s", where, why);
    if (!report_begin(heads->report, "head", where))
        return 0;
    report_text(heads->report, "why", why);
    report_end(heads->report);
    return 0;
}

/* Copies a column of exactly that size. */
static bool take(sqlite3_stmt *row, int column, void *out, size_t size)
{
    if ((size_t)sqlite3_column_bytes(row, column) != size)
        return false;
    memcpy(out, sqlite3_column_blob(row, column), size);
    return true;
}

static const char *fault_of(const struct heads *heads, sqlite3_stmt *row,
                            const struct run_head *now)
{
    struct run_head head = {.run = now->run, .events = sqlite3_column_int64(row, 2)};
    struct sign_public key;
    struct signature signature;
    if (!take(row, 3, head.hash.bytes, HASH_SIZE) || !take(row, 4, key.bytes, SIGN_PUBLIC) ||
        !take(row, 5, signature.bytes, SIGN_SIGNATURE))
        return "it is malformed";
    if (!head_verify(&key, &head, &signature))
        return "its signature is not over what it says";
    if (!heads->known)
        return "there is no key.pub to compare its key with";
    if (memcmp(key.bytes, heads->key.bytes, SIGN_PUBLIC) != 0)
        return "it is signed by another key than key.pub";
    if (head.events != now->events || !hash_equal(&head.hash, &now->hash))
        return "the events of the run are not those that were signed";
    return NULL;
}

static int check_signed(struct heads *heads, sqlite3_stmt *row)
{
    struct run_head now;
    const char *run = (const char *)sqlite3_column_text(row, 0);
    int rc = head_find(heads->find, run, sqlite3_column_int64(row, 1), &now, heads->err);
    heads->count++;
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    const char *why = fault_of(heads, row, &now);
    return why ? problem(heads, row, why) : 0;
}

static int check_unsigned(struct heads *heads, sqlite3_stmt *row)
{
    return problem(heads, row, "its end is not signed");
}

/* What a dropped run was, as it was noted when its contents went. */
static int check_dropped(struct heads *heads, sqlite3_stmt *row)
{
    struct run_head now;
    char hex[HASH_HEX + 1];
    const char *run = (const char *)sqlite3_column_text(row, 0),
               *hash = (const char *)sqlite3_column_text(row, 2);
    int rc = head_find(heads->find, run ? run : "", INT64_MAX, &now, heads->err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    hash_hex(&now.hash, hex);
    if (rc || !hash || strcmp(hash, hex) != 0 || sqlite3_column_int64(row, 3) != now.events)
        return problem(heads, row, "the run is not the one that was dropped");
    return 0;
}

/* A fork says what its source was at the moment it goes on from. */
static int check_forked(struct heads *heads, sqlite3_stmt *row)
{
    struct run_head then;
    char hex[HASH_HEX + 1];
    const char *of = (const char *)sqlite3_column_text(row, 2),
               *hash = (const char *)sqlite3_column_text(row, 3);
    int rc = head_find(heads->find, of ? of : "", sqlite3_column_int64(row, 4), &then, heads->err);
    if (rc && rc != ERR_NOT_FOUND)
        return rc;
    hash_hex(&then.hash, hex);
    if (rc || (hash && strcmp(hash, hex) != 0))
        return problem(heads, row, "what it is a fork of is not what it was then");
    return 0;
}

static int each(struct heads *heads, const char *sql,
                int (*fn)(struct heads *heads, sqlite3_stmt *row))
{
    sqlite3_stmt *stmt = NULL;
    int step = SQLITE_DONE, rc = db_prepare(heads->db, sql, strlen(sql), &stmt, NULL, heads->err);
    if (!rc)
        sqlite3_bind_text(stmt, 1, heads->run, -1, SQLITE_STATIC);
    while (!rc && (step = sqlite3_step(stmt)) == SQLITE_ROW)
        rc = fn(heads, stmt);
    if (!rc && step != SQLITE_DONE)
        rc = db_fail(heads->db, step, heads->err);
    sqlite3_finalize(stmt);
    return rc;
}

/* Without a key that is fit heads are told as that;
 * when the machine did not give it, nothing is. */
static int find_key(struct heads *heads, const struct store_options *options)
{
    struct buf dir = {0};
    store_dir(options, &dir);
    int rc = buf_ok(&dir) ? sign_read_public(dir.data, &heads->key, heads->err)
                          : err_set(heads->err, ERR_MEMORY, "out of memory");
    buf_clear(&dir);
    heads->known = rc == 0;
    return err_is_environment(rc) ? rc : 0;
}

static const struct {
    const char *sql; /* ?1 = the run, or NULL */
    int (*fn)(struct heads *heads, sqlite3_stmt *row);
} checks[] = {
    {"SELECT run, seq, events, hash, key, signature FROM head WHERE ?1 IS NULL OR run = ?1",
     check_signed},
    {"SELECT s.run, e.seq FROM event e JOIN stream s ON s.id = e.stream "
     "WHERE (?1 IS NULL OR s.run = ?1) AND e.kind = 'run.ended' AND NOT EXISTS "
     "(SELECT 1 FROM head h WHERE h.run = s.run AND h.seq >= e.seq)",
     check_unsigned},
    {"SELECT body ->> '$.run', seq, body ->> '$.hash', body ->> '$.events' FROM event "
     "WHERE kind = 'run.dropped' AND (?1 IS NULL OR body ->> '$.run' = ?1)",
     check_dropped},
    {"SELECT s.run, e.seq, e.body ->> '$.of', e.body ->> '$.hash', e.body ->> '$.at' "
     "FROM event e JOIN stream s ON s.id = e.stream "
     "WHERE e.kind = 'run.forked' AND (?1 IS NULL OR s.run = ?1)",
     check_forked},
};

static int check_all(struct heads *heads, const struct store_options *options)
{
    int rc = find_key(heads, options);
    rc = rc ? rc
            : db_prepare(heads->db, HEAD_SQL, sizeof HEAD_SQL - 1, &heads->find, NULL, heads->err);
    for (size_t i = 0; !rc && i < COUNT_OF(checks); i++)
        rc = each(heads, checks[i].sql, checks[i].fn);
    sqlite3_finalize(heads->find);
    return rc;
}

int store_proved(struct store *store, const char *run, struct err *err)
{
    struct heads heads = {.run = run, .db = store->reader, .err = err};
    return check_all(&heads, &store->options);
}

int check_heads(struct report *report, sqlite3 *db, const struct store_options *options,
                int64_t *count, struct err *err)
{
    struct heads heads = {.report = report, .db = db, .err = err};
    int rc = check_all(&heads, options);
    *count = heads.count;
    return rc;
}
