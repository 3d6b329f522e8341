/* db.h: below the store: SQL texts, one SQLite connection, events into projections. */
#ifndef IO_STORE_DB_H
#define IO_STORE_DB_H

#include <sqlite3.h>

#include "base/json.h"
#include "io/store.h"

/* The tables of the truth (001_journal.sql), for an IN; all others are projections. */
#define DB_TRUTH                                                                                   \
    "'stream', 'kind', 'entry', 'blob', 'message', 'name', 'name_recent', 'head', 'piece'"

/* The full-text index with the tables of its own, for a LIKE: derived from projections. */
#define DB_INDEX "'memory_fts%'"

/* ---- sql.c: named sections of a .sql text ---- */

struct sql_section {
    const char *text;
    size_t len;
    char name[48];
};
struct sql_sections {
    struct sql_section *items; /* sorted by name */
    size_t count;
};
/* Splits the file `name` at its lines "-- MARK: section". ERR_BUG (missing file, twice the same
 * section), ERR_MEMORY. */
int sql_split(struct sql_sections *sections, const struct store_options *options, const char *name,
              const char *mark, struct err *err);
/* The index of a section, or -1. */
int sql_find(const struct sql_sections *sections, const char *name);
void sql_clear(struct sql_sections *sections);

/* ---- functions.c ---- */

/* Gives a connection the SQL functions of ours. */
int db_functions(sqlite3 *db, struct err *err);

/* ---- db.c: one connection: settings, migrations, errors ---- */

#define DB_BUSY_MS 5000 /* how long another program's lock is waited for */

/* A connection with our settings; path "" is a temporary database. */
int db_open(const struct store_options *options, const char *path, bool readonly, sqlite3 **out,
            struct err *err);
int db_migrate(sqlite3 *db, const struct store_options *options, struct err *err);
/* Commits nothing: a number is written that is there already. */
int db_touch(sqlite3 *db, struct err *err);
/* Makes the head of the log, and its name in the directory, durable if they are not yet. */
int db_begin_log(sqlite3 *db, struct err *err);
/* 0, or why this database cannot be used as it is (not ours, newer, not migrated yet). */
int db_check_version(sqlite3 *db, const struct store_options *options, struct err *err);
int db_prepare(sqlite3 *db, const char *sql, size_t len, sqlite3_stmt **out, const char **tail,
               struct err *err);
/* The statement of a text, prepared at its first use:
 * *kept, NULL before, is the caller's to finalize. */
int db_keep(sqlite3 *db, const char *sql, sqlite3_stmt **kept, struct err *err);
int db_exec(sqlite3 *db, const char *sql, struct err *err);
/* Appends the directory of the database: where its key lies. */
void store_dir(const struct store_options *options, struct buf *out);
/* Binds a turn: as an integer when it reads as one. */
int db_bind_turn(sqlite3_stmt *stmt, int index, const char *turn);

/* ---- fault.c: errors ---- */

/* Fills err from the connection's last error rc; answers the code. */
int db_fail(sqlite3 *db, int rc, struct err *err);

/* ---- wal.c: the write-ahead log as it lies there ---- */

/* SQLite takes a damaged log for one that ends there. ERR_STORE_CORRUPT when commits follow that
 * were acknowledged; 0 also when there is no log, or it cannot be read (opening says why). */
int wal_check(const char *path, struct err *err);

/* ---- create.c: a new database ---- */

/* Makes the file when there is none. No error: opening it will find out more about what is wrong.
 * Only for who holds the lock. */
void db_create(const struct store_options *options);

/* ---- project.c: events -> projections ---- */

struct projector {
    sqlite3 *db; /* borrowed */
    const struct sql_sections *kinds;
    struct project_kind *prepared; /* one per section, filled at first use */
    struct json_doc doc;
    struct buf text;
};
int projector_open(struct projector *projector, sqlite3 *db, const struct sql_sections *kinds);
void projector_close(struct projector *projector);
/* True when nothing follows from events of a kind. */
bool project_is_idle(const struct projector *projector, size_t kind);
/* Runs the statements of the kind. *touched becomes true once one of them was run with success. */
int project(struct projector *projector, int kind, const struct store_seen *event, bool *touched,
            struct err *err);

#endif
