/* ignore.c: see ignore.h. Components are matched one by one, as glob.c does it; the syntax within
 * one is that of git's wildmatch: * ? [...] and \. */
#include "model/search/ignore.h"

#include <ctype.h>
#include <string.h>

struct span {
    const char *at, *end;
};

static struct span first_component(struct span rest)
{
    const char *slash =
        rest.at < rest.end ? memchr(rest.at, '/', (size_t)(rest.end - rest.at)) : NULL;
    return (struct span){rest.at, slash ? slash : rest.end};
}

static struct span after(struct span rest, struct span component)
{
    return (struct span){component.end < rest.end ? component.end + 1 : rest.end, rest.end};
}

/* Stars only, two or more. */
static bool is_any_depth(struct span component)
{
    const char *at = component.at;
    while (at < component.end && *at == '*')
        at++;
    return at == component.end && component.end - component.at >= 2;
}

/* ---- one component ---- */

static const struct {
    const char *name;
    int (*has)(int c);
} classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

/* Behind "[:" of a class such as [:alpha:]; NULL when it is none. */
static const char *named_class(const char *at, const char *end, unsigned char c, bool *has)
{
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        size_t len = strlen(classes[i].name);
        if ((size_t)(end - at) >= len + 2 && memcmp(at, classes[i].name, len) == 0 &&
            memcmp(at + len, ":]", 2) == 0) {
            *has = *has || (c < 0x80 && classes[i].has(c));
            return at + len + 2;
        }
    }
    return NULL;
}

/* One character of a set, which a backslash may stand before; NULL at the end. */
static const char *set_character(const char *at, const char *end, unsigned char *out)
{
    if (at < end && *at == '\\')
        at++;
    if (at >= end)
        return NULL;
    *out = (unsigned char)*at;
    return at + 1;
}

/* A character, or a range of them. */
static const char *set_item(const char *at, const char *end, unsigned char c, bool *has)
{
    unsigned char lo, hi;
    at = set_character(at, end, &lo);
    if (!at)
        return NULL;
    hi = lo;
    if (end - at >= 2 && at[0] == '-' && at[1] != ']')
        at = set_character(at + 1, end, &hi);
    *has = *has || (lo <= c && c <= hi);
    return at;
}

/* Behind the [: where the set ends, and whether c is in it; NULL when it has no end. */
static const char *set_end(const char *at, const char *end, unsigned char c, bool *fits)
{
    bool negated = at < end && (*at == '!' || *at == '^'), has = false;
    at += negated;
    for (bool first = true; at && at < end && (first || *at != ']'); first = false) {
        if (end - at >= 2 && at[0] == '[' && at[1] == ':')
            at = named_class(at + 2, end, c, &has);
        else
            at = set_item(at, end, c, &has);
    }
    *fits = has != negated;
    return at && at < end ? at + 1 : NULL;
}

/* Behind what stands for one character at p, when it stands for c; else NULL. p < end, no star. */
static const char *fits_one(const char *p, const char *end, unsigned char c)
{
    bool fits;
    if (*p == '?')
        return p + 1;
    if (*p == '[') {
        p = set_end(p + 1, end, c, &fits);
        return p && fits ? p : NULL;
    }
    if (*p == '\\' && ++p == end)
        return NULL;
    return (unsigned char)*p == c ? p + 1 : NULL;
}

static void charge(size_t *budget, size_t cost)
{
    *budget -= *budget < cost ? *budget : cost;
}

static bool match_component(struct span pattern, struct span word, size_t *budget)
{
    const char *p = pattern.at, *w = word.at, *star = NULL, *star_word = NULL, *next;
    while (w<word.end && * budget> 0) {
        charge(budget, 1);
        if (p < pattern.end && *p == '*') {
            star = ++p;
            star_word = w;
        } else if (p < pattern.end && (next = fits_one(p, pattern.end, (unsigned char)*w))) {
            p = next;
            w++;
        } else if (star) {
            p = star;
            w = ++star_word;
        } else {
            return false;
        }
    }
    while (p < pattern.end && *p == '*')
        p++;
    return p == pattern.end && w == word.end;
}

/* ---- a path ---- */

/* "a/" and then ** is what is below a, and not a itself. */
static bool match_path(struct span pattern, struct span name, size_t *budget)
{
    struct span retry_pattern = {NULL, NULL}, retry_name = {NULL, NULL};
    while (*budget > 0) {
        struct span p = first_component(pattern), n = first_component(name);
        if (pattern.at < pattern.end && is_any_depth(p)) {
            if (p.end == pattern.end)
                return name.at < name.end;
            pattern = retry_pattern = after(pattern, p);
            retry_name = name;
            continue;
        }
        if (name.at == name.end && pattern.at == pattern.end)
            return true;
        if (name.at < name.end && pattern.at < pattern.end && match_component(p, n, budget)) {
            pattern = after(pattern, p);
            name = after(name, n);
            continue;
        }
        if (!retry_pattern.at || retry_name.at == retry_name.end)
            return false;
        pattern = retry_pattern;
        name = retry_name = after(retry_name, first_component(retry_name));
    }
    return false;
}

/* `*.c` and what is literal is most of what there is. */
static bool match_name(const struct ignore_rule *rule, struct span name, size_t *budget)
{
    size_t len = (size_t)(name.end - name.at);
    if (rule->literal)
        return len == rule->len && memcmp(name.at, rule->text, len) == 0;
    return match_component((struct span){rule->text, rule->text + rule->len}, name, budget);
}

bool ignore_rule_fits(const struct ignore_rule *rule, const char *path, size_t len,
                      bool is_directory, size_t *budget)
{
    charge(budget, 1);
    if (rule->directory && !is_directory)
        return false;
    struct span whole = {path, path + len};
    if (rule->anchored)
        return match_path((struct span){rule->text, rule->text + rule->len}, whole, budget);
    const char *slash = memrchr(path, '/', len);
    return match_name(rule, (struct span){slash ? slash + 1 : path, whole.end}, budget);
}

/* ---- rules ---- */

/* Blanks at the end count only behind a backslash. */
static size_t without_blanks(const char *line, size_t len)
{
    size_t end = 0;
    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\\' && i + 1 < len)
            end = ++i + 1;
        else if (line[i] != ' ')
            end = i + 1;
    }
    return end;
}

static bool is_literal(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr("*?[\\", text[i]))
            return false;
    return true;
}

bool ignore_rule_read(struct ignore_rule *out, const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r')
        len--;
    len = without_blanks(line, len);
    if (len == 0 || len > IGNORE_PATTERN || line[0] == '#' || memchr(line, 0, len))
        return false;
    *out = (struct ignore_rule){.negated = line[0] == '!'};
    line += out->negated;
    len -= out->negated;
    out->directory = len > 0 && line[len - 1] == '/';
    len -= out->directory;
    out->anchored = len > 0 && memchr(line, '/', len);
    if (len > 0 && line[0] == '/') {
        line++;
        len--;
    }
    out->text = line;
    out->len = (uint32_t)len;
    out->literal = is_literal(line, len);
    return len > 0;
}

/* ---- levels ---- */

struct level {
    size_t base, first, text; /* bytes of the directory's path; rules and texts before it */
};

static size_t rule_count(const struct ignore *ignore)
{
    return ignore->rules.len / sizeof(struct ignore_rule);
}

/* Rules point into texts that may move: they hold offsets until they are looked at. */
static void read_lines(struct ignore *ignore, size_t from)
{
    const char *base = ignore->texts.data, *at = base + from, *end = base + ignore->texts.len;
    while (at < end && rule_count(ignore) < IGNORE_RULES_MAX) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct ignore_rule rule;
        stop = stop ? stop : end;
        if (ignore_rule_read(&rule, at, (size_t)(stop - at))) {
            rule.text = (const char *)(uintptr_t)(rule.text - base);
            buf_put(&ignore->rules, &rule, sizeof rule);
        }
        at = stop + 1;
    }
}

int ignore_push(struct ignore *ignore, size_t base, const char *text, size_t len)
{
    struct level level = {base, rule_count(ignore), ignore->texts.len};
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    buf_put(&ignore->levels, &level, sizeof level);
    buf_put(&ignore->texts, text, len);
    if (buf_ok(&ignore->texts))
        read_lines(ignore, level.text);
    bool whole = buf_ok(&ignore->levels) && buf_ok(&ignore->texts) && buf_ok(&ignore->rules);
    ignore->count += whole;
    return whole ? 0 : ERR_MEMORY;
}

static struct level *level_at(const struct ignore *ignore, size_t number)
{
    return (struct level *)(void *)ignore->levels.data + number;
}

void ignore_pop(struct ignore *ignore)
{
    if (ignore->count == 0)
        return;
    const struct level *level = level_at(ignore, --ignore->count);
    ignore->rules.len = level->first * sizeof(struct ignore_rule);
    ignore->texts.len = level->text;
    ignore->levels.len = ignore->count * sizeof *level;
}

enum ignored ignore_judge(const struct ignore *ignore, const char *path, size_t len,
                          bool is_directory, size_t *budget)
{
    const struct ignore_rule *rules = (const void *)ignore->rules.data;
    size_t end = rule_count(ignore);
    for (size_t i = ignore->count; i-- > 0;) {
        const struct level *level = level_at(ignore, i);
        size_t base = level->base ? level->base + 1 : 0;
        for (size_t n = base < len ? end : level->first; n > level->first; n--) {
            struct ignore_rule rule = rules[n - 1];
            rule.text = ignore->texts.data + (uintptr_t)rule.text;
            if (ignore_rule_fits(&rule, path + base, len - base, is_directory, budget))
                return rule.negated ? IGNORED_NO : IGNORED_YES;
        }
        end = level->first;
    }
    return IGNORED_UNSAID;
}

void ignore_clear(struct ignore *ignore)
{
    buf_clear(&ignore->rules);
    buf_clear(&ignore->levels);
    buf_clear(&ignore->texts);
    ignore->count = 0;
}
