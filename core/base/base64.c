/* base64.c: through libsodium. */
#include "base/base64.h"

#include <sodium.h>

static void encode(struct buf *out, const void *bytes, size_t len, int variant)
{
    size_t size = sodium_base64_encoded_len(len, variant); // with the NUL
    char *at = buf_reserve(out, size - 1);
    if (!at)
        return;
    sodium_bin2base64(at, size, bytes, len, variant);
    out->len += size - 1;
}

void base64_encode(struct buf *out, const void *bytes, size_t len)
{
    encode(out, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

void base64url_encode(struct buf *out, const void *bytes, size_t len)
{
    encode(out, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium takes some bytes beyond ASCII for letters. */
static bool is_ascii(const char *text, size_t len)
{
    unsigned char all = 0;
    for (size_t i = 0; i < len; i++)
        all |= (unsigned char)text[i];
    return all < 0x80;
}

static bool decode(struct buf *out, const char *text, size_t len, int variant)
{
    size_t most = len / 4 * 3 + len % 4, size = 0;
    char *at = buf_reserve(out, most);
    if (!at || !is_ascii(text, len))
        return false;
    int rc = sodium_base642bin((unsigned char *)at, most, text, len, NULL, &size, NULL, variant);
    if (rc)
        size = 0;
    at[size] = '\0';
    out->len += size;
    return rc == 0 && buf_ok(out);
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
    return decode(out, text, len, sodium_base64_VARIANT_ORIGINAL);
}

bool base64url_decode(struct buf *out, const char *text, size_t len)
{
    return decode(out, text, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
