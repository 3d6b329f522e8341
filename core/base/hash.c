/* hash.c: BLAKE2b-256 through libsodium. */
#include "base/hash.h"

#include <sodium.h>
#include <string.h>

void hash_start(void)
{
    require(sodium_init() >= 0);
}

struct hash hash_of(const void *bytes, size_t len)
{
    struct hash out;
    crypto_generichash(out.bytes, HASH_SIZE, bytes, len, NULL, 0);
    return out;
}

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(struct hash_run), "hash.h has its size");

void hash_begin(struct hash_run *run)
{
    crypto_generichash_init((void *)run, NULL, 0, HASH_SIZE);
}

void hash_add(struct hash_run *run, const void *bytes, size_t len)
{
    crypto_generichash_update((void *)run, bytes, len);
}

struct hash hash_end(const struct hash_run *run)
{
    struct hash out;
    struct hash_run copy = *run;
    crypto_generichash_final((void *)&copy, out.bytes, HASH_SIZE);
    return out;
}

/* Short pieces are gathered: handing one over costs more than to hash it. */
struct gather {
    crypto_generichash_state state;
    size_t len;
    uint8_t bytes[512];
};

static void flush(struct gather *gather)
{
    crypto_generichash_update(&gather->state, gather->bytes, gather->len);
    gather->len = 0;
}

static void feed(struct gather *gather, const void *bytes, size_t len)
{
    if (len > sizeof gather->bytes - gather->len)
        flush(gather);
    if (len > sizeof gather->bytes) {
        crypto_generichash_update(&gather->state, bytes, len);
    } else if (len > 0) {
        memcpy(gather->bytes + gather->len, bytes, len);
        gather->len += len;
    }
}

struct hash hash_parts(const struct hash_part *parts, size_t count)
{
    struct gather gather;
    struct hash out;
    gather.len = 0;
    crypto_generichash_init(&gather.state, NULL, 0, HASH_SIZE);
    for (size_t i = 0; i < count; i++) {
        uint8_t prefix[8];
        for (int b = 0; b < 8; b++)
            prefix[b] = (uint8_t)((uint64_t)parts[i].len >> (8 * b));
        feed(&gather, prefix, sizeof prefix);
        feed(&gather, parts[i].bytes, parts[i].len);
    }
    flush(&gather);
    crypto_generichash_final(&gather.state, out.bytes, HASH_SIZE);
    return out;
}

void hash_hex(const struct hash *hash, char out[HASH_HEX + 1])
{
    for (size_t i = 0; i < HASH_SIZE; i++) {
        out[2 * i] = "0123456789abcdef"[hash->bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[hash->bytes[i] & 15];
    }
    out[HASH_HEX] = 0;
}

/* What a digit is worth, plus one; 0: it is none. */
static const uint8_t digits[256] = {['0'] = 1,  2,  3,  4,  5,  6, 7, 8, 9, 10,
                                    ['a'] = 11, 12, 13, 14, 15, 16};

bool hash_from_hex(const char *hex, size_t len, struct hash *out)
{
    if (len != HASH_HEX)
        return false;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        uint8_t high = digits[(uint8_t)hex[2 * i]], low = digits[(uint8_t)hex[2 * i + 1]];
        if (!high || !low)
            return false;
        out->bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    return true;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}
