/* utf8.c: eight bytes at a time where everything is plain, one sequence at a time elsewhere. */
#include "base/text/utf8.h"

#include <string.h>

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

static uint64_t load(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* Not zero when some byte is a control, a quote, a backslash or above ASCII. A borrow can only
 * raise a false alarm behind a true one. */
static uint64_t special(uint64_t word)
{
    return ((word - EACH(0x20)) | ((word ^ EACH('"')) - EACH(1)) | ((word ^ EACH('\\')) - EACH(1)) |
            word) &
           EACH(0x80);
}

static bool is_plain(char c)
{
    return (unsigned char)c - 0x20u < 0x60u && c != '"' && c != '\\';
}

size_t utf8_plain(const char *text, size_t len)
{
    size_t at = 0;
    for (; at + 8 <= len; at += 8) {
        uint64_t found = special(load(text + at));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (found)
            return at + (size_t)__builtin_ctzll(found) / 8;
#else
        if (found)
            break;
#endif
    }
    if (at < len && len >= 8 && !special(load(text + len - 8)))
        return len; // the rest, and some of it once more
    while (at < len && is_plain(text[at]))
        at++;
    return at;
}

static size_t length_of(unsigned char lead)
{
    if (lead < 0xC2)
        return lead < 0x80;
    if (lead < 0xF0)
        return lead < 0xE0 ? 2 : 3;
    return lead < 0xF5 ? 4 : 0;
}

/* The lead byte decides the length and the range of the second byte. */
size_t utf8_sequence(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low = 0x80, high = 0xBF;
    size_t len = length_of(p[0]);
    if (len <= 1 || len > left)
        return len > left ? 0 : len;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool utf8_valid(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if (at + 8 <= len && !(load(text + at) & EACH(0x80))) {
            at += 8;
            continue;
        }
        size_t step = (unsigned char)text[at] < 0x80 ? 1 : utf8_sequence(text + at, len - at);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

/* Length of the ill-formed part at text: a byte with the continuation bytes behind it. */
static size_t ill_formed(const char *text, size_t left)
{
    size_t len = 1;
    while (len < left && len < 4 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len++;
    return len;
}

/* U+FFFD may be longer than what it replaces: the rest is moved first, and what does not fit is
 * dropped. */
void utf8_clean(char *text, size_t size)
{
    size_t len = strlen(text), at = 0;
    while (at < len) {
        size_t good = utf8_sequence(text + at, len - at);
        if (good) {
            at += good;
            continue;
        }
        size_t bad = ill_formed(text + at, len - at), rest = len - at - bad;
        if (at + 3 >= size || (!rest && len + 1 == size)) // cut off by the end of the room
            break;
        rest = rest < size - at - 4 ? rest : size - at - 4;
        memmove(text + at + 3, text + at + bad, rest);
        memcpy(text + at, "\xEF\xBF\xBD", 3);
        at += 3;
        len = at + rest;
    }
    text[at] = '\0';
}

size_t utf8_write(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t len = 2u + (code >= 0x800) + (code >= 0x10000);
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(code | leads[len]);
    return len;
}
