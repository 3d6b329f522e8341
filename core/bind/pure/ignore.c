/* ignore.c: `orket.core.ignore`: which paths the ignore files of a tree leave out
 * (model/search/ignore.h). */
#include "model/search/ignore.h"

#include "bind/bind.h"

#define IGNORE_TYPE "orket.ignore"
#define STEPS       ((size_t)1 << 26) /* of one call: bytes of rules, and steps of patterns */

static int rules_gc(lua_State *L)
{
    ignore_clear(luaL_checkudata(L, 1, IGNORE_TYPE));
    return 0;
}

static struct ignore *new_rules(lua_State *L)
{
    struct ignore *rules = lua_newuserdatauv(L, sizeof *rules, 0);
    *rules = (struct ignore){0};
    if (luaL_newmetatable(L, IGNORE_TYPE)) {
        lua_pushcfunction(L, rules_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return rules;
}

/* The rules of the directory of len bytes of path, if the texts at 1 have some, come into force. */
static void enter(lua_State *L, struct ignore *rules, const char *path, size_t len, size_t *budget)
{
    size_t text_len = 0;
    lua_pushlstring(L, path, len);
    const char *text = lua_rawget(L, 1) == LUA_TSTRING ? lua_tolstring(L, -1, &text_len) : "";
    *budget -= text_len < *budget ? text_len : *budget;
    if (text_len > 0 && ignore_push(rules, len, text, text_len))
        luaL_error(L, "out of memory");
    lua_pop(L, 1);
}

/* A path is left out, or a directory that it is in. */
static bool is_left_out(lua_State *L, struct ignore *rules, const char *path, size_t len,
                        size_t *budget)
{
    enter(L, rules, path, 0, budget);
    for (size_t i = 1; i <= len && *budget > 0; i++) {
        if (i < len && path[i] != '/')
            continue;
        if (ignore_judge(rules, path, i, i < len, budget) == IGNORED_YES)
            return true;
        if (i < len)
            enter(L, rules, path, i, budget);
    }
    return false;
}

/* ignore.left_out(texts, paths) -> {path: true}: texts by directory, "" for the root */
static int l_left_out(lua_State *L)
{
    size_t budget = STEPS;
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    struct ignore *rules = new_rules(L);
    lua_newtable(L);
    lua_Integer count = luaL_len(L, 2);
    for (lua_Integer i = 1; i <= count && budget > 0; i++) {
        size_t len;
        lua_rawgeti(L, 2, i);
        const char *path = luaL_checklstring(L, -1, &len);
        lua_pushboolean(L, is_left_out(L, rules, path, len, &budget) && budget > 0);
        ignore_clear(rules);
        if (lua_toboolean(L, -1))
            lua_rawset(L, 4);
        else
            lua_pop(L, 2);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"left_out", l_left_out},
    {NULL, NULL},
};

int luaopen_orket_ignore(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
