/* store_export.h: a run of a store as a bundle (bundle.h). */
#ifndef IO_STORE_EXPORT_H
#define IO_STORE_EXPORT_H

#include "io/bundle.h"

struct store_exported {
    int64_t records, counts[BUNDLE_KIND_COUNT];
    struct hash hash;       /* of the run */
    struct sign_public key; /* that signed it */
};

/* Writes the run, as one moment of the store has it, to the descriptor: its events, what they refer
 * to, and the board's events about its cards. All of it is hashed again on the way. A run that
 * ended carries the head that was signed then; one that has not is signed now. ERR_NOT_FOUND,
 * ERR_STORE_CORRUPT (it is not what its hashes or its signed head say), ERR_DENIED (the key),
 * ERR_IO, ERR_MEMORY, ERR_STORE_*. */
int store_export(struct store *store, const char *run, const char *engine, int fd,
                 struct store_exported *out, struct err *err) MUST_CHECK;

#endif
