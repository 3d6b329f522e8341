/* repair.c: ill-formed sequences become U+FFFD (Unicode, table 3-7: "maximal subparts"). */
#include "base/repair.h"

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

void utf8_repair(struct buf *out, const char *text, size_t len)
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
