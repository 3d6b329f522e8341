/* pack.h: bodies of events as they are stored (001_journal.sql):
 * each hash takes a byte of the text. */
#ifndef IO_STORE_PACK_H
#define IO_STORE_PACK_H

#include "base/buf.h"
#include "base/hash.h"

#define PACK_MAX 4 /* hashes of one body; what follows stays text */

struct pack {
    struct buf text; /* the body with the bytes 1, 2 … for hashes; kept for its memory */
    size_t count;    /* hashes; 0: the body is stored as it is */
    unsigned char names[PACK_MAX * HASH_SIZE];
};

/* Packs a body; without memory its count is 0. */
void pack_body(struct pack *pack, const char *body, size_t len);

/* Appends a body as it was before, from what was stored of it, as the view `event` does in SQL. */
void unpack_body(struct buf *out, const char *body, size_t len, const unsigned char *names,
                 size_t names_len);

#endif
