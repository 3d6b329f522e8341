/* power_vfs.h: a disk whose power can fail, for tests. While it records, every change to the
 * database files of one directory is kept in order: what SQLite does goes through a VFS called
 * "power", what the store does by itself (core/io/store/db/create.c) through wrapped system calls.
 * Afterwards the directory can be made as it may look when the power fails after any number of
 * those changes: what was not synced is there, missing, torn within a sector, garbage, or there in
 * another order than it was written in; a new, renamed or removed name is only sure once its
 * directory was synced. */
#ifndef TESTS_POWER_VFS_H
#define TESTS_POWER_VFS_H

#include <stddef.h>
#include <stdint.h>

/* Records from now on what happens to the files of dir; what lies in them already is durable.
 * Answers the name of the VFS. One directory at a time. */
const char *power_begin(const char *dir);

/* Changes so far; from any thread. */
size_t power_count(void);

/* Whether the change with this number makes something durable, or a name. */
int power_is_sync(size_t at);

/* Puts into the empty directory `into` what may be left when the power fails after `at` changes;
 * the seed decides what becomes of those that are not synced. */
void power_cut(size_t at, uint64_t seed, const char *into);

/* Stops recording and forgets. */
void power_end(void);

#endif
