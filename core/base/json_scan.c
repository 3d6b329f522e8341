/* json_scan.c: one pass over JSON text that calls a sink. Iterative: the open containers are a
 * stack of bytes, so that depth costs no C stack. Holds no memory of its own across a callback of a
 * sink that gives `scratch`. */
#include <math.h>
#include <string.h>

#include "base/json.h"

#define SMALL_STRING 512 /* strings with escapes up to here are decoded on the C stack */

struct scan {
    const char *text, *p, *end;
    const struct json_sink *sink;
    void *ctx;
    struct err *err;
    struct json_limits limits;
    struct buf own; /* decoded long strings, for sinks without scratch */
    size_t values;
    unsigned depth;
    bool is_object[JSON_DEPTH_MAX];
};

enum want { WANT_VALUE, WANT_FIRST_ITEM, WANT_FIRST_KEY, WANT_KEY, WANT_NEXT };

struct json_limits json_limits(const struct json_limits *limits)
{
    struct json_limits out = limits ? *limits : (struct json_limits){0};
    if (!out.bytes)
        out.bytes = 16 << 20;
    if (out.bytes > UINT32_MAX)
        out.bytes = UINT32_MAX;
    if (!out.depth)
        out.depth = 128;
    if (out.depth > JSON_DEPTH_MAX)
        out.depth = JSON_DEPTH_MAX;
    if (!out.values)
        out.values = 1 << 20;
    return out;
}

void json_position(const char *text, size_t len, size_t at, unsigned *line, unsigned *column)
{
    *line = 1;
    *column = 1;
    for (size_t i = 0; i < at && i < len; i++) {
        (*column)++;
        if (text[i] == '\n') {
            (*line)++;
            *column = 1;
        }
    }
}

/* ---- faults ---- */

static int fail(struct scan *s, int code, const char *at, const char *why)
{
    unsigned line, column;
    json_position(s->text, (size_t)(s->end - s->text), (size_t)(at - s->text), &line, &column);
    return err_set(s->err, code, "%s at line %u, column %u", why, line, column);
}

/* "expected ',' or ']' but found 'x' at line 1, column 2" */
static int expected(struct scan *s, const char *what)
{
    char why[128];
    unsigned char c = s->p < s->end ? (unsigned char)*s->p : 0;
    if (s->p >= s->end)
        snprintf(why, sizeof why, "expected %s but the text ends", what);
    else if (c >= 0x20 && c < 0x7F)
        snprintf(why, sizeof why, "expected %s but found '%c'", what, c);
    else
        snprintf(why, sizeof why, "expected %s but found byte 0x%02X", what, c);
    return fail(s, ERR_JSON, s->p, why);
}

/* What the sink answered: its own codes pass, a duplicate key gets words. */
static int answered(struct scan *s, int code, size_t at)
{
    if (code == 0)
        return 0;
    if (code == ERR_EXISTS)
        return fail(s, ERR_JSON, s->text + at, "duplicate key");
    return fail(s, code, s->text + at, err_text(code));
}

/* ---- strings ---- */

/* Length of the body of a string with escapes, an upper bound of its decoded length. */
static size_t raw_length(const char *p, const char *end)
{
    const char *start = p;
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return (size_t)((p < end ? p : end) - start);
}

static int hex4(struct scan *s, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, s->p++) {
        char c = s->p < s->end ? *s->p : 0;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return expected(s, "four hexadecimal digits");
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
        return fail(s, ERR_JSON, at, "lone low surrogate");
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u')
            return fail(s, ERR_JSON, at, "lone high surrogate");
        s->p += 2;
        rc = hex4(s, &low);
        if (rc)
            return rc;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(s, ERR_JSON, at, "lone high surrogate");
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
        return expected(s, "an escape character");
    s->p++;
    *(*out)++ = values[name - names];
    return 0;
}

/* At a byte that utf8_plain stopped at and that is no quote and no backslash: 0 and its length. */
static int wide(struct scan *s, size_t *len)
{
    if (s->p >= s->end)
        return expected(s, "'\"'");
    if ((unsigned char)*s->p < 0x20)
        return fail(s, ERR_JSON, s->p, "control character in a string");
    *len = utf8_sequence(s->p, (size_t)(s->end - s->p));
    return *len ? 0 : fail(s, ERR_UTF8, s->p, "not valid UTF-8");
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
        return expected(s, "'\"'");
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

typedef int emit_string(void *ctx, const char *text, size_t len, size_t at);

static int escaped_string(struct scan *s, const char *start, emit_string *emit)
{
    char small[SMALL_STRING];
    size_t head = (size_t)(s->p - start), at = (size_t)(start - 1 - s->text);
    char *text = room(s, small, head + raw_length(s->p, s->end));
    if (!text)
        return fail(s, ERR_MEMORY, s->p, err_text(ERR_MEMORY));
    memcpy(text, start, head);
    char *out = text + head;
    int rc = decode_string(s, &out);
    return rc ? rc : answered(s, emit(s->ctx, text, (size_t)(out - text), at), at);
}

/* At the opening quote. */
static int scan_string(struct scan *s, emit_string *emit)
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
    return answered(s, emit(s->ctx, start, len, at), at);
}

/* ---- numbers ---- */

static bool digit(const struct scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* 10^0 .. 10^22 are exact doubles: mantissa up to 2^53 times or over one of them rounds once. */
static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int slow_real(struct scan *s, const char *start, double *value)
{
    char text[JSON_NUMBER_MAX + 1];
    size_t len = (size_t)(s->p - start);
    if (len > JSON_NUMBER_MAX)
        return fail(s, ERR_LIMIT, start, "number longer than 512 bytes");
    memcpy(text, start, len);
    text[len] = '\0';
    *value = strtod(text, NULL);
    return isfinite(*value) ? 0 : fail(s, ERR_JSON, start, "number too large for a double");
}

/* Behind the integer part: digits of the fraction and the exponent, checked and skipped. `scale`
 * is the power of ten; `mantissa` is kept up to 2^53, beyond it `*exact` is false. */
static int fraction_exponent(struct scan *s, uint64_t *mantissa, int *scale, bool *exact)
{
    *scale = 0;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!digit(s))
            return expected(s, "a digit");
        for (; digit(s); s->p++) {
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
        if (!digit(s))
            return expected(s, "a digit");
        for (; digit(s); s->p++)
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
    return rc ? rc : answered(s, s->sink->real(s->ctx, value, at), at);
}

static int scan_number(struct scan *s)
{
    const char *start = s->p;
    bool minus = *s->p == '-', fits = true;
    uint64_t whole = 0;
    s->p += minus;
    if (!digit(s))
        return expected(s, "a digit");
    const char *first = s->p;
    for (; digit(s) && (s->p == first || *first != '0'); s->p++) {
        fits = fits && whole <= UINT64_MAX / 10 - 1;
        whole = whole * 10 + (uint64_t)(*s->p - '0');
    }
    if (s->p < s->end && (*s->p == '.' || *s->p == 'e' || *s->p == 'E'))
        return scan_real(s, start, minus, whole, fits);
    if (!fits || whole > (uint64_t)INT64_MAX + minus)
        return fail(s, ERR_JSON, start, "integer does not fit 64 bits");
    int64_t value = minus ? (int64_t)(0 - whole) : (int64_t)whole;
    size_t at = (size_t)(start - s->text);
    return answered(s, s->sink->integer(s->ctx, value, at), at);
}

/* ---- structure ---- */

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
        s->p++;
}

static bool word(struct scan *s, const char *text, size_t len)
{
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
        return false;
    s->p += len;
    return true;
}

static int begin(struct scan *s, bool is_object, enum want *want)
{
    size_t at = (size_t)(s->p - s->text);
    if (s->depth >= s->limits.depth)
        return fail(s, ERR_LIMIT, s->p, "nested too deep");
    s->is_object[s->depth++] = is_object;
    s->p++;
    *want = is_object ? WANT_FIRST_KEY : WANT_FIRST_ITEM;
    return answered(s, (is_object ? s->sink->begin_object : s->sink->begin_array)(s->ctx, at), at);
}

static int end(struct scan *s)
{
    size_t fault = (size_t)(s->p++ - s->text);
    int rc = s->is_object[--s->depth] ? s->sink->end_object(s->ctx, &fault) : s->sink->end_array(s->ctx);
    return answered(s, rc, fault);
}

static int scan_value(struct scan *s, enum want *want)
{
    size_t at = (size_t)(s->p - s->text);
    if (++s->values > s->limits.values)
        return fail(s, ERR_LIMIT, s->p, "too many values");
    *want = WANT_NEXT;
    switch (s->p < s->end ? *s->p : 0) {
    case '{':
        return begin(s, true, want);
    case '[':
        return begin(s, false, want);
    case '"':
        return scan_string(s, s->sink->string);
    case 't':
        if (word(s, "true", 4))
            return answered(s, s->sink->boolean(s->ctx, true, at), at);
        break;
    case 'f':
        if (word(s, "false", 5))
            return answered(s, s->sink->boolean(s->ctx, false, at), at);
        break;
    case 'n':
        if (word(s, "null", 4))
            return answered(s, s->sink->null(s->ctx, at), at);
        break;
    default:
        if (s->p < s->end && (*s->p == '-' || digit(s)))
            return scan_number(s);
    }
    return expected(s, "a value");
}

static int scan_key(struct scan *s, enum want *want)
{
    if (s->p >= s->end || *s->p != '"')
        return expected(s, "a key");
    int rc = scan_string(s, s->sink->key);
    if (rc)
        return rc;
    skip_blanks(s);
    if (s->p >= s->end || *s->p != ':')
        return expected(s, "':'");
    s->p++;
    *want = WANT_VALUE;
    return 0;
}

/* Behind a value inside a container. */
static int scan_next(struct scan *s, enum want *want)
{
    bool is_object = s->is_object[s->depth - 1];
    if (s->p < s->end && *s->p == ',') {
        s->p++;
        *want = is_object ? WANT_KEY : WANT_VALUE;
        return 0;
    }
    if (s->p < s->end && *s->p == (is_object ? '}' : ']'))
        return end(s);
    return expected(s, is_object ? "',' or '}'" : "',' or ']'");
}

static int step(struct scan *s, enum want *want)
{
    bool closes = s->p < s->end && *s->p == (*want == WANT_FIRST_KEY ? '}' : ']');
    if (closes && (*want == WANT_FIRST_KEY || *want == WANT_FIRST_ITEM)) {
        *want = WANT_NEXT;
        return end(s);
    }
    if (*want == WANT_VALUE || *want == WANT_FIRST_ITEM)
        return scan_value(s, want);
    if (*want == WANT_NEXT)
        return scan_next(s, want);
    return scan_key(s, want);
}

static int scan_document(struct scan *s)
{
    enum want want = WANT_VALUE;
    do {
        skip_blanks(s);
        int rc = step(s, &want);
        if (rc)
            return rc;
    } while (s->depth > 0 || want != WANT_NEXT);
    skip_blanks(s);
    return s->p == s->end ? 0 : expected(s, "the end of the text");
}

int json_scan(const char *text, size_t len, const struct json_limits *limits,
              const struct json_sink *sink, void *ctx, struct err *err)
{
    struct scan s;
    s.text = s.p = text;
    s.end = text + len;
    s.sink = sink;
    s.ctx = ctx;
    s.err = err;
    s.limits = json_limits(limits);
    s.own = (struct buf){0};
    s.values = 0;
    s.depth = 0;
    if (len > s.limits.bytes)
        return err_set(err, ERR_LIMIT, "text longer than %zu bytes at line 1, column 1", s.limits.bytes);
    int rc = scan_document(&s);
    buf_clear(&s.own);
    return rc;
}
