/* utf8.c: the utf8 functions. `lax` allows what the manual says: everything up to 2^31. */
#include <string.h>

#include "script/lib/lib.h"

#define CODE_MAX 0x10FFFFu
#define LAX_MAX  0x7FFFFFFFu

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The end of the character at s, or NULL when it is none. */
/* How many bytes follow a first one that is no ASCII; -1: it is none. */
static int tail_of(unsigned char c)
{
    if (c < 0xC0 || c >= 0xFE)
        return -1;
    return 1 + (c >= 0xE0) + (c >= 0xF0) + (c >= 0xF8) + (c >= 0xFC);
}

static const char *decode(const char *s, const char *end, bool lax, uint32_t *code)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000, 0x200000, 0x4000000};
    unsigned char c = (unsigned char)*s;
    if (c < 0x80) {
        *code = c;
        return s + 1;
    }
    int tail = tail_of(c);
    if (tail < 0 || end - s <= tail)
        return NULL;
    uint32_t n = c & (0x3Fu >> tail);
    for (int i = 1; i <= tail; i++) {
        if (!is_tail(s[i]))
            return NULL;
        n = n << 6 | ((unsigned char)s[i] & 0x3Fu);
    }
    if (n < least[tail] || (!lax && (n > CODE_MAX || (n >= 0xD800 && n <= 0xDFFF))))
        return NULL;
    *code = n;
    return s + tail + 1;
}

static size_t encode(char out[6], uint32_t n)
{
    if (n < 0x80) {
        out[0] = (char)n;
        return 1;
    }
    size_t len = 2u + (n >= 0x800) + (n >= 0x10000) + (n >= 0x200000) + (n >= 0x4000000);
    for (size_t i = len - 1; i > 0; i--, n >>= 6)
        out[i] = (char)(0x80 | (n & 0x3F));
    out[0] = (char)(0xFFu << (8 - len) | n);
    return len;
}

/* A position counted from the end when negative; may be out of range. */
static lua_Integer position(lua_Integer at, size_t len)
{
    if (at >= 0)
        return at;
    return 0u - (size_t)at > len ? 0 : (lua_Integer)len + at + 1;
}

int lib_utf8_char(lua_State *L)
{
    int n = lua_gettop(L);
    char bytes[6];
    struct text text;
    text_begin(&text, L);
    for (int i = 1; i <= n; i++) {
        lua_Unsigned code = (lua_Unsigned)luaL_checkinteger(L, i);
        luaL_argcheck(L, code <= LAX_MAX, i, "value out of range");
        text_put(&text, bytes, encode(bytes, (uint32_t)code));
    }
    text_push(&text);
    return 1;
}

int lib_utf8_len(lua_State *L)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer at = position(luaL_optinteger(L, 2, 1), len),
                last = position(luaL_optinteger(L, 3, -1), len);
    luaL_argcheck(L, 1 <= at && at - 1 <= (lua_Integer)len, 2, "initial position out of bounds");
    luaL_argcheck(L, last <= (lua_Integer)len, 3, "final position out of bounds");
    lua_Integer count = 0;
    for (at--; at < last; count++) {
        const char *next = decode(s + at, s + len, lua_toboolean(L, 4), &code);
        if (!next) {
            lua_pushnil(L);
            lua_pushinteger(L, at + 1);
            return 2;
        }
        at = next - s;
        meter_spend(L, 1);
    }
    lua_pushinteger(L, count);
    return 1;
}

int lib_utf8_codepoint(lua_State *L)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer from = position(luaL_optinteger(L, 2, 1), len),
                to = position(luaL_optinteger(L, 3, from), len);
    luaL_argcheck(L, from >= 1, 2, "out of bounds");
    luaL_argcheck(L, to <= (lua_Integer)len, 3, "out of bounds");
    if (from > to)
        return 0;
    if (to - from >= INT32_MAX)
        return luaL_error(L, "string slice too long");
    luaL_checkstack(L, (int)(to - from) + 1, "string slice too long");
    int count = 0;
    for (const char *p = s + from - 1; p < s + to; count++) {
        p = decode(p, s + len, lua_toboolean(L, 4), &code);
        if (!p)
            return luaL_error(L, "invalid UTF-8 code");
        lua_pushinteger(L, code);
        meter_spend(L, 1);
    }
    return count;
}

/* Goes n characters on from byte i (0-based). Returns what is left to go. */
static lua_Integer walk(lua_State *L, const char *s, lua_Integer len, lua_Integer n, lua_Integer *i)
{
    for (; n < 0 && *i > 0; n++) {
        do {
            --*i;
            meter_spend(L, 1);
        } while (*i > 0 && is_tail(s[*i]));
    }
    if (n > 0)
        n--; // the first is where we are
    for (; n > 0 && *i < len; n--) {
        do {
            ++*i;
            meter_spend(L, 1);
        } while (is_tail(s[*i]));
    }
    return n;
}

int lib_utf8_offset(lua_State *L)
{
    size_t size;
    const char *s = luaL_checklstring(L, 1, &size);
    lua_Integer len = (lua_Integer)size, n = luaL_checkinteger(L, 2), left = 0;
    lua_Integer i = position(luaL_optinteger(L, 3, n > 0 ? 1 : len + 1), size) - 1;
    luaL_argcheck(L, 0 <= i && i <= len, 3, "position out of bounds");
    if (n == 0) {
        for (; i > 0 && is_tail(s[i]); i--)
            meter_spend(L, 1);
    } else {
        if (is_tail(s[i]))
            return luaL_error(L, "initial position is a continuation byte");
        left = walk(L, s, len, n, &i);
    }
    if (left == 0)
        lua_pushinteger(L, i + 1);
    else
        lua_pushnil(L);
    return 1;
}

static int codes_step(lua_State *L, bool lax)
{
    size_t len;
    uint32_t code;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Unsigned at = (lua_Unsigned)lua_tointeger(L, 2);
    for (; at < len && is_tail(s[at]); at++) // behind the current character
        meter_spend(L, 1);
    if (at >= len)
        return 0;
    const char *next = decode(s + at, s + len, lax, &code);
    if (!next || is_tail(*next))
        return luaL_error(L, "invalid UTF-8 code");
    lua_pushinteger(L, (lua_Integer)at + 1);
    lua_pushinteger(L, code);
    return 2;
}

static int codes_strict(lua_State *L)
{
    return codes_step(L, false);
}

static int codes_lax(lua_State *L)
{
    return codes_step(L, true);
}

int lib_utf8_codes(lua_State *L)
{
    const char *s = luaL_checkstring(L, 1);
    luaL_argcheck(L, !is_tail(*s), 1, "invalid UTF-8 code");
    lua_pushcfunction(L, lua_toboolean(L, 2) ? codes_lax : codes_strict);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}
