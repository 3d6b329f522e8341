/* json_token.h: private to the scanner: its state, its faults, strings and numbers. */
#ifndef BASE_JSON_TOKEN_H
#define BASE_JSON_TOKEN_H

#include "base/json/json_scan.h"

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

typedef int emit_string(void *ctx, const char *text, size_t len, size_t at);

/* Ends the scan with code: "why at line L, column C". */
int scan_fail(struct scan *s, int code, const char *at, const char *why);

/* "expected ',' or ']' but found 'x' at line 1, column 2" */
int scan_expected(struct scan *s, const char *what);

/* What the sink answered: its own codes pass, a duplicate key gets words. */
int scan_answered(struct scan *s, int code, size_t at);

/* At the opening quote: checks, decodes, calls emit, and ends behind the closing quote. */
int scan_string(struct scan *s, emit_string *emit);

/* At a digit or '-': calls the sink and ends behind the number. */
int scan_number(struct scan *s);

static inline bool scan_at_digit(const struct scan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

#endif
