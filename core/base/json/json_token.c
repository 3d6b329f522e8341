/* json_token.c: strings and numbers of the scanner, and the words of its faults. */
#include "base/json/json_token.h"

#include <math.h>
#include <string.h>

#define SMALL_STRING 512 /* strings with escapes up to here are decoded on the C stack */

/* ---- faults ---- */

int scan_fail(struct scan *s, int code, const char *at, const char *why)
{
    unsigned line, column;
    json_position(s->text, (size_t)(s->end - s->text), (size_t)(at - s->text), &line, &column);
    return err_set(s->err, code, "%s at line %u, column %u", why, line, column);
}

int scan_expected(struct scan *s, const char *what)
{
    char why[128];
    unsigned char c = s->p < s->end ? (unsigned char)*s->p : 0;
    if (s->p >= s->end)
        snprintf(why, sizeof why, "expected %s but the text ends", what);
    else if (c >= 0x20 && c < 0x7F)
        snprintf(why, sizeof why, "expected %s but found '%c'", what, c);
    else
        snprintf(why, sizeof why, "expected %s but found byte 0x%02X", what, c);
    return scan_fail(s, ERR_JSON, s->p, why);
}

int scan_answered(struct scan *s, int code, size_t at)
{
    if (code == 0)
        return 0;
    if (code == ERR_EXISTS)
        return scan_fail(s, ERR_JSON, s->text + at, "duplicate key");
    return scan_fail(s, code, s->text + at, err_text(code));
}

/* ---- strings ---- */

/* Length of the body of a string with escapes, an upper bound of its decoded length. */
static size_t raw_length(const char *start, const char *end)
{
    const char *quote = start;
    while ((quote = memchr(quote, '"', (size_t)(end - quote)))) {
        const char *at = quote;
        while (at > start && at[-1] == '\\')
            at--;
        if ((quote - at) % 2 == 0) // the backslashes before it are pairs
            return (size_t)(quote - start);
        quote++;
    }
    return (size_t)(end - start);
}

static int hex4(struct scan *s, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        int digit = hex_digit(s->p < s->end ? *s->p : 0);
        if (digit < 0)
            return scan_expected(s, "four hexadecimal digits");
        *code = *code << 4 | (uint32_t)digit;
    }
    return 0;
}

/* After "\u": one code point, from one escape or a pair of surrogates. */
static int unicode_escape(struct scan *s, char **out)
{
    const char *at = s->p - 2;
    uint32_t code, low;
    int rc = hex4(s, &code);
    if (rc)
        return rc;
    if (code >= 0xDC00 && code <= 0xDFFF)
        return scan_fail(s, ERR_JSON, at, "lone low surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
            return scan_fail(s, ERR_JSON, at, "lone high surrogate");
        s->p += 2;
        rc = hex4(s, &low);
        if (rc)
            return rc;
        if (low < 0xDC00 || low > 0xDFFF)
            return scan_fail(s, ERR_JSON, at, "lone high surrogate");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *out += utf8_write(*out, code);
    return 0;
}

static int escape(struct scan *s, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    char c = ++s->p < s->end ? *s->p : 0;
    const char *name = c ? strchr(names, c) : NULL;
    if (c == 'u') {
        s->p++;
        return unicode_escape(s, out);
    }
    if (!name)
        return scan_expected(s, "an escape character");
    s->p++;
    *(*out)++ = values[name - names];
    return 0;
}

/* At a byte that utf8_plain stopped at and that is no quote and no backslash: 0 and its length. */
static int wide(struct scan *s, size_t *len)
{
    if (s->p >= s->end)
        return scan_expected(s, "'\"'");
    if ((unsigned char)*s->p < 0x20)
        return scan_fail(s, ERR_JSON, s->p, "control character in a string");
    *len = utf8_sequence(s->p, (size_t)(s->end - s->p));
    return *len ? 0 : scan_fail(s, ERR_UTF8, s->p, "not valid UTF-8");
}

/* From the first escape on: decodes to out, which has room; ends behind the closing quote. */
static int decode_string(struct scan *s, char **out)
{
    while (s->p < s->end && *s->p != '"') {
        size_t len = utf8_plain(s->p, (size_t)(s->end - s->p));
        int rc = 0;
        if (len == 0 && *s->p == '\\') {
            rc = escape(s, out);
        } else {
            if (len == 0)
                rc = wide(s, &len);
            memcpy(*out, s->p, len);
            *out += len;
            s->p += len;
        }
        if (rc)
            return rc;
    }
    if (s->p >= s->end)
        return scan_expected(s, "'\"'");
    s->p++;
    return 0;
}

static char *room(struct scan *s, char *small, size_t len)
{
    if (len <= SMALL_STRING)
        return small;
    if (s->sink->scratch)
        return s->sink->scratch(s->ctx, len);
    buf_reset(&s->own);
    return buf_reserve(&s->own, len);
}

static int escaped_string(struct scan *s, const char *start, emit_string *emit)
{
    char small[SMALL_STRING];
    size_t head = (size_t)(s->p - start), at = (size_t)(start - 1 - s->text);
    char *text = room(s, small, head + raw_length(s->p, s->end));
    if (!text)
        return scan_fail(s, ERR_MEMORY, s->p, err_text(ERR_MEMORY));
    memcpy(text, start, head);
    char *out = text + head;
    int rc = decode_string(s, &out);
    return rc ? rc : scan_answered(s, emit(s->ctx, text, (size_t)(out - text), at), at);
}

int scan_string(struct scan *s, emit_string *emit)
{
    const char *start = ++s->p;
    size_t at = (size_t)(start - 1 - s->text), len;
    for (;;) {
        s->p += utf8_plain(s->p, (size_t)(s->end - s->p));
        if (s->p < s->end && *s->p == '"')
            break;
        if (s->p < s->end && *s->p == '\\')
            return escaped_string(s, start, emit);
        int rc = wide(s, &len);
        if (rc)
            return rc;
        s->p += len;
    }
    len = (size_t)(s->p++ - start);
    return scan_answered(s, emit(s->ctx, start, len, at), at);
}

/* ---- numbers ---- */

/* 10^0 .. 10^22 are exact doubles: mantissa up to 2^53 times or over one of them rounds once. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int slow_real(struct scan *s, const char *start, double *value)
{
    char text[JSON_NUMBER_MAX + 1];
    size_t len = (size_t)(s->p - start);
    if (len > JSON_NUMBER_MAX)
        return scan_fail(s, ERR_LIMIT, start, "number longer than 512 bytes");
    memcpy(text, start, len);
    text[len] = '\0';
    *value = strtod(text, NULL);
    return isfinite(*value) ? 0 : scan_fail(s, ERR_JSON, start, "number too large for a double");
}

/* Behind the integer part: digits of the fraction and the exponent, checked and skipped. `scale`
 * is the power of ten; `mantissa` is kept up to 2^53, beyond it `*exact` is false. */
static int fraction_exponent(struct scan *s, uint64_t *mantissa, int *scale, bool *exact)
{
    *scale = 0;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!scan_at_digit(s))
            return scan_expected(s, "a digit");
        for (; scan_at_digit(s); s->p++) {
            *exact = *exact && *mantissa < (UINT64_C(1) << 53) / 10;
            *mantissa = *exact ? *mantissa * 10 + (uint64_t)(*s->p - '0') : 0;
            *scale -= *exact;
        }
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        bool minus = ++s->p < s->end && *s->p == '-';
        int exponent = 0;
        if (s->p < s->end && (*s->p == '-' || *s->p == '+'))
            s->p++;
        if (!scan_at_digit(s))
            return scan_expected(s, "a digit");
        for (; scan_at_digit(s); s->p++)
            exponent = exponent > 999 ? 999 : exponent * 10 + (*s->p - '0');
        *scale += minus ? -exponent : exponent;
    }
    return 0;
}

static int scan_real(struct scan *s, const char *start, bool minus, uint64_t whole, bool exact)
{
    uint64_t mantissa = whole;
    int scale;
    double value = 0;
    size_t at = (size_t)(start - s->text);
    exact = exact && whole <= UINT64_C(1) << 53;
    int rc = fraction_exponent(s, &mantissa, &scale, &exact);
    if (rc)
        return rc;
    if (exact && scale >= -22 && scale <= 22) {
        value = scale < 0 ? (double)mantissa / powers[-scale] : (double)mantissa * powers[scale];
        value = minus ? -value : value;
    } else {
        rc = slow_real(s, start, &value);
    }
    return rc ? rc : scan_answered(s, s->sink->real(s->ctx, value, at), at);
}

int scan_number(struct scan *s)
{
    const char *start = s->p;
    bool minus = *s->p == '-', fits = true;
    uint64_t whole = 0;
    s->p += minus;
    if (!scan_at_digit(s))
        return scan_expected(s, "a digit");
    const char *first = s->p;
    for (; scan_at_digit(s) && (s->p == first || *first != '0'); s->p++) {
        fits = fits && whole <= UINT64_MAX / 10 - 1;
        whole = whole * 10 + (uint64_t)(*s->p - '0');
    }
    if (s->p < s->end && (*s->p == '.' || *s->p == 'e' || *s->p == 'E'))
        return scan_real(s, start, minus, whole, fits);
    if (!fits || whole > (uint64_t)INT64_MAX + minus)
        return scan_fail(s, ERR_JSON, start, "integer does not fit 64 bits");
    int64_t value = minus ? (int64_t)(0 - whole) : (int64_t)whole;
    size_t at = (size_t)(start - s->text);
    return scan_answered(s, s->sink->integer(s->ctx, value, at), at);
}
