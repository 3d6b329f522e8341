/* glob.c: see glob.h. Components are matched one by one; the last "**" is the only place a failed
 * match goes back to, and within a component the last '*'. Both are enough, because a component
 * cannot contain '/': what stands before a "**" matches in one way only. */
#include "model/glob.h"

#include <string.h>

struct span {
    const char *at, *end;
};

static struct span first_component(struct span rest)
{
    const char *slash = memchr(rest.at, '/', (size_t)(rest.end - rest.at));
    return (struct span){rest.at, slash ? slash : rest.end};
}

static struct span after(struct span rest, struct span component)
{
    return (struct span){component.end < rest.end ? component.end + 1 : rest.end, rest.end};
}

static bool is_any_depth(struct span component)
{
    return component.end - component.at == 2 && component.at[0] == '*' && component.at[1] == '*';
}

static const char *next_character(const char *at, const char *end)
{
    at++;
    while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
        at++;
    return at;
}

/* '*' and '?' inside one component. */
static bool match_component(struct span pattern, struct span word)
{
    const char *p = pattern.at, *w = word.at;
    const char *star = NULL, *star_word = NULL;
    while (w < word.end) {
        if (p < pattern.end && *p == '*') {
            star = ++p;
            star_word = w;
        } else if (p < pattern.end && *p == '?') {
            p++;
            w = next_character(w, word.end);
        } else if (p < pattern.end && *p == *w) {
            p++;
            w++;
        } else if (star) {
            p = star;
            w = star_word = next_character(star_word, word.end);
        } else {
            return false;
        }
    }
    while (p < pattern.end && *p == '*')
        p++;
    return p == pattern.end;
}

static bool match_components(struct span pattern, struct span name)
{
    struct span retry_pattern = {NULL, NULL}, retry_name = {NULL, NULL};
    for (;;) {
        struct span p = first_component(pattern);
        if (pattern.at < pattern.end && is_any_depth(p)) {
            pattern = retry_pattern = after(pattern, p);
            retry_name = name;
            if (pattern.at == pattern.end)
                return true;
            continue;
        }
        if (name.at == name.end && pattern.at == pattern.end)
            return true;
        struct span n = first_component(name);
        if (name.at < name.end && pattern.at < pattern.end && match_component(p, n)) {
            pattern = after(pattern, p);
            name = after(name, n);
            continue;
        }
        if (!retry_pattern.at || retry_name.at == retry_name.end)
            return false;
        pattern = retry_pattern;
        name = retry_name = after(retry_name, first_component(retry_name));
    }
}

/* Whether the bytes `want` are in name at a place. */
static bool has_at(const char *name, size_t len, size_t at, const char *want, size_t count)
{
    if (count == 0)
        return true;
    return count <= len && at <= len - count && memcmp(name + at, want, count) == 0;
}

bool glob_match(const struct glob *glob, const char *name, size_t len)
{
    // "src/**" is literal up to "src/" and also means "src"
    size_t literal = glob->literal;
    if (literal == len + 1 && glob->text[len] == '/')
        literal = len;
    if (!has_at(name, len, 0, glob->text, literal))
        return false;
    if (!has_at(name, len, len - glob->tail, glob->text + glob->len - glob->tail, glob->tail))
        return false;
    if (glob->literal == glob->len)
        return len == glob->len;
    return match_components((struct span){glob->text, glob->text + glob->len},
                            (struct span){name, name + len});
}

static bool is_sane(struct span component)
{
    size_t len = (size_t)(component.end - component.at);
    if (len == 0 || (len <= 2 && memcmp(component.at, "..", len) == 0))
        return false;
    if (is_any_depth(component))
        return true;
    for (const char *c = component.at; c + 1 < component.end; c++)
        if (c[0] == '*' && c[1] == '*')
            return false;
    return true;
}

static bool has_only_known(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || strchr("[]{}\\", text[i]))
            return false;
    return true;
}

static bool is_wild(char c)
{
    return c == '*' || c == '?';
}

int glob_init(struct glob *out, const char *text, size_t len, struct err *err)
{
    if (len == 0 || len > GLOB_MAX || !has_only_known(text, len))
        return err_set(err, ERR_CONFIG, "a path pattern is 1 to %d bytes without [ ] { } \\",
                       GLOB_MAX);
    struct span rest = {text, text + len};
    for (;;) {
        struct span component = first_component(rest);
        if (!is_sane(component))
            return err_set(err, ERR_CONFIG,
                           "path pattern '%.*s': an empty, '.' or '..' component, or "
                           "'**' that is not a whole component",
                           (int)len, text);
        if (component.end == rest.end)
            break;
        rest.at = component.end + 1;
    }
    *out = (struct glob){.text = text, .len = len};
    while (out->literal < len && !is_wild(text[out->literal]))
        out->literal++;
    while (out->tail < len && !is_wild(text[len - out->tail - 1]))
        out->tail++;
    out->first = text[0];
    out->last = text[len - 1];
    if (out->tail > 0 && out->tail < len && text[len - out->tail] == '/')
        out->tail--; // "**/x" also means "x"
    return 0;
}
