/* signed.c: the head of a run that ends, signed in the commit of its end: there is no end without
 * it. The key lies beside the database. */
#include <string.h>

#include "io/store/parts.h"

static int open_key(struct writer *writer, bool make, struct err *err)
{
    struct buf dir = {0};
    store_dir(&writer->store->options, &dir);
    int rc = buf_ok(&dir) ? signer_open(dir.data, make, &writer->signer, err)
                          : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&dir);
    return rc;
}

int signed_open(struct writer *writer, struct err *err)
{
    struct err why = {0};
    int rc = open_key(writer, false, &why);
    if (rc && rc != ERR_NOT_FOUND && err)
        *err = why;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int add_head(struct writer *writer, const struct run_head *head, struct err *err)
{
    sqlite3_stmt *stmt = writer->stmts[ADD_HEAD];
    struct sign_public key = signer_public(writer->signer);
    struct signature signature;
    int rc = head_sign(writer->signer, head, &signature, err);
    if (rc)
        return rc;
    sqlite3_bind_text(stmt, 1, head->run, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, writer->now.seq - 1);
    sqlite3_bind_int64(stmt, 3, head->events);
    sqlite3_bind_blob(stmt, 4, head->hash.bytes, HASH_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 5, key.bytes, SIGN_PUBLIC, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 6, signature.bytes, SIGN_SIGNATURE, SQLITE_STATIC);
    rc = writer_step(writer, ADD_HEAD, err);
    sqlite3_clear_bindings(stmt);
    return rc;
}

int write_signed(struct writer *writer, const char *run, struct err *err)
{
    struct run_head head;
    int rc = writer->signer ? 0 : open_key(writer, true, err);
    rc = rc ? rc : head_find(writer->stmts[FIND_HEAD], run, INT64_MAX, &head, err);
    return rc ? rc : add_head(writer, &head, err);
}
