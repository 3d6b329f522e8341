/* spelling.c: a value in every code, and one code after the other held against a text. */
#include "io/keys/spelling.h"

#include <ctype.h>
#include <string.h>

#define SLASHES_MAX 7  /* in front of one character: JSON three times inside JSON */
#define ESCAPES_MAX 7  /* of one percent sign */
#define GAP_MAX     64 /* bytes of line breaks and marks between two characters of a code */

/* ---- the forms ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t base64_length(size_t len, size_t before)
{
    return 8 * (before + len) / 6 - (8 * before + 5) / 6;
}

size_t spelling_room(size_t len)
{
    size_t size = len + 1 + 2 * len + 1;
    for (size_t before = 0; before < 3; before++)
        size += base64_length(len, before) + 1;
    return size;
}

/* Those characters that say nothing but bits of the value, when so many bytes stand before it. */
static size_t put_base64(char *out, const char *value, size_t len, size_t before)
{
    size_t count = base64_length(len, before);
    size_t bit = (8 * before + 5) / 6 * 6 - 8 * before;
    for (size_t i = 0; i < count; i++, bit += 6) {
        unsigned pair = (unsigned char)value[bit / 8] * 256u;
        if (bit / 8 + 1 < len)
            pair |= (unsigned char)value[bit / 8 + 1];
        out[i] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    out[count] = '\0';
    return count + 1;
}

static size_t put_hex(char *out, const char *value, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[(unsigned char)value[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)value[i] & 15];
    }
    out[2 * len] = '\0';
    return 2 * len + 1;
}

void spelling_make(struct spelling *spelling, const char *value, size_t len, char *room)
{
    memcpy(room, value, len);
    room[len] = '\0';
    spelling->form[SPELLING_PLAIN] = room;
    room += len + 1;
    spelling->form[SPELLING_HEX] = room;
    room += put_hex(room, value, len);
    for (size_t before = 0; before < 3; before++) {
        spelling->form[SPELLING_BASE64 + before] = room;
        room += put_base64(room, value, len, before);
    }
}

/* ---- one character of a text ---- */

/* The number that so many hexadecimal digits are, or -1. */
static int from_hex(const char *digits, size_t count)
{
    int code = 0;
    for (size_t i = 0; i < count; i++) {
        int c = tolower((unsigned char)digits[i]);
        if (!isxdigit(c))
            return -1;
        code = code * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return code;
}

/* A text that is read; `ends` when it stopped before something was clear, and may go on. */
struct reader {
    const char *text;
    size_t at, len;
    bool last, ends;
};

/* Goes behind `prefix` bytes and the digits after them, and answers their number; -1: there is
 * none, and nothing is passed. */
static int take_hex(struct reader *r, size_t prefix, size_t count)
{
    if (r->len - r->at < prefix + count) {
        r->ends = !r->last;
        return -1;
    }
    int code = from_hex(r->text + r->at + prefix, count);
    if (code >= 0)
        r->at += prefix + count;
    return code;
}

/* "%2F", "%252F": the character, or -1. */
static int take_percent(struct reader *r)
{
    size_t prefix = 1;
    for (int i = 0; i < ESCAPES_MAX && r->len - r->at >= prefix + 2 &&
                    memcmp(r->text + r->at + prefix, "25", 2) == 0;
         i++)
        prefix += 2;
    return take_hex(r, prefix, 2);
}

static bool is_at(const struct reader *r, char c)
{
    return r->at < r->len && r->text[r->at] == c;
}

/* A backslash: itself, "%5C" or "\u005c". */
static bool take_slash(struct reader *r)
{
    size_t start = r->at;
    if (is_at(r, '%')) {
        bool is_one = take_percent(r) == '\\';
        r->at = is_one ? r->at : start;
        return is_one;
    }
    if (!is_at(r, '\\'))
        return false;
    r->at++;
    bool may_be_code = r->len - r->at >= 5 && memcmp(r->text + r->at, "u005", 4) == 0;
    if (may_be_code && tolower((unsigned char)r->text[r->at + 4]) == 'c')
        r->at += 5;
    return true;
}

static size_t skip_slashes(struct reader *r)
{
    size_t count = 0;
    while (count < SLASHES_MAX && take_slash(r))
        count++;
    return count;
}

/* A percent sign of the value, which `rest` follows: itself, "%25", "%2525". */
static bool take_percent_sign(struct reader *r, const char *rest)
{
    if (!is_at(r, '%'))
        return false;
    r->at++;
    for (int i = 0; i < ESCAPES_MAX && strncmp(rest, "25", 2) != 0; i++) {
        size_t left = r->len - r->at;
        if (left < 2 || memcmp(r->text + r->at, "25", 2) != 0) {
            r->ends = r->ends || (!r->last && (left == 0 || (left == 1 && is_at(r, '2'))));
            break;
        }
        r->at += 2;
    }
    return true;
}

/* ---- each code ---- */

/* Backslashes of the value go with those of the text. */
static bool take_plain(struct reader *r, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\')
            continue;
        size_t slashes = skip_slashes(r), start = r->at;
        if (slashes && is_at(r, 'u') && take_hex(r, 1, 4) == *value)
            continue;
        r->at = start;
        if (*value == '%' ? take_percent_sign(r, value + 1)
                          : is_at(r, '%') && take_percent(r) == *value)
            continue;
        r->at = start;
        if (r->ends)
            return false;
        if (r->at == r->len)
            return r->ends = true, false;
        if (r->text[r->at++] != *value)
            return false;
    }
    return true;
}

/* The next character that is no line break or blank; -1: there is none. */
static int next_coded(struct reader *r)
{
    for (size_t start = r->at; r->at < r->len && r->at - start < GAP_MAX;) {
        size_t slashes = skip_slashes(r);
        if (r->at == r->len)
            break;
        char c = r->text[r->at];
        int code = -1;
        if (slashes && c == 'u')
            code = take_hex(r, 1, 4);
        else if (c == '%')
            code = take_percent(r);
        if (r->ends)
            return -1;
        if (code < 0) {
            r->at++;
            code = slashes && strchr("nrt", c) && c ? ' ' : (unsigned char)c;
        }
        if (!code || !strchr(" \t\r\n", code))
            return code;
    }
    r->ends = r->at == r->len;
    return -1;
}

static int base64_letter(int c)
{
    if (c == '-')
        return '+';
    return c == '_' ? '/' : c;
}

static bool take_base64(struct reader *r, const char *form)
{
    for (; *form; form++)
        if (base64_letter(next_coded(r)) != *form)
            return false;
    return true;
}

/* Between two bytes in hexadecimal: "73:6b", "73 6B", "\x73\x6b", "0x73, 0x6b", "%73%6b". */
static void skip_hex_gap(struct reader *r)
{
    for (size_t start = r->at; r->at < r->len && r->at - start < GAP_MAX;) {
        char c = r->text[r->at];
        if (skip_slashes(r)) {
            if (r->at < r->len && r->text[r->at] && strchr("nrtxX", r->text[r->at]))
                r->at++;
        } else if (c == '0' && r->len - r->at == 1) {
            r->ends = !r->last; // perhaps an "x" comes
            return;
        } else if (c == '0' && (r->text[r->at + 1] | 32) == 'x') {
            r->at += 2;
        } else if (c && strchr(" \t\r\n,:;-_.%", c)) {
            r->at++;
        } else {
            return;
        }
    }
}

static bool take_hex_form(struct reader *r, const char *form)
{
    for (size_t i = 0; form[i]; i++) {
        if (i > 0 && i % 2 == 0)
            skip_hex_gap(r);
        if (r->at == r->len)
            r->ends = true;
        if (r->ends)
            return false;
        if (tolower((unsigned char)r->text[r->at++]) != form[i])
            return false;
    }
    return true;
}

static bool take_form(struct reader *r, int which, const char *form)
{
    if (which == SPELLING_PLAIN)
        return take_plain(r, form);
    return which == SPELLING_HEX ? take_hex_form(r, form) : take_base64(r, form);
}

size_t spelling_match(const struct spelling *spelling, const char *text, size_t len, bool last)
{
    size_t longest = 0;
    for (int i = 0; i < SPELLING_COUNT; i++) {
        struct reader r = {.text = text, .len = len, .last = last};
        size_t n = 0;
        if (take_form(&r, i, spelling->form[i]))
            n = r.at;
        else if (r.ends && !last)
            n = len + 1;
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* ---- the filter ---- */

static void mark(uint8_t *set, const char *bytes, int form)
{
    for (; *bytes; bytes++)
        set[(unsigned char)*bytes] |= (uint8_t)(1u << form);
}

/* A character of a form as a text may have it, escapes apart. */
static void mark_letter(uint8_t *set, char c, int form)
{
    char all[3] = {c, '\0', '\0'};
    if (form >= SPELLING_BASE64 && c == '+')
        all[1] = '-';
    if (form >= SPELLING_BASE64 && c == '/')
        all[1] = '_';
    if (form == SPELLING_HEX)
        all[1] = (char)toupper((unsigned char)c);
    mark(set, all, form);
}

void spelling_mark(struct spelling_filter *filter, const struct spelling *spelling)
{
    for (int i = 0; i < SPELLING_COUNT; i++) {
        const char *form = spelling->form[i];
        form += i == SPELLING_PLAIN ? strspn(form, "\\") : 0;
        mark_letter(filter->first, *form, i);
        form++;
        form += i == SPELLING_PLAIN ? strspn(form, "\\") : 0;
        mark_letter(filter->second, *form, i);
        if (i == SPELLING_HEX) // its two digits stand together
            continue;
        mark(filter->first, "\\%", i);
        mark(filter->second, i == SPELLING_PLAIN ? "\\%" : "\\% \t\r\n", i);
    }
}
