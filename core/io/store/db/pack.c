/* pack.c: hashes out of a body. Canonical JSON has no control characters, so that the bytes which
 * stand for them cannot be its own; a body that has some is left as it is. */
#include "io/store/db/pack.h"

#include <string.h>

/* The next text of 64 digits between quotes, or NULL; where its digits begin. */
static const char *next_hash(const char *at, const char *end, struct hash *hash)
{
    while ((at = memchr(at, '"', (size_t)(end - at)))) {
        at++;
        if (end - at <= HASH_HEX)
            return NULL;
        if (at[HASH_HEX] == '"' && hash_from_hex(at, HASH_HEX, hash))
            return at;
    }
    return NULL;
}

static bool has_marks(const char *body, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)body[i] <= PACK_MAX)
            return true;
    return false;
}

void pack_body(struct pack *pack, const char *body, size_t len)
{
    const char *end = body + len, *from = body, *at;
    struct hash hash;
    pack->count = 0;
    buf_reset(&pack->text);
    while (pack->count < PACK_MAX && (at = next_hash(from, end, &hash))) {
        memcpy(pack->names + pack->count++ * HASH_SIZE, hash.bytes, HASH_SIZE);
        buf_put(&pack->text, from, (size_t)(at - from));
        buf_putc(&pack->text, (char)pack->count);
        from = at + HASH_HEX;
    }
    buf_put(&pack->text, from, (size_t)(end - from));
    if (pack->count && (!buf_ok(&pack->text) || has_marks(body, len)))
        pack->count = 0;
    if (!buf_ok(&pack->text))
        buf_clear(&pack->text);
}

void unpack_body(struct buf *out, const char *body, size_t len, const unsigned char *names,
                 size_t names_len)
{
    size_t count = names_len / HASH_SIZE, from = 0;
    char hex[HASH_HEX + 1];
    struct hash hash;
    for (size_t at = 0; at < len; at++) {
        size_t which = (unsigned char)body[at];
        if (which - 1 >= count || which > PACK_MAX) // a mark is at least 1
            continue;
        memcpy(hash.bytes, names + (which - 1) * HASH_SIZE, HASH_SIZE);
        hash_hex(&hash, hex);
        buf_put(out, body + from, at - from);
        buf_put(out, hex, HASH_HEX);
        from = at + 1;
    }
    buf_put(out, body + from, len - from);
}
