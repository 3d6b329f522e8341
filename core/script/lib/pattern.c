/* pattern.c: a backtracking matcher in the manner of Lua's own. `do_match` walks the pattern; items
 * that may match in several ways recurse into it for what follows them. */
#include "script/lib/pattern.h"

#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "script/limits/meter.h"

enum { MATCH_DEPTH = 200, TANK = 512, ESC = '%' };

static const char *do_match(struct match *m, const char *s, const char *p);

static void pay(struct match *m)
{
    if (--m->fuel == 0) {
        m->fuel = TANK;
        meter_spend(m->L, TANK);
    }
}

static int uchar(char c)
{
    return (unsigned char)c;
}

/* ---- single characters ---- */

/* Where the single-character item at p ends. */
static const char *item_end(struct match *m, const char *p)
{
    char c = *p++;
    if (c == ESC) {
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (c != '[')
        return p;
    if (*p == '^')
        p++;
    do { // a ']' in first place stands for itself
        if (p == m->pattern_end)
            luaL_error(m->L, "malformed pattern (missing ']')");
        pay(m);
        c = *p++;
        if (c == ESC && p < m->pattern_end)
            p++;
    } while (*p != ']' || p == m->pattern_end);
    return p + 1;
}

static bool in_class(int c, int class)
{
    bool in;
    // clang-format off
    switch (tolower(class)) {
    case 'a': in = isalpha(c); break;
    case 'c': in = iscntrl(c); break;
    case 'd': in = isdigit(c); break;
    case 'g': in = isgraph(c); break;
    case 'l': in = islower(c); break;
    case 'p': in = ispunct(c); break;
    case 's': in = isspace(c); break;
    case 'u': in = isupper(c); break;
    case 'w': in = isalnum(c); break;
    case 'x': in = isxdigit(c); break;
    default: return class == c;
    }
    // clang-format on
    return isupper(class) ? !in : in;
}

/* p is at '[', last at the closing ']'. */
static bool in_set(struct match *m, int c, const char *p, const char *last)
{
    bool found = true;
    if (p[1] == '^') {
        found = false;
        p++;
    }
    while (++p < last) {
        pay(m);
        if (*p == ESC) {
            p++;
            if (in_class(c, uchar(*p)))
                return found;
        } else if (p[1] == '-' && p + 2 < last) {
            p += 2;
            if (uchar(p[-2]) <= c && c <= uchar(*p))
                return found;
        } else if (uchar(*p) == c) {
            return found;
        }
    }
    return !found;
}

/* Does the item p..end match the character at s? */
static bool item_matches(struct match *m, const char *s, const char *p, const char *end)
{
    pay(m);
    if (s >= m->subject_end)
        return false;
    int c = uchar(*s);
    switch (*p) {
    case '.':
        return true;
    case ESC:
        return in_class(c, uchar(p[1]));
    case '[':
        return in_set(m, c, p, end - 1);
    default:
        return uchar(*p) == c;
    }
}

/* ---- repetitions ---- */

static const char *match_most(struct match *m, const char *s, const char *p, const char *end)
{
    ptrdiff_t n = 0;
    while (item_matches(m, s + n, p, end))
        n++;
    for (; n >= 0; n--) {
        const char *found = do_match(m, s + n, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const char *match_least(struct match *m, const char *s, const char *p, const char *end)
{
    for (;; s++) {
        const char *found = do_match(m, s, end + 1);
        if (found)
            return found;
        if (!item_matches(m, s, p, end))
            return NULL;
    }
}

/* ---- captures ---- */

static const char *open_capture(struct match *m, const char *s, const char *p, ptrdiff_t kind)
{
    if (m->level >= PATTERN_CAPTURES)
        luaL_error(m->L, "too many captures");
    m->captures[m->level].at = s;
    m->captures[m->level].len = kind;
    m->level++;
    const char *found = do_match(m, s, p);
    if (!found)
        m->level--;
    return found;
}

static const char *close_capture(struct match *m, const char *s, const char *p)
{
    int level = m->level - 1;
    while (level >= 0 && m->captures[level].len != CAPTURE_OPEN)
        level--;
    if (level < 0)
        luaL_error(m->L, "invalid pattern capture");
    m->captures[level].len = s - m->captures[level].at;
    const char *found = do_match(m, s, p);
    if (!found)
        m->captures[level].len = CAPTURE_OPEN;
    return found;
}

/* "%1": the text of an earlier capture. */
static const char *match_back(struct match *m, const char *s, char digit)
{
    int level = digit - '1';
    if (level < 0 || level >= m->level || m->captures[level].len == CAPTURE_OPEN)
        luaL_error(m->L, "invalid capture index %%%d", level + 1);
    size_t len = (size_t)m->captures[level].len;
    if ((size_t)(m->subject_end - s) < len)
        return NULL;
    meter_spend(m->L, len / 16);
    return memcmp(m->captures[level].at, s, len) == 0 ? s + len : NULL;
}

/* ---- %b and %f ---- */

static const char *match_balance(struct match *m, const char *s, const char *p)
{
    if (p >= m->pattern_end - 1)
        luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (s >= m->subject_end || *s != *p)
        return NULL;
    char open = p[0], close = p[1];
    size_t depth = 1;
    while (++s < m->subject_end) {
        pay(m);
        if (*s == close) {
            if (--depth == 0)
                return s + 1;
        } else if (*s == open) {
            depth++;
        }
    }
    return NULL;
}

/* The position after the set, or NULL: the border lies between s - 1 and s. */
static const char *match_frontier(struct match *m, const char *s, const char *p)
{
    if (*p != '[')
        luaL_error(m->L, "missing '[' after '%%f' in pattern");
    const char *end = item_end(m, p);
    int before = s == m->subject ? 0 : uchar(s[-1]), after = s < m->subject_end ? uchar(*s) : 0;
    if (in_set(m, before, p, end - 1) || !in_set(m, after, p, end - 1))
        return NULL;
    return end;
}

/* ---- the walk ---- */

/* "%b", "%f", "%1": *p moves behind the item and the place in the subject is returned; *p = NULL
 * when the escape is an ordinary single character. */
static const char *match_special(struct match *m, const char *s, const char **p)
{
    const char *item = *p;
    switch (item[1]) {
    case 'b':
        s = match_balance(m, s, item + 2);
        *p = item + 4;
        return s;
    case 'f':
        item = match_frontier(m, s, item + 2);
        *p = item;
        return item ? s : NULL;
    default:
        *p = isdigit(uchar(item[1])) ? item + 2 : NULL;
        return *p ? match_back(m, s, item[1]) : s;
    }
}

/* A single-character item and its suffix. Goes on in place (*p, returned s) or is the end of the
 * matter (*p = NULL). */
static const char *match_item(struct match *m, const char *s, const char **p)
{
    const char *item = *p, *end = item_end(m, item);
    char suffix = end < m->pattern_end ? *end : '\0';
    if (!item_matches(m, s, item, end)) {
        bool optional = suffix == '*' || suffix == '?' || suffix == '-';
        *p = optional ? end + 1 : NULL;
        return optional ? s : NULL;
    }
    *p = NULL;
    switch (suffix) {
    case '*':
        return match_most(m, s, item, end);
    case '-':
        return match_least(m, s, item, end);
    case '+':
        return match_most(m, s + 1, item, end);
    case '?': {
        const char *found = do_match(m, s + 1, end + 1);
        *p = found ? NULL : end + 1;
        return found ? found : s;
    }
    default:
        *p = end;
        return s + 1;
    }
}

/* One item of the pattern; as match_item. */
static const char *match_step(struct match *m, const char *s, const char **p)
{
    const char *item = *p, *next = item;
    switch (*item) {
    case '(':
        *p = NULL;
        return item[1] == ')' ? open_capture(m, s, item + 2, CAPTURE_POSITION)
                              : open_capture(m, s, item + 1, CAPTURE_OPEN);
    case ')':
        *p = NULL;
        return close_capture(m, s, item + 1);
    case '$':
        if (item + 1 == m->pattern_end) {
            *p = NULL;
            return s == m->subject_end ? s : NULL;
        }
        break;
    case ESC:
        if (item + 1 < m->pattern_end) {
            const char *at = match_special(m, s, &next);
            if (next || !at) {
                *p = at ? next : NULL;
                return at;
            }
        }
        break;
    default:
        break;
    }
    return match_item(m, s, p);
}

static const char *do_match(struct match *m, const char *s, const char *p)
{
    if (m->depth-- == 0)
        luaL_error(m->L, "pattern too complex");
    while (s && p && p != m->pattern_end) {
        pay(m);
        s = match_step(m, s, &p);
    }
    m->depth++;
    return s;
}

void match_begin(struct match *m, lua_State *L, const char *subject, size_t len,
                 const char *pattern_end)
{
    m->L = L;
    m->subject = subject;
    m->subject_end = subject + len;
    m->pattern_end = pattern_end;
    m->fuel = TANK;
}

const char *match_at(struct match *m, const char *s, const char *pattern)
{
    m->level = 0;
    m->depth = MATCH_DEPTH;
    return do_match(m, s, pattern);
}

void match_push_capture(struct match *m, int i, const char *s, const char *end)
{
    if (i >= m->level) {
        if (i != 0)
            luaL_error(m->L, "invalid capture index %%%d", i + 1);
        meter_spend(m->L, (size_t)(end - s) / 16);
        lua_pushlstring(m->L, s, (size_t)(end - s));
        return;
    }
    ptrdiff_t len = m->captures[i].len;
    if (len == CAPTURE_OPEN)
        luaL_error(m->L, "unfinished capture");
    if (len == CAPTURE_POSITION) {
        lua_pushinteger(m->L, m->captures[i].at - m->subject + 1);
        return;
    }
    meter_spend(m->L, (size_t)len / 16);
    lua_pushlstring(m->L, m->captures[i].at, (size_t)len);
}

int match_push_captures(struct match *m, const char *s, const char *end)
{
    int count = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        match_push_capture(m, i, s, end);
    return count;
}

bool pattern_is_plain(const char *pattern, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (pattern[i] && strchr("^$*+?.([%-", pattern[i]))
            return false;
    return true;
}
