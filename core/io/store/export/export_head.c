/* export_head.c: which head goes with a run: never one over events that are not what was signed. */
#include <string.h>

#include "io/store/export/export.h"

static const char last_head[] =
    "SELECT h.seq, h.events, h.hash, h.key, h.signature FROM head h WHERE h.run = ?1 "
    "ORDER BY h.seq DESC LIMIT 1";

/* Is there an end that no head covers? */
static const char bare_end[] =
    "WITH RECURSIVE walk (seq, prev, kind) AS ("
    "  SELECT e.seq, e.prev, e.kind FROM stream s JOIN event e ON e.seq = s.seq "
    "  WHERE s.run = ?1 AND s.turn = 0"
    "  UNION ALL SELECT e.seq, e.prev, e.kind FROM walk w JOIN event e ON e.seq = w.prev "
    "  WHERE e.seq < w.seq)"
    "SELECT count(*) FROM walk WHERE kind = 'run.ended' "
    "AND seq > (SELECT coalesce(max(seq), 0) FROM head WHERE run = ?1)";

struct signed_head {
    struct run_head head;
    struct signature signature;
    int64_t seq; /* 0: none */
};

static bool take(sqlite3_stmt *row, int column, void *out, size_t size)
{
    if ((size_t)sqlite3_column_bytes(row, column) != size)
        return false;
    memcpy(out, sqlite3_column_blob(row, column), size);
    return true;
}

static int not_signed(struct exporter *x, const char *why)
{
    err_set(x->err, ERR_STORE_CORRUPT, "the run %s is not what was signed: %s", x->run, why);
    err_fix(x->err, "orket check reports all that is wrong; nothing was exported");
    return ERR_STORE_CORRUPT;
}

static int find_as_of(struct exporter *x, int64_t seq, struct run_head *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = db_prepare(x->store->reader, HEAD_SQL, sizeof HEAD_SQL - 1, &stmt, NULL, x->err);
    rc = rc ? rc : head_find(stmt, x->run, seq, out, x->err);
    sqlite3_finalize(stmt);
    return rc;
}

/* The head that was signed last is of our key, and is what the events say. */
static int check_signed(struct exporter *x, sqlite3_stmt *row, const struct sign_public *key,
                        struct signed_head *out)
{
    struct sign_public by;
    struct run_head then;
    out->seq = sqlite3_column_int64(row, 0);
    out->head = (struct run_head){.run = x->run, .events = sqlite3_column_int64(row, 1)};
    if (!take(row, 2, out->head.hash.bytes, HASH_SIZE) || !take(row, 3, by.bytes, SIGN_PUBLIC) ||
        !take(row, 4, out->signature.bytes, SIGN_SIGNATURE))
        return not_signed(x, "its head is malformed");
    if (memcmp(by.bytes, key->bytes, SIGN_PUBLIC) != 0)
        return not_signed(x, "its head is by another key than the project's");
    if (!head_verify(&by, &out->head, &out->signature))
        return not_signed(x, "the signature is not over its head");
    int rc = find_as_of(x, out->seq, &then);
    if (!rc && (then.events != out->head.events || !hash_equal(&then.hash, &out->head.hash)))
        rc = not_signed(x, "its events are others");
    return rc;
}

static int read_signed(struct exporter *x, const struct signer *signer, struct signed_head *out)
{
    sqlite3_stmt *stmt = NULL;
    struct sign_public key = signer_public(signer);
    *out = (struct signed_head){0};
    int step = SQLITE_DONE,
        rc = db_prepare(x->store->reader, last_head, sizeof last_head - 1, &stmt, NULL, x->err);
    if (!rc) {
        sqlite3_bind_text(stmt, 1, x->run, -1, SQLITE_STATIC);
        step = sqlite3_step(stmt);
    }
    if (!rc && step == SQLITE_ROW)
        rc = check_signed(x, stmt, &key, out);
    else if (!rc && step != SQLITE_DONE)
        rc = db_fail(x->store->reader, step, x->err);
    sqlite3_finalize(stmt);
    return rc;
}

static int refuse_unsigned(struct exporter *x, sqlite3_stmt *row)
{
    return sqlite3_column_int(row, 0) ? not_signed(x, "its end is not signed") : 0;
}

int export_head(struct exporter *x, const struct signer *signer, struct export_part *part)
{
    struct signed_head last;
    int rc = find_as_of(x, part->upto, &part->head);
    rc = rc ? rc : read_signed(x, signer, &last);
    rc = rc ? rc : export_each(x, bare_end, refuse_unsigned);
    if (rc)
        return rc;
    part->signature = last.signature;
    if (last.seq && last.head.events == part->head.events &&
        hash_equal(&last.head.hash, &part->head.hash))
        return 0;
    return head_sign(signer, &part->head, &part->signature, x->err);
}
