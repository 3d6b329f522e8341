/* hash.h: BLAKE2b-256 (RFC 7693, through libsodium's crypto_generichash), the one hash of the
 * program: blobs, event chains, trees, generations. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

#define HASH_SIZE 32
#define HASH_HEX  (2 * HASH_SIZE)

struct hash {
    uint8_t bytes[HASH_SIZE];
};

/* Picks the fastest implementation for this processor; once, before there are threads. */
void hash_start(void);

/* The hash of len bytes. */
struct hash hash_of(const void *bytes, size_t len);

/* The hash of bytes that come in pieces. */
struct hash_run {
    _Alignas(64) uint8_t opaque[384];
};
void hash_begin(struct hash_run *run);
void hash_add(struct hash_run *run, const void *bytes, size_t len);
struct hash hash_end(const struct hash_run *run);

/* The hash of parts one after the other, each preceded by its length as 8 bytes little endian, so
 * that moving a byte from one part to the next changes the result. */
struct hash_part {
    const void *bytes;
    size_t len;
};
struct hash hash_parts(const struct hash_part *parts, size_t count);

/* Lower-case hexadecimal with a NUL: out has HASH_HEX + 1 bytes. */
void hash_hex(const struct hash *hash, char out[HASH_HEX + 1]);

/* Parses HASH_HEX lower-case digits; false when it is anything else. */
bool hash_from_hex(const char *hex, size_t len, struct hash *out);

bool hash_equal(const struct hash *a, const struct hash *b);

#endif
