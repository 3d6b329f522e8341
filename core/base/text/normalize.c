/* normalize.c: code point by code point; no table but that of the accents. */
#include "base/text/normalize.h"

#include "base/text/utf8.h"

/* Small letters with an accent, as letter and accent. */
static const struct {
    uint16_t code;
    char letter;
    uint16_t accent;
} accents[] = {
    {0xe0, 'a', 0x300}, {0xe1, 'a', 0x301}, {0xe2, 'a', 0x302}, {0xe3, 'a', 0x303},
    {0xe4, 'a', 0x308}, {0xe5, 'a', 0x30a}, {0xe7, 'c', 0x327}, {0xe8, 'e', 0x300},
    {0xe9, 'e', 0x301}, {0xea, 'e', 0x302}, {0xeb, 'e', 0x308}, {0xec, 'i', 0x300},
    {0xed, 'i', 0x301}, {0xee, 'i', 0x302}, {0xef, 'i', 0x308}, {0xf1, 'n', 0x303},
    {0xf2, 'o', 0x300}, {0xf3, 'o', 0x301}, {0xf4, 'o', 0x302}, {0xf5, 'o', 0x303},
    {0xf6, 'o', 0x308}, {0xf9, 'u', 0x300}, {0xfa, 'u', 0x301}, {0xfb, 'u', 0x302},
    {0xfc, 'u', 0x308}, {0xfd, 'y', 0x301}, {0xff, 'y', 0x308}, {0x101, 'a', 0x304},
    {0x103, 'a', 0x306}, {0x105, 'a', 0x328}, {0x107, 'c', 0x301}, {0x109, 'c', 0x302},
    {0x10b, 'c', 0x307}, {0x10d, 'c', 0x30c}, {0x10f, 'd', 0x30c}, {0x113, 'e', 0x304},
    {0x115, 'e', 0x306}, {0x117, 'e', 0x307}, {0x119, 'e', 0x328}, {0x11b, 'e', 0x30c},
    {0x11d, 'g', 0x302}, {0x11f, 'g', 0x306}, {0x121, 'g', 0x307}, {0x123, 'g', 0x327},
    {0x125, 'h', 0x302}, {0x129, 'i', 0x303}, {0x12b, 'i', 0x304}, {0x12d, 'i', 0x306},
    {0x12f, 'i', 0x328}, {0x135, 'j', 0x302}, {0x137, 'k', 0x327}, {0x13a, 'l', 0x301},
    {0x13c, 'l', 0x327}, {0x13e, 'l', 0x30c}, {0x144, 'n', 0x301}, {0x146, 'n', 0x327},
    {0x148, 'n', 0x30c}, {0x14d, 'o', 0x304}, {0x14f, 'o', 0x306}, {0x151, 'o', 0x30b},
    {0x155, 'r', 0x301}, {0x157, 'r', 0x327}, {0x159, 'r', 0x30c}, {0x15b, 's', 0x301},
    {0x15d, 's', 0x302}, {0x15f, 's', 0x327}, {0x161, 's', 0x30c}, {0x163, 't', 0x327},
    {0x165, 't', 0x30c}, {0x169, 'u', 0x303}, {0x16b, 'u', 0x304}, {0x16d, 'u', 0x306},
    {0x16f, 'u', 0x30a}, {0x171, 'u', 0x30b}, {0x173, 'u', 0x328}, {0x175, 'w', 0x302},
    {0x177, 'y', 0x302}, {0x17a, 'z', 0x301}, {0x17c, 'z', 0x307}, {0x17e, 'z', 0x30c}
};

static uint32_t code_at(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    if (len < 2)
        return p[0];
    uint32_t code = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

static bool in(uint32_t code, uint32_t first, uint32_t last)
{
    return code >= first && code <= last;
}

static bool is_blank(uint32_t code)
{
    return in(code, 9, 13) || code == ' ' || code == 0x85 || code == 0xa0 || code == 0x1680 ||
           in(code, 0x2000, 0x200a) || in(code, 0x2028, 0x2029) || code == 0x202f ||
           code == 0x205f || code == 0x3000;
}

static bool is_unseen(uint32_t code)
{
    return code == 0xad || in(code, 0x200b, 0x200f) || code == 0x2060 || code == 0xfe0f ||
           code == 0xfeff;
}

static uint32_t plain(uint32_t code)
{
    if (in(code, 0xff01, 0xff5e)) // wide forms
        return code - 0xfee0;
    if (in(code, 0x2018, 0x2019))
        return '\'';
    if (in(code, 0x201c, 0x201d))
        return '"';
    return in(code, 0x2010, 0x2015) ? '-' : code;
}

/* Of the pairs of Latin Extended-A the first is the large one;
 * in two stretches that has an odd code. */
static uint32_t small_extended(uint32_t code)
{
    if (code == 0x130)
        return 'i';
    if (code == 0x178)
        return 0xff;
    bool odd = in(code, 0x139, 0x148) || in(code, 0x179, 0x17e);
    bool paired = odd || in(code, 0x100, 0x137) || in(code, 0x14a, 0x177);
    return paired && (code & 1) == odd ? code + 1 : code;
}

static uint32_t small(uint32_t code)
{
    if (in(code, 'A', 'Z') || (in(code, 0xc0, 0xde) && code != 0xd7) ||
        (in(code, 0x391, 0x3a9) && code != 0x3a2) || in(code, 0x410, 0x42f))
        return code + 32;
    if (in(code, 0x400, 0x40f))
        return code + 80;
    if (code == 0x3c2)
        return 0x3c3;
    return in(code, 0x100, 0x17f) ? small_extended(code) : code;
}

static void put(struct buf *out, uint32_t code)
{
    char bytes[4];
    buf_put(out, bytes, utf8_write(bytes, code));
}

static void put_apart(struct buf *out, uint32_t code)
{
    for (size_t i = 0; code >= 0xe0 && i < COUNT_OF(accents); i++)
        if (accents[i].code == code) {
            buf_putc(out, accents[i].letter);
            put(out, accents[i].accent);
            return;
        }
    put(out, code);
}

static void trim_end(struct buf *out, size_t from)
{
    while (out->len > from && out->data && strchr(" .!", out->data[out->len - 1]))
        out->len--;
}

void normalize_text(struct buf *out, const char *text, size_t len)
{
    size_t from = out->len;
    bool blank = false;
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_sequence(text + i, len - i);
        if (n == 0) {
            buf_put(out, text + i, n = 1);
            continue;
        }
        uint32_t code = code_at(text + i, n);
        if (is_unseen(code))
            continue;
        if (is_blank(code)) {
            blank = true;
            continue;
        }
        if (blank && out->len > from)
            buf_putc(out, ' ');
        blank = false;
        put_apart(out, small(plain(code)));
    }
    trim_end(out, from);
}
