/* store_backup.h: a database in another place, and back.
 *
 * backup  a directory of its own with the database as one file, the signing key, and the high-water
 *         mark of the copy. What it has was verified as store_check does it, after it was written
 */
#ifndef IO_STORE_BACKUP_H
#define IO_STORE_BACKUP_H

#include "io/store.h"

#define STORE_KEPT_MAX 64 /* bytes of a name */

struct store_copied {
    int64_t seq;               /* the last commit that the copy has, 0: none */
    int64_t bytes;             /* of the copy */
    /* the last commit that was durable and is not in the copy, 0: none known */
    int64_t lost;
    char kept[STORE_KEPT_MAX]; /* restore: where in DIR the files lie that it replaced; "" there
                                  were none */
};

/* Writes a backup into the directory `to`, which appears when it is whole and verified; also while
 * an owner writes. ERR_EXISTS (there is something), ERR_STORE_CORRUPT (what it copied is damaged),
 * ERR_IO, ERR_STORE_*, ERR_MEMORY. */
int store_backup(const struct store_options *options, const char *to, struct store_copied *out,
                 struct err *err) MUST_CHECK;

/* Puts a backup in the place of options.path; `from` NULL: what is left of the database itself,
 * however much was lost. Verified before anything is replaced; what is replaced is kept in a
 * directory beside it. Killed at any moment, the next call finishes. ERR_OWNED, ERR_EXISTS (the
 * database is sound), ERR_DENIED (the backup is signed by another key), ERR_STORE_CORRUPT (the
 * backup is damaged), ERR_NOT_FOUND, ERR_IO, ERR_STORE_*, ERR_MEMORY. */
int store_restore(const struct store_options *options, const char *from, struct store_copied *out,
                  struct err *err) MUST_CHECK;

#endif
