/* sanitize.c: ill-formed sequences become U+FFFD (Unicode, table 3-7: "maximal subparts"); halves
 * of letters that were cut apart are joined. */
#include "base/text/sanitize.h"

struct lead {
    unsigned tail;           /* continuation bytes wanted */
    unsigned char low, high; /* range of the first of them */
};

static struct lead lead_of(unsigned char c)
{
    if (c >= 0xC2 && c <= 0xDF)
        return (struct lead){1, 0x80, 0xBF};
    if (c >= 0xE0 && c <= 0xEF)
        return (struct lead){2, c == 0xE0 ? 0xA0 : 0x80, c == 0xED ? 0x9F : 0xBF};
    if (c >= 0xF0 && c <= 0xF4)
        return (struct lead){3, c == 0xF0 ? 0x90 : 0x80, c == 0xF4 ? 0x8F : 0xBF};
    return (struct lead){0};
}

/* Length of the well-formed character or of the ill-formed part at s; *good tells which. */
static size_t step(const unsigned char *s, size_t len, bool *good)
{
    *good = s[0] < 0x80;
    struct lead lead = lead_of(s[0]);
    size_t n = 1;
    for (unsigned char low = lead.low, high = lead.high; n <= lead.tail; n++) {
        if (n == len || s[n] < low || s[n] > high)
            return n;
        low = 0x80;
        high = 0xBF;
    }
    *good = *good || lead.tail > 0;
    return n;
}

void utf8_sanitize(struct buf *out, const char *text, size_t len)
{
    size_t kept = 0, at = 0;
    while (at < len) {
        bool good;
        size_t n = step((const unsigned char *)text + at, len - at, &good);
        if (!good) {
            buf_put(out, text + kept, at - kept);
            buf_put(out, "\xEF\xBF\xBD", 3);
            kept = at + n;
        }
        at += n;
    }
    buf_put(out, text + kept, len - kept);
}

/* The escape at `at`: 'h' or 'l' for the first or the second half of a letter, else 0. */
static char half_at(const char *at, const char *end)
{
    bool escape = end - at >= 6 && at[0] == '\\' && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D');
    if (!escape || !strchr("89abcdefABCDEF", at[3]))
        return 0;
    return strchr("89abAB", at[3]) ? 'h' : 'l';
}

static void put_half(struct buf *out, const char *at, const char *json, const char *end,
                     char half[5])
{
    bool first = half_at(at, end) == 'h';
    if (first && at + 6 < end && at[6] == '"') {
        memcpy(half, at + 2, 4);
        half[4] = '\0';
    } else if (!first && half[0] && at > json && at[-1] == '"') {
        buf_printf(out, "\\u%s%.6s", half, at);
        half[0] = '\0';
    } else {
        buf_puts(out, "\\uFFFD");
    }
}

void halves_join(struct buf *out, const char *json, size_t len, char half[5])
{
    const char *end = json + len, *kept = json, *at = json;
    while (at < end && (at = memchr(at, '\\', (size_t)(end - at)))) {
        char is = half_at(at, end);
        if (!is || (is == 'h' && half_at(at + 6, end) == 'l')) {
            at += is ? 12 : 2;
            continue;
        }
        buf_put(out, kept, (size_t)(at - kept));
        put_half(out, at, json, end, half);
        kept = at += 6;
    }
    buf_put(out, kept, (size_t)(end - kept));
}
