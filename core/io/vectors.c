/* vectors.c: a database of one table; a row is read by the hash of embedder and text. */
#include "io/vectors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/store/db/db.h"

#define APPLICATION 0x4f52564d /* "ORVM" */

enum { GET, DIMS, PUT, DROP, KEEP, STATEMENTS };

static const char *const texts[] = {
    [GET] = "SELECT bytes FROM vector WHERE key = ?1",
    [DIMS] = "SELECT dims FROM vector WHERE key = ?1",
    [PUT] = ("INSERT INTO vector (key, model, dims, bytes) VALUES (?1, ?2, ?3, ?4) "
             "ON CONFLICT (key) DO UPDATE SET dims = excluded.dims, bytes = excluded.bytes"),
    [DROP] = "DELETE FROM vector WHERE key = ?1",
    [KEEP] = "DELETE FROM vector WHERE model <> ?1",
};

struct vectors {
    char *path;
    sqlite3 *db; /* NULL when it could not be made anew */
    sqlite3_stmt *statements[STATEMENTS];
};

struct vectors_key vectors_key(const char *model, size_t model_len, const char *text, size_t len)
{
    struct hash_part parts[] = {{model, model_len}, {text, len}};
    return (struct vectors_key){hash_parts(parts, COUNT_OF(parts))};
}

/* ---- the file ---- */

static int make(sqlite3 *db, struct err *err)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS vector (id INTEGER PRIMARY KEY, "
             "key BLOB NOT NULL UNIQUE, model TEXT NOT NULL, dims INTEGER NOT NULL, "
             "bytes BLOB NOT NULL) STRICT; PRAGMA application_id = %d; COMMIT",
             APPLICATION);
    return db_exec(db, sql, err);
}

static int prepare(struct vectors *vectors, struct err *err)
{
    int rc = db_exec(vectors->db,
                     "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000; "
                     "PRAGMA secure_delete = ON; PRAGMA cache_size = -512",
                     err);
    rc = rc ? rc : make(vectors->db, err);
    for (int i = 0; !rc && i < STATEMENTS; i++)
        rc =
            db_prepare(vectors->db, texts[i], strlen(texts[i]), &vectors->statements[i], NULL, err);
    return rc;
}

static int try_open(struct vectors *vectors, struct err *err)
{
    struct store_options options = {.path = vectors->path, .hasty = true};
    int rc = db_open(&options, vectors->path, false, &vectors->db, err);
    return rc ? rc : prepare(vectors, err);
}

static void shut(struct vectors *vectors)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(vectors->statements[i]);
    sqlite3_close(vectors->db);
    *vectors = (struct vectors){.path = vectors->path};
}

static void delete_file(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[4096];
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if ((size_t)snprintf(name, sizeof name, "%s%s", path, ends[i]) < sizeof name)
            (void)unlink(name);
}

/* What was in it can be asked again. */
static int make_anew(struct vectors *vectors, struct err *err)
{
    shut(vectors);
    delete_file(vectors->path);
    return try_open(vectors, err);
}

int vectors_open(struct vectors **out, const char *path, struct err *err)
{
    struct vectors *vectors = calloc(1, sizeof *vectors);
    *out = NULL;
    if (!vectors || !(vectors->path = strdup(path))) {
        free(vectors);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    int rc = try_open(vectors, err);
    if (rc == ERR_STORE_CORRUPT || rc == ERR_STORE)
        rc = make_anew(vectors, err);
    if (rc) {
        vectors_close(vectors);
        return rc;
    }
    *out = vectors;
    return 0;
}

void vectors_close(struct vectors *vectors)
{
    if (!vectors)
        return;
    shut(vectors);
    free(vectors->path);
    free(vectors);
}

/* ---- rows ---- */

static int run(struct vectors *vectors, sqlite3_stmt *stmt, struct err *err)
{
    int step = sqlite3_step(stmt);
    int rc = step == SQLITE_DONE ? 0 : db_fail(vectors->db, step, err);
    sqlite3_reset(stmt);
    if (rc == ERR_STORE_CORRUPT)
        (void)make_anew(vectors, NULL); // what was begun has failed; the next finds a whole file
    return rc;
}

static void bind_key(sqlite3_stmt *stmt, const struct vectors_key *key)
{
    sqlite3_reset(stmt);
    sqlite3_bind_blob(stmt, 1, key->hash.bytes, HASH_SIZE, SQLITE_STATIC);
}

int vectors_get(struct vectors *vectors, const struct vectors_key *key, float *out, size_t room,
                struct err *err)
{
    sqlite3_stmt *stmt = vectors->statements[GET];
    bind_key(stmt, key);
    int step = sqlite3_step(stmt), rc = step == SQLITE_DONE ? 0 : db_fail(vectors->db, step, err);
    if (step == SQLITE_ROW) {
        size_t bytes = (size_t)sqlite3_column_bytes(stmt, 0);
        rc = bytes <= room * sizeof *out ? (int)(bytes / sizeof *out) : 0;
        if (rc)
            memcpy(out, sqlite3_column_blob(stmt, 0), bytes);
    }
    sqlite3_reset(stmt);
    return rc == ERR_STORE_CORRUPT ? make_anew(vectors, err) : rc;
}

int vectors_dims(struct vectors *vectors, const struct vectors_key *key, struct err *err)
{
    sqlite3_stmt *stmt = vectors->statements[DIMS];
    bind_key(stmt, key);
    int step = sqlite3_step(stmt), rc = step == SQLITE_DONE ? 0 : db_fail(vectors->db, step, err);
    if (step == SQLITE_ROW)
        rc = sqlite3_column_int(stmt, 0) > 0 ? sqlite3_column_int(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return rc == ERR_STORE_CORRUPT ? make_anew(vectors, err) : rc;
}

int vectors_begin(struct vectors *vectors, struct err *err)
{
    return db_exec(vectors->db, "BEGIN IMMEDIATE", err);
}

int vectors_put(struct vectors *vectors, const struct vectors_key *key, const char *model,
                const float *vector, size_t dims, struct err *err)
{
    sqlite3_stmt *stmt = vectors->statements[PUT];
    bind_key(stmt, key);
    sqlite3_bind_text(stmt, 2, model, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, (sqlite3_int64)dims);
    sqlite3_bind_blob64(stmt, 4, vector, dims * sizeof *vector, SQLITE_STATIC);
    return run(vectors, stmt, err);
}

int vectors_end(struct vectors *vectors, struct err *err)
{
    int rc = db_exec(vectors->db, "COMMIT", err);
    if (rc)
        vectors_abandon(vectors);
    return rc;
}

void vectors_abandon(struct vectors *vectors)
{
    if (vectors->db && !sqlite3_get_autocommit(vectors->db))
        sqlite3_exec(vectors->db, "ROLLBACK", NULL, NULL, NULL);
}

int vectors_drop(struct vectors *vectors, const struct vectors_key *key, struct err *err)
{
    bind_key(vectors->statements[DROP], key);
    return run(vectors, vectors->statements[DROP], err);
}

int vectors_keep(struct vectors *vectors, const char *model, int64_t *dropped, struct err *err)
{
    sqlite3_stmt *stmt = vectors->statements[KEEP];
    sqlite3_reset(stmt);
    sqlite3_bind_text(stmt, 1, model, -1, SQLITE_STATIC);
    int rc = run(vectors, stmt, err);
    *dropped = rc ? 0 : sqlite3_changes(vectors->db);
    return rc;
}
