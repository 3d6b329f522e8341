/* search.c: find, match, gmatch, gsub over pattern.c. Positions are kept as numbers: nothing holds
 * a pointer into a string across a call of the script. */
#include <string.h>

#include "script/lib/lib.h"
#include "script/lib/pattern.h"

/* ---- find and match ---- */

static int push_range(lua_State *L, size_t from, size_t to)
{
    lua_pushinteger(L, (lua_Integer)from);
    lua_pushinteger(L, (lua_Integer)to);
    return 2;
}

static int find_plain(lua_State *L, size_t init)
{
    size_t len, pattern_len;
    const char *s = lua_tolstring(L, 1, &len), *pattern = lua_tolstring(L, 2, &pattern_len);
    meter_spend(L, (len - init) / 16 + pattern_len / 16);
    const char *found = memmem(s + init, len - init, pattern, pattern_len);
    if (found)
        return push_range(L, (size_t)(found - s) + 1, (size_t)(found - s) + pattern_len);
    lua_pushnil(L);
    return 1;
}

static int search(lua_State *L, size_t init, bool find)
{
    size_t len, pattern_len;
    const char *s = lua_tolstring(L, 1, &len), *pattern = lua_tolstring(L, 2, &pattern_len);
    const char *at = s + init, *end;
    struct match m;
    match_begin(&m, L, s, len, pattern + pattern_len);
    bool anchored = *pattern == '^' && pattern_len > 0;
    do {
        end = match_at(&m, at, pattern + anchored);
    } while (!end && at++ < m.subject_end && !anchored);
    if (!end) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return match_push_captures(&m, at, end);
    push_range(L, (size_t)(at - s) + 1, (size_t)(end - s));
    return match_push_captures(&m, NULL, NULL) + 2;
}

static int find_or_match(lua_State *L, bool find)
{
    size_t len, pattern_len;
    luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    size_t init = lib_position(luaL_optinteger(L, 3, 1), len) - 1;
    meter_spend(L, 1);
    if (init > len) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || pattern_is_plain(pattern, pattern_len)))
        return find_plain(L, init);
    return search(L, init, find);
}

int lib_string_find(lua_State *L)
{
    return find_or_match(L, true);
}

int lib_string_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* ---- gmatch ---- */

enum { SUBJECT = 1, PATTERN, NEXT, LAST }; /* upvalues; LAST = end of the last match, -1 = none */

static int gmatch_step(lua_State *L)
{
    size_t len, pattern_len;
    const char *s = lua_tolstring(L, lua_upvalueindex(SUBJECT), &len);
    const char *pattern = lua_tolstring(L, lua_upvalueindex(PATTERN), &pattern_len);
    size_t next = (size_t)lua_tointeger(L, lua_upvalueindex(NEXT));
    const char *at = s + (next > len ? len + 1 : next), *end;
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(LAST));
    struct match m;
    match_begin(&m, L, s, len, pattern + pattern_len);
    for (; at <= m.subject_end; at++) {
        meter_spend(L, 1);
        end = match_at(&m, at, pattern);
        if (end && end - s != last) {
            lua_pushinteger(L, end - s);
            lua_copy(L, -1, lua_upvalueindex(NEXT));
            lua_replace(L, lua_upvalueindex(LAST));
            return match_push_captures(&m, at, end);
        }
    }
    lua_pushinteger(L, (lua_Integer)len + 1); // finished, also when asked again
    lua_replace(L, lua_upvalueindex(NEXT));
    return 0;
}

int lib_string_gmatch(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    lua_Integer init = luaL_optinteger(L, 3, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushinteger(L, (lua_Integer)lib_position(init, len) - 1); // beyond the end: nothing
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_step, 4);
    return 1;
}

/* ---- gsub ---- */

/* A replacement text: "%1" is a capture, "%0" the match, "%%" a percent sign. */
static void add_text(struct match *m, struct text *out, const char *s, const char *end)
{
    size_t len, value_len;
    const char *news = lua_tolstring(m->L, 3, &len), *stop = news + len, *escape;
    while ((escape = memchr(news, '%', (size_t)(stop - news))) != NULL) {
        text_put(out, news, (size_t)(escape - news));
        char c = escape + 1 < stop ? escape[1] : '\0';
        if (c == '%') {
            text_putc(out, c);
        } else if (c == '0') {
            text_put(out, s, (size_t)(end - s));
        } else if (c >= '1' && c <= '9') {
            match_push_capture(m, c - '1', s, end);
            const char *value = lua_tolstring(m->L, -1, &value_len);
            text_put(out, value, value_len);
            lua_pop(m->L, 1);
        } else {
            luaL_error(m->L, "invalid use of '%%' in replacement string");
        }
        news = escape + 2;
    }
    text_put(out, news, (size_t)(stop - news));
}

/* Pushes what a table or function has for the match. */
static void push_replacement(struct match *m, const char *s, const char *end)
{
    lua_State *L = m->L;
    if (lua_type(L, 3) == LUA_TTABLE) {
        match_push_capture(m, 0, s, end);
        lua_gettable(L, 3);
        return;
    }
    lua_pushvalue(L, 3);
    lua_call(L, match_push_captures(m, s, end), 1);
}

/* Appends the replacement of the match s..end; false when the original stays. */
static bool add_value(struct match *m, struct text *out, const char *s, const char *end)
{
    lua_State *L = m->L;
    size_t len;
    int type = lua_type(L, 3);
    if (type == LUA_TNUMBER || type == LUA_TSTRING) {
        add_text(m, out, s, end);
        return true;
    }
    push_replacement(m, s, end);
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        text_put(out, s, (size_t)(end - s));
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    const char *text = lua_tolstring(L, -1, &len);
    text_put(out, text, len);
    lua_pop(L, 1);
    return true;
}

/* Replaces up to max matches; returns how many there were. */
static lua_Integer replace_all(struct match *m, struct text *out, const char *pattern,
                               lua_Integer max, bool *changed)
{
    const char *at = m->subject, *last = NULL;
    lua_Integer count = 0;
    bool anchored = *pattern == '^' && pattern < m->pattern_end;
    while (count < max) {
        meter_spend(m->L, 1);
        const char *end = match_at(m, at, pattern + anchored);
        if (end && end != last) {
            count++;
            *changed = add_value(m, out, at, end) || *changed;
            at = last = end;
        } else if (at < m->subject_end) {
            text_putc(out, *at++);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    text_put(out, at, (size_t)(m->subject_end - at));
    return count;
}

int lib_string_gsub(lua_State *L)
{
    size_t len, pattern_len;
    const char *s = luaL_checklstring(L, 1, &len);
    const char *pattern = luaL_checklstring(L, 2, &pattern_len);
    int type = lua_type(L, 3);
    lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)len + 1);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    if (type == LUA_TNUMBER)
        lua_tostring(L, 3);
    struct match m;
    struct text out;
    bool changed = false;
    match_begin(&m, L, s, len, pattern + pattern_len);
    text_begin(&out, L);
    lua_Integer count = replace_all(&m, &out, pattern, max, &changed);
    if (changed)
        text_push(&out);
    else
        lua_pushvalue(L, 1);
    lua_pushinteger(L, count);
    return 2;
}
