/* json_scan.c: one pass over JSON text that calls a sink. Iterative: the open containers are a
 * stack of bytes, so that depth costs no C stack. Holds no memory of its own across a callback of a
 * sink that gives `scratch`. */
#include "base/json/json_scan.h"

#include <string.h>

#include "base/json/json_token.h"

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
        return scan_fail(s, ERR_LIMIT, s->p, "nested too deep");
    s->is_object[s->depth++] = is_object;
    s->p++;
    *want = is_object ? WANT_FIRST_KEY : WANT_FIRST_ITEM;
    return scan_answered(s, (is_object ? s->sink->begin_object : s->sink->begin_array)(s->ctx, at),
                         at);
}

static int end(struct scan *s)
{
    size_t fault = (size_t)(s->p++ - s->text);
    int rc =
        s->is_object[--s->depth] ? s->sink->end_object(s->ctx, &fault) : s->sink->end_array(s->ctx);
    return scan_answered(s, rc, fault);
}

static int scan_value(struct scan *s, enum want *want)
{
    size_t at = (size_t)(s->p - s->text);
    if (++s->values > s->limits.values)
        return scan_fail(s, ERR_LIMIT, s->p, "too many values");
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
            return scan_answered(s, s->sink->boolean(s->ctx, true, at), at);
        break;
    case 'f':
        if (word(s, "false", 5))
            return scan_answered(s, s->sink->boolean(s->ctx, false, at), at);
        break;
    case 'n':
        if (word(s, "null", 4))
            return scan_answered(s, s->sink->null(s->ctx, at), at);
        break;
    default:
        if (s->p < s->end && (*s->p == '-' || scan_at_digit(s)))
            return scan_number(s);
    }
    return scan_expected(s, "a value");
}

static int scan_key(struct scan *s, enum want *want)
{
    if (s->p >= s->end || *s->p != '"')
        return scan_expected(s, "a key");
    int rc = scan_string(s, s->sink->key);
    if (rc)
        return rc;
    skip_blanks(s);
    if (s->p >= s->end || *s->p != ':')
        return scan_expected(s, "':'");
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
    return scan_expected(s, is_object ? "',' or '}'" : "',' or ']'");
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
    return s->p == s->end ? 0 : scan_expected(s, "the end of the text");
}

int json_scan(const char *text, size_t len, const struct json_limits *limits,
              const struct json_sink *sink, void *ctx, struct err *err)
{
    struct scan s;
    s.text = s.p = text ? text : "";
    s.end = s.text + len;
    s.sink = sink;
    s.ctx = ctx;
    s.err = err;
    s.limits = json_limits(limits);
    s.own = (struct buf){0};
    s.values = 0;
    s.depth = 0;
    if (len > s.limits.bytes)
        return err_set(err, ERR_LIMIT, "text longer than %zu bytes at line 1, column 1",
                       s.limits.bytes);
    int rc = scan_document(&s);
    buf_clear(&s.own);
    return rc;
}
