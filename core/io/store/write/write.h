/* write.h: the writer's side; only its thread runs these, once the store is open. */
#ifndef IO_STORE_WRITE_H
#define IO_STORE_WRITE_H

#include "io/keys/proof.h"
#include "io/store/db/chunk.h"
#include "io/store/db/db.h"
#include "io/store/db/highwater.h"
#include "io/store/db/pack.h"
#include "io/store/write/head.h"
#include "io/store/write/tx.h"

/* ---- write.c: a batch of transactions -> one commit ---- */

enum write {
    BEGIN,
    COMMIT,
    ROLLBACK,
    SAVE,
    RELEASE,
    UNDO,
    ADD_STREAM,
    SET_STREAM,
    FIND_KIND,
    ADD_KIND,
    ADD_EVENT,
    FIND_BLOB,
    FIND_MESSAGE,
    ADD_BLOB,
    ADD_MESSAGE,
    ADD_CHUNK,
    ADD_NAME,
    SORT_NAMES,
    DROP_NAMES,
    FIND_HEAD,
    ADD_HEAD,
    WRITE_COUNT
};

struct writer {
    sqlite3 *db;
    const struct store *store;
    struct projector projector;
    struct chunk_room rooms;
    int64_t *kinds; /* their numbers in this database, by section; 0: not looked up yet */
    struct pack pack;
    struct signer *signer; /* NULL: this project has no key yet */
    sqlite3_stmt *stmts[WRITE_COUNT];
    struct counters {
        int64_t seq;           /* of the next event */
        struct hash hash;      /* of the event before it */
        int64_t recent, named; /* rows of name_recent; about all names */
    } now;
    int wal_pages, checkpoint_at;
    struct highwater mark; /* as it was written last */
    int mark_fd;           /* -1: not opened yet */
};
/* The mark is what highwater_load found before the database was opened. */
int writer_open(struct writer *writer, const struct store *store, const struct highwater *mark,
                struct err *err);
void writer_close(struct writer *writer);
/* Makes the list durable in one commit; fills code, err, first_seq of each. After a failure nothing
 * of it is there, and those without a code may be applied again. */
int writer_apply(struct writer *writer, struct store_tx *list, struct err *err) MUST_CHECK;
/* They have failed for good. */
void writer_fail(struct store_tx *list, const struct err *err);
/* Copies the write-ahead log into the database when it has grown. */
void writer_checkpoint(struct writer *writer);
/* Runs one of the statements, which answers no row. */
int writer_step(struct writer *writer, enum write which, struct err *err);

/* ---- signed.c: a run that ends leaves a signed head ---- */

/* The key beside the database, if there is one: a key that may not be used is found out at once. */
int signed_open(struct writer *writer, struct err *err);
/* Signs the run as it is after this commit; makes the key when there is none. */
int write_signed(struct writer *writer, const char *run, struct err *err);

/* ---- item.c: one event, blob or message -> its rows ---- */

/* *touched becomes true as soon as something was changed. */
int write_item(struct writer *writer, struct store_tx *tx, struct item *item, bool *touched,
               struct err *err);
/* Brings the stream's row up to date, once per commit. */
int write_head(struct writer *writer, struct chain *chain, struct err *err);
/* What the name tables are sorted by. */
int64_t hash_key(const struct hash *hash);

#endif
