/* secrets_base64.c: secrets in base64, as configurations carry them (a Kubernetes secret, the key
 * of a kubeconfig, basic authentication): what a long run decodes to is looked at like any other
 * text.
 */
#include <string.h>

#include "model/gate/impl.h"

#define BASE64_MIN 28   /* characters: a token of twenty bytes */
#define LINE_MIN   16   /* of a further line of the same run */
#define KEPT       1024 /* of what was looked at: a secret may lie across */

struct decoder {
    char out[8192];
    size_t len;
    uint32_t bits;
    unsigned count; /* of bits that wait */
};

/* What a character is worth, plus one; 0: it is none. Also the alphabet of addresses. */
static const uint8_t values[256] = {
    ['A'] = 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
    15,         16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41,         42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    ['+'] = 63, ['-'] = 63, ['/'] = 64, ['_'] = 64,
};

/* -1: it is none. */
static int value_of(char c)
{
    return values[(uint8_t)c] - 1;
}

static const char *run_end(const char *text, const char *end)
{
    while (text < end && value_of(*text) >= 0)
        text++;
    return text;
}

/* A run that goes on in the next line, however far that is set in; or NULL. */
static const char *next_line(const char *text, const char *end)
{
    const char *at = text;
    bool breaks = false;
    while (at < end && strchr(" \t\r\n", *at) && *at)
        breaks |= *at++ == '\n';
    return breaks && run_end(at, end) - at >= LINE_MIN ? at : NULL;
}

static const char *look(struct decoder *d)
{
    size_t at;
    return gate_find_plain_secret(d->out, d->len, &at);
}

static const char *decode(struct decoder *d, const char *text, const char *stop)
{
    for (; text < stop; text++) {
        d->bits = d->bits << 6 | (uint32_t)value_of(*text);
        d->count += 6;
        if (d->count < 8)
            continue;
        d->count -= 8;
        d->out[d->len++] = (char)(d->bits >> d->count & 0xff);
        if (d->len < sizeof d->out)
            continue;
        const char *what = look(d);
        if (what)
            return what;
        memmove(d->out, d->out + d->len - KEPT, KEPT);
        d->len = KEPT;
    }
    return NULL;
}

/* The whole of a run, line by line; *text is set behind it. */
static const char *find_in_run(const char **text, const char *end)
{
    struct decoder d;
    d.len = d.count = d.bits = 0;
    for (const char *line = *text; line; line = next_line(*text, end)) {
        *text = run_end(line, end);
        const char *what = decode(&d, line, *text);
        if (what)
            return what;
    }
    return look(&d);
}

/* The first run that is long enough, without a look at most of what is shorter. */
static const char *next_run(const char *text, const char *end)
{
    while (end - text >= BASE64_MIN) {
        const char *back = text + BASE64_MIN;
        while (back > text && value_of(back[-1]) >= 0)
            back--;
        if (back == text)
            return text;
        text = back;
    }
    return NULL;
}

const char *gate_find_base64_secret(const char *text, size_t len, size_t *at)
{
    const char *from = text, *end = text + len;
    while ((from = next_run(from, end))) {
        *at = (size_t)(from - text);
        const char *what = find_in_run(&from, end);
        if (what)
            return what;
    }
    return NULL;
}
