/* base.c: the basic functions. `pcall` lets no limit be swallowed, `xpcall` runs its handler after
 * unwinding (a handler inside an error runs without hooks), `pairs` and `next` go in sorted order,
 * nothing shows an address. */
#include <stdlib.h>
#include <string.h>

#include "script/lib/lib.h"

int lib_assert(lua_State *L)
{
    if (lua_toboolean(L, 1))
        return lua_gettop(L);
    luaL_checkany(L, 1);
    lua_remove(L, 1);
    lua_pushliteral(L, "assertion failed!"); // when there is no message
    lua_settop(L, 1);
    return lib_error(L);
}

int lib_error(lua_State *L)
{
    int level = (int)luaL_optinteger(L, 2, 1);
    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
        luaL_where(L, level);
        lua_pushvalue(L, 1);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

int lib_type(lua_State *L)
{
    int type = lua_type(L, 1);
    luaL_argcheck(L, type != LUA_TNONE, 1, "value expected");
    lua_pushstring(L, lua_typename(L, type));
    return 1;
}

/* ---- metatables ---- */

int lib_getmetatable(lua_State *L)
{
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_getmetafield(L, 1, "__metatable");
    return 1; // the field, or the metatable below it
}

static void refuse_field(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, 2) != LUA_TNIL)
        luaL_error(L, "a metatable here cannot have %s", name);
    lua_pop(L, 1);
}

int lib_setmetatable(lua_State *L)
{
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return luaL_error(L, "cannot change a protected metatable");
    if (type == LUA_TTABLE) {
        refuse_field(L, "__gc");
        refuse_field(L, "__mode");
    }
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

int lib_rawequal(lua_State *L)
{
    luaL_checkany(L, 1);
    luaL_checkany(L, 2);
    lua_pushboolean(L, lua_rawequal(L, 1, 2));
    return 1;
}

int lib_rawlen(lua_State *L)
{
    int type = lua_type(L, 1);
    luaL_argexpected(L, type == LUA_TTABLE || type == LUA_TSTRING, 1, "table or string");
    lua_pushinteger(L, (lua_Integer)lua_rawlen(L, 1));
    return 1;
}

int lib_rawget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    lua_rawget(L, 1);
    return 1;
}

int lib_rawset(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    lua_rawset(L, 1);
    return 1;
}

/* ---- calls ---- */

/* ctx = values below the results that are not results */
static int pcall_done(lua_State *L, int status, lua_KContext ctx)
{
    meter_of(L)->host = false; // an error may have left such a stretch
    meter_check(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)ctx;
}

int lib_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1); // true, function, arguments
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, pcall_done);
    return pcall_done(L, status, 0);
}

/* The handler has run (protected as well): false and its results, or false and its error. */
static int handler_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status;
    meter_check(L);
    lua_pushboolean(L, 0);
    lua_replace(L, (int)ctx);
    return lua_gettop(L) - (int)ctx + 1;
}

static int xpcall_done(lua_State *L, int status, lua_KContext ctx)
{
    if (status == LUA_OK || status == LUA_YIELD)
        return pcall_done(L, status, ctx);
    meter_of(L)->host = false;
    meter_check(L);
    lua_pushboolean(L, 0);
    lua_pushvalue(L, 2);  // the handler
    lua_pushvalue(L, -3); // the error
    int base = lua_gettop(L) - 2;
    status = lua_pcallk(L, 1, LUA_MULTRET, 0, base, handler_done);
    return handler_done(L, status, base);
}

int lib_xpcall(lua_State *L)
{
    int n = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2); // function, handler, true, function, arguments
    int status = lua_pcallk(L, n - 2, LUA_MULTRET, 0, 2, xpcall_done);
    return xpcall_done(L, status, 2);
}

int lib_select(lua_State *L)
{
    int n = lua_gettop(L);
    meter_spend(L, (size_t)n / 16);
    if (lua_type(L, 1) == LUA_TSTRING && *lua_tostring(L, 1) == '#') {
        lua_pushinteger(L, n - 1);
        return 1;
    }
    lua_Integer i = luaL_checkinteger(L, 1);
    if (i < 0)
        i = n + i;
    else if (i > n)
        i = n;
    luaL_argcheck(L, 1 <= i, 1, "index out of range");
    return n - (int)i;
}

/* ---- text and numbers ---- */

const char *lib_text_of(lua_State *L, int idx, size_t *len)
{
    idx = lua_absindex(L, idx);
    if (luaL_callmeta(L, idx, "__tostring")) {
        if (!lua_isstring(L, -1))
            luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, len);
    }
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
    case LUA_TSTRING:
        lua_pushvalue(L, idx);
        break;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
        break;
    default:
        if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
            break;
        lua_pushstring(L, luaL_typename(L, idx));
    }
    return lua_tolstring(L, -1, len);
}

int lib_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    lib_text_of(L, 1, NULL);
    return 1;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 32);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Digits in a base, blanks around, a minus; wraps around as the manual says. */
static bool parse_digits(const char *s, const char *end, int base, lua_Integer *out)
{
    lua_Unsigned n = 0;
    bool negative = false;
    while (end > s && strchr(" \f\n\r\t\v", end[-1]) && end[-1])
        end--;
    while (s < end && strchr(" \f\n\r\t\v", *s) && *s)
        s++;
    if (s < end && (*s == '-' || *s == '+'))
        negative = *s++ == '-';
    if (s == end)
        return false;
    for (; s < end; s++) {
        int digit = digit_value(*s);
        if (digit >= base)
            return false;
        n = n * (lua_Unsigned)base + (lua_Unsigned)digit;
    }
    *out = (lua_Integer)(negative ? 0u - n : n);
    return true;
}

static void to_number(lua_State *L)
{
    size_t len;
    if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_settop(L, 1);
        return;
    }
    const char *s = lua_tolstring(L, 1, &len);
    luaL_checkany(L, 1);
    meter_spend(L, s ? len / 16 : 0);
    if (!s || lua_stringtonumber(L, s) != len + 1)
        lua_pushnil(L);
}

int lib_tonumber(lua_State *L)
{
    lua_Integer n;
    size_t len;
    if (lua_isnoneornil(L, 2)) {
        to_number(L);
        return 1;
    }
    lua_Integer base = luaL_checkinteger(L, 2);
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *s = lua_tolstring(L, 1, &len);
    luaL_argcheck(L, 2 <= base && base <= 36, 2, "base out of range");
    meter_spend(L, len / 8);
    if (parse_digits(s, s + len, (int)base, &n))
        lua_pushinteger(L, n);
    else
        lua_pushnil(L);
    return 1;
}
