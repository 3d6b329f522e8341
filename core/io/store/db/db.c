/* db.c: one SQLite connection: its settings, and the migrations. */
#include <string.h>

#include "io/store/db/db.h"

#include "base/text/normalize.h"
#include "io/store/write/write.h"

#define APPLICATION_ID 0x4f726b74 /* "Orkt" */

int db_exec(sqlite3 *db, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc ? db_fail(db, rc, err) : 0;
}

int db_prepare(sqlite3 *db, const char *sql, size_t len, sqlite3_stmt **out, const char **tail,
               struct err *err)
{
    int rc = sqlite3_prepare_v3(db, sql, (int)len, SQLITE_PREPARE_PERSISTENT, out, tail);
    return rc ? db_fail(db, rc, err) : 0;
}

int db_keep(sqlite3 *db, const char *sql, sqlite3_stmt **kept, struct err *err)
{
    return *kept ? 0 : db_prepare(db, sql, strlen(sql), kept, NULL, err);
}

void store_dir(const struct store_options *options, struct buf *out)
{
    const char *slash = strrchr(options->path, '/');
    if (slash)
        buf_put(out, options->path, (size_t)(slash - options->path));
    else
        buf_putc(out, '.');
}

/* Reads as an integer: 0, or no leading zero and at most 18 digits. */
static bool is_number(const char *text, int64_t *value)
{
    size_t len = strlen(text);
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len || (len > 1 && text[0] == '0'))
        return false;
    *value = strtoll(text, NULL, 10);
    return true;
}

int db_bind_turn(sqlite3_stmt *stmt, int index, const char *turn)
{
    int64_t value;
    if (is_number(turn, &value))
        return sqlite3_bind_int64(stmt, index, value);
    return sqlite3_bind_text(stmt, index, turn, -1, SQLITE_STATIC);
}

/* ---- opening ---- */

static int configure(sqlite3 *db, const struct store_options *options, bool readonly,
                     struct err *err)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, DB_BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 1);
    int rc = db_functions(db, err);
    if (rc)
        return rc;
    rc =
        db_exec(db,
                "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                "PRAGMA secure_delete = OFF; PRAGMA cache_size = -8000;",
                err);
    if (rc)
        return rc;
    if (readonly)
        return db_exec(db, "PRAGMA query_only = ON", err);
    rc = db_exec(db,
                 "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
                 "PRAGMA journal_size_limit = 67108864;",
                 err);
    if (rc)
        return rc;
    return db_exec(db, options->hasty ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL",
                   err);
}

int db_open(const struct store_options *options, const char *path, bool readonly, sqlite3 **out,
            struct err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite3 *db = NULL;
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); // its counters are one lock for both threads
    int rc = sqlite3_open_v2(path, &db, flags, options->vfs);
    rc = rc ? db_fail(db, rc, err) : configure(db, options, readonly, err);
    if (rc) {
        sqlite3_close(db);
        db = NULL;
    }
    *out = db;
    return rc;
}

/* ---- migrations ---- */

/* The number of a file NNN_name.sql, or 0. */
static int number_of(const char *name)
{
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    return strspn(base, "0123456789") == 3 && base[3] == '_' ? atoi(base) : 0;
}

static int newest(const struct store_options *options)
{
    int max = 0;
    for (size_t i = 0; i < options->count; i++)
        max = number_of(options->files[i].name) > max ? number_of(options->files[i].name) : max;
    return max;
}

static int read_number(sqlite3 *db, const char *sql, int64_t *value, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(db, sql, strlen(sql), &stmt, NULL, err);
    if (rc)
        return rc;
    int step = sqlite3_step(stmt);
    *value = step == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return step == SQLITE_ROW ? 0 : db_fail(db, step, err);
}

static int read_version(sqlite3 *db, const struct store_options *options, int64_t *version,
                        struct err *err)
{
    int64_t application, tables;
    int rc = read_number(db, "PRAGMA user_version", version, err);
    if (!rc)
        rc = read_number(db, "PRAGMA application_id", &application, err);
    if (!rc)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (rc)
        return rc;
    if (tables > 0 && application != APPLICATION_ID) {
        err_set(err, ERR_STORE, "%s is a database of another program", options->path);
        err_fix(err, "name another file");
        return ERR_STORE;
    }
    if (*version > newest(options)) {
        err_set(err, ERR_STORE_NEWER, "the database has version %lld, this program reads up to %d",
                (long long)*version, newest(options));
        err_fix(err, "use the newer orket that wrote it");
        return ERR_STORE_NEWER;
    }
    return 0;
}

int db_touch(sqlite3 *db, struct err *err)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
    return db_exec(db, sql, err);
}

/* The log may lose this commit, so it is not synced itself. */
int db_begin_log(sqlite3 *db, struct err *err)
{
    int rc = db_exec(db, "PRAGMA synchronous = NORMAL", err);
    rc = rc ? rc : db_touch(db, err);
    return rc ? rc : db_exec(db, "PRAGMA synchronous = FULL", err);
}

int db_check_version(sqlite3 *db, const struct store_options *options, struct err *err)
{
    int64_t version;
    int rc = read_version(db, options, &version, err);
    if (rc || version == newest(options))
        return rc;
    err_set(err, ERR_STORE_OLDER, "the database has version %lld, this program needs %d",
            (long long)version, newest(options));
    err_fix(err, "run any command that writes, it brings the database up to date");
    return ERR_STORE_OLDER;
}

static int migrate_one(sqlite3 *db, const struct store_file *file, struct err *err)
{
    struct buf sql = {0};
    buf_puts(&sql, "BEGIN IMMEDIATE;");
    buf_put(&sql, file->start, (size_t)(file->end - file->start));
    buf_printf(&sql, "\n;PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
               APPLICATION_ID, number_of(file->name));
    int rc = buf_ok(&sql) ? db_exec(db, sql.data, err) : err_set(err, ERR_MEMORY, "out of memory");
    if (rc && !sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    buf_clear(&sql);
    return rc;
}

int db_migrate(sqlite3 *db, const struct store_options *options, struct err *err)
{
    int64_t version;
    int rc = read_version(db, options, &version, err);
    int last = newest(options);
    for (int next = (int)version + 1; !rc && next <= last; next++)
        for (size_t i = 0; !rc && i < options->count; i++)
            if (number_of(options->files[i].name) == next)
                rc = migrate_one(db, &options->files[i], err);
    return rc;
}
