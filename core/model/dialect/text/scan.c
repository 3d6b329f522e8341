/* scan.c: see scan.h. */
#include "model/dialect/text/scan.h"

#include "base/json.h"

enum found scan_text(struct scan *s, const char *text, size_t len)
{
    size_t have = scan_left(s) < len ? scan_left(s) : len;
    if (have && memcmp(s->at, text, have) != 0)
        return FOUND_NO;
    if (have < len)
        return FOUND_MORE;
    s->at += len;
    return FOUND_YES;
}

static bool in_name(char c)
{
    return scan_begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

enum found scan_name(struct scan *s, const char **name, size_t *len)
{
    const char *at = s->at;
    if (at < s->end && !scan_begins_name(*at))
        return FOUND_NO;
    while (at < s->end && in_name(*at))
        at++;
    if ((size_t)(at - s->at) > SCAN_NAME_MAX)
        return FOUND_NO;
    if (at == s->end)
        return FOUND_MORE;
    if (!utf8_valid(s->at, (size_t)(at - s->at)))
        return FOUND_NO;
    *name = s->at;
    *len = (size_t)(at - s->at);
    s->at = at;
    return FOUND_YES;
}

/* Behind a string whose first quote stands at the scan. */
static enum found pass_string(struct scan *s)
{
    const char quote = *s->at++;
    while (s->at < s->end && *s->at != quote)
        s->at += 1 + (*s->at == '\\' && s->at + 1 < s->end);
    if (s->at == s->end)
        return FOUND_MORE;
    s->at++;
    return FOUND_YES;
}

static char closing(char open)
{
    if (open == '(')
        return ')';
    return open == '[' ? ']' : '}';
}

enum found scan_brackets(struct scan *s)
{
    char closes[SCAN_DEPTH_MAX];
    size_t depth = 0;
    do {
        if (s->at == s->end)
            return FOUND_MORE;
        const char c = *s->at;
        switch (c) {
        case '"':
        case '\'':
            if (pass_string(s) == FOUND_MORE)
                return FOUND_MORE;
            continue;
        case '(':
        case '[':
        case '{':
            s->at++;
            if (depth == SCAN_DEPTH_MAX)
                return FOUND_NO;
            closes[depth++] = closing(c);
            continue;
        case ')':
        case ']':
        case '}':
            s->at++;
            if (!depth || c != closes[--depth])
                return FOUND_NO;
            continue;
        default:
            s->at++;
        }
    } while (depth);
    return FOUND_YES;
}
