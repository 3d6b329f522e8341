/* safelib.c: what a box contains. The functions of math are liblua's own: each is a handful of
 * machine instructions. Missing on purpose: load, loadstring, dofile, require, print,
 * collectgarbage, coroutine, debug, io, os, math.random, string.dump, string.pack and unpack. */
#include "script/safelib.h"

#include <lualib.h>

#include "script/box.h"
#include "script/lib/lib.h"
#include "script/value.h"

#define NAMED(prefix, name) {#name, lib_##prefix##name},

static const luaL_Reg base[] = {
#define X(name) {#name, lib_##name},
    LIB_BASE(X)
#undef X
        {"perform", box_perform},
    {NULL, NULL},
};

static const luaL_Reg strings[] = {
#define X(name) NAMED(string_, name)
    LIB_STRING(X)
#undef X
        {NULL, NULL},
};

static const luaL_Reg tables[] = {
#define X(name) NAMED(table_, name)
    LIB_TABLE(X)
#undef X
        {NULL, NULL},
};

static const luaL_Reg utf8[] = {
#define X(name) NAMED(utf8_, name)
    LIB_UTF8(X)
#undef X
        {NULL, NULL},
};

static const luaL_Reg cjson[] = {
#define X(name) NAMED(cjson_, name)
    LIB_CJSON(X)
#undef X
        {NULL, NULL},
};

static const char *const maths[] = {
    "abs",       "acos", "asin", "atan", "ceil",       "cos",        "deg", "exp",  "floor",
    "fmod",      "log",  "max",  "min",  "modf",       "rad",        "sin", "sqrt", "tan",
    "tointeger", "type", "ult",  "huge", "maxinteger", "mininteger", "pi",
};

static const char char_pattern[] = "[\0-\x7F\xC2-\xFD][\x80-\xBF]*";

static void open_library(lua_State *L, const char *name, const luaL_Reg *functions)
{
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushvalue(L, -1);
    lua_setglobal(L, name);
}

static void open_math(lua_State *L)
{
    luaopen_math(L);
    lua_newtable(L); // stock, ours
    for (size_t i = 0; i < COUNT_OF(maths); i++) {
        lua_getfield(L, -2, maths[i]);
        lua_setfield(L, -2, maths[i]);
    }
    lua_setglobal(L, "math");
    lua_pop(L, 1);
}

/* The library table is at the top. Scripts may change it, never the metatable. */
static void open_string_metatable(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_newtable(L); // library, "", metatable
    lib_string_arithmetic(L);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void open_cjson(lua_State *L)
{
    open_library(L, "cjson", cjson);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    value_empty_array(L);
    lua_setfield(L, -2, "empty_array");
    value_array_mt(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "array_mt");
    lua_setfield(L, -2, "empty_array_mt");
}

void safelib_open(lua_State *L)
{
    lua_pushglobaltable(L);
    luaL_setfuncs(L, base, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
    open_library(L, "string", strings);
    open_string_metatable(L);
    open_library(L, "table", tables);
    open_library(L, "utf8", utf8);
    lua_pushlstring(L, char_pattern, sizeof char_pattern - 1);
    lua_setfield(L, -2, "charpattern");
    open_math(L);
    open_cjson(L);
    lua_settop(L, 0);
}
