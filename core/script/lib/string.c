/* string.c: the plain functions of strings; searching is search.c, formatting format.c. Without
 * dump, pack and unpack. */
#include <ctype.h>
#include <string.h>

#include "script/lib/lib.h"

static const char *check_text(lua_State *L, int idx, size_t *len)
{
    const char *text = luaL_checklstring(L, idx, len);
    meter_spend(L, *len / 16);
    return text;
}

size_t lib_position(lua_Integer at, size_t len)
{
    if (at > 0)
        return (size_t)at;
    if (at == 0)
        return 1;
    return at < -(lua_Integer)len ? 1 : len + (size_t)at + 1;
}

/* An end position: nothing is added at the left. */
static size_t end_position(lua_State *L, int idx, lua_Integer otherwise, size_t len)
{
    lua_Integer at = luaL_optinteger(L, idx, otherwise);
    if (at > (lua_Integer)len)
        return len;
    if (at >= 0)
        return (size_t)at;
    return at < -(lua_Integer)len ? 0 : len + (size_t)at + 1;
}

int lib_string_len(lua_State *L)
{
    size_t len;
    luaL_checklstring(L, 1, &len);
    lua_pushinteger(L, (lua_Integer)len);
    return 1;
}

int lib_string_sub(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    size_t from = lib_position(luaL_checkinteger(L, 2), len), to = end_position(L, 3, -1, len);
    if (from > to) {
        lua_pushliteral(L, "");
        return 1;
    }
    meter_spend(L, (to - from) / 16);
    lua_pushlstring(L, text + from - 1, to - from + 1);
    return 1;
}

int lib_string_byte(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer at = luaL_optinteger(L, 2, 1);
    size_t from = lib_position(at, len), to = end_position(L, 3, at, len);
    if (from > to)
        return 0;
    if (to - from >= INT32_MAX)
        return luaL_error(L, "string slice too long");
    int count = (int)(to - from) + 1;
    luaL_checkstack(L, count, "string slice too long");
    meter_spend(L, (size_t)count / 4);
    for (int i = 0; i < count; i++)
        lua_pushinteger(L, (unsigned char)text[from + (size_t)i - 1]);
    return count;
}

int lib_string_char(lua_State *L)
{
    int n = lua_gettop(L);
    struct text text;
    text_begin(&text, L);
    for (int i = 1; i <= n; i++) {
        lua_Integer c = luaL_checkinteger(L, i);
        luaL_argcheck(L, c >= 0 && c <= 255, i, "value out of range");
        text_putc(&text, (char)(unsigned char)c);
    }
    text_push(&text);
    return 1;
}

static int map_bytes(lua_State *L, int (*map)(int))
{
    size_t len;
    const char *from = check_text(L, 1, &len);
    struct text text;
    text_begin(&text, L);
    char *to = text_reserve(&text, len);
    for (size_t i = 0; i < len; i++)
        to[i] = (char)map((unsigned char)from[i]);
    text.len = len;
    text_push(&text);
    return 1;
}

int lib_string_lower(lua_State *L)
{
    return map_bytes(L, tolower);
}

int lib_string_upper(lua_State *L)
{
    return map_bytes(L, toupper);
}

int lib_string_reverse(lua_State *L)
{
    size_t len;
    const char *from = check_text(L, 1, &len);
    struct text text;
    text_begin(&text, L);
    char *to = text_reserve(&text, len);
    for (size_t i = 0; i < len; i++)
        to[i] = from[len - 1 - i];
    text.len = len;
    text_push(&text);
    return 1;
}

/* Doubles what is there until it is all there. */
static void repeat(char *at, size_t unit, size_t total)
{
    for (size_t done = unit; done < total;) {
        size_t piece = done < total - done ? done : total - done;
        memcpy(at + done, at, piece);
        done += piece;
    }
}

int lib_string_rep(lua_State *L)
{
    size_t len, sep_len, unit, total;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    struct text text;
    text_begin(&text, L);
    if (n > 0 && len + sep_len > 0) {
        if (!add_ok(len, sep_len, &unit) || !mul_ok(unit, (size_t)n, &total))
            return luaL_error(L, "resulting string too large");
        char *at = text_reserve(&text, total);
        memcpy(at, s, len);
        memcpy(at + len, sep, sep_len);
        repeat(at, unit, total);
        text.len = total - sep_len;
    }
    text_push(&text);
    return 1;
}

/* ---- arithmetic with texts that are numbers ---- */

static bool to_operand(lua_State *L, int idx)
{
    size_t len;
    if (lua_type(L, idx) == LUA_TNUMBER) {
        lua_pushvalue(L, idx);
        return true;
    }
    const char *s = lua_tolstring(L, idx, &len);
    return s && lua_stringtonumber(L, s) == len + 1;
}

static int refuse_operands(lua_State *L, const char *event)
{
    if (lua_type(L, 2) != LUA_TSTRING && luaL_getmetafield(L, 2, event) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_pushvalue(L, 2);
        lua_call(L, 2, 1);
        return 1;
    }
    return luaL_error(
        L, "attempt to perform arithmetic on a %s value",
        luaL_typename(L, lua_type(L, 1) == LUA_TSTRING && lua_type(L, 2) != LUA_TSTRING ? 2 : 1));
}

static int arithmetic(lua_State *L, int op, const char *event)
{
    lua_settop(L, 2);
    if (!to_operand(L, 1) || (op != LUA_OPUNM && !to_operand(L, 2))) {
        lua_settop(L, 2);
        return refuse_operands(L, event);
    }
    lua_arith(L, op);
    return 1;
}

#define ARITHMETIC(X)                                                                              \
    X(add, LUA_OPADD)                                                                              \
    X(sub, LUA_OPSUB)                                                                              \
    X(mul, LUA_OPMUL)                                                                              \
    X(mod, LUA_OPMOD) X(pow, LUA_OPPOW) X(div, LUA_OPDIV) X(idiv, LUA_OPIDIV) X(unm, LUA_OPUNM)

#define X(name, op)                                                                                \
    static int arith_##name(lua_State *L)                                                          \
    {                                                                                              \
        return arithmetic(L, op, "__" #name);                                                      \
    }
ARITHMETIC(X)
#undef X

void lib_string_arithmetic(lua_State *L)
{
    static const luaL_Reg events[] = {
#define X(name, op) {"__" #name, arith_##name},
        ARITHMETIC(X)
#undef X
            {NULL, NULL},
    };
    luaL_setfuncs(L, events, 0);
}
