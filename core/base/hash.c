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

struct hash hash_parts(const struct hash_part *parts, size_t count)
{
    crypto_generichash_state state;
    struct hash out;
    crypto_generichash_init(&state, NULL, 0, HASH_SIZE);
    for (size_t i = 0; i < count; i++) {
        uint8_t prefix[8];
        for (int b = 0; b < 8; b++)
            prefix[b] = (uint8_t)((uint64_t)parts[i].len >> (8 * b));
        crypto_generichash_update(&state, prefix, sizeof prefix);
        crypto_generichash_update(&state, parts[i].bytes, parts[i].len);
    }
    crypto_generichash_final(&state, out.bytes, HASH_SIZE);
    return out;
}

void hash_hex(const struct hash *hash, char out[HASH_HEX + 1])
{
    sodium_bin2hex(out, HASH_HEX + 1, hash->bytes, HASH_SIZE);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hash_from_hex(const char *hex, size_t len, struct hash *out)
{
    if (len != HASH_HEX)
        return false;
    for (size_t i = 0; i < HASH_SIZE; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}
