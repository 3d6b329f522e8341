/* order.c: traversal in sorted order: numbers ascending, then texts by their bytes, then false and
 * true. Lua's own order depends on addresses and a random seed; a replayed run must not. Keys of
 * other types have no order that would be the same tomorrow, so a table with such keys can be used
 * but not traversed. */
#include <string.h>

#include "script/lib/lib.h"

static int rank(lua_State *L, int idx)
{
    switch (lua_type(L, idx)) {
    case LUA_TNUMBER:
        return 0;
    case LUA_TSTRING:
        return 1;
    case LUA_TBOOLEAN:
        return 2;
    default:
        return luaL_error(L, "a table with a %s as key has no order to go through",
                          luaL_typename(L, idx));
    }
}

static int compare_texts(lua_State *L, int a, int b)
{
    size_t a_len, b_len;
    const char *a_text = lua_tolstring(L, a, &a_len), *b_text = lua_tolstring(L, b, &b_len);
    size_t common = a_len < b_len ? a_len : b_len;
    meter_spend(L, common / 16);
    int order = memcmp(a_text, b_text, common);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* Keys are distinct; raw, so nothing of the script runs. */
static bool precedes(lua_State *L, int a, int b)
{
    int a_rank = rank(L, a), b_rank = rank(L, b);
    if (a_rank != b_rank)
        return a_rank < b_rank;
    if (a_rank == 0)
        return lua_compare(L, a, b, LUA_OPLT);
    if (a_rank == 1)
        return compare_texts(L, a, b) < 0;
    return lua_toboolean(L, a) < lua_toboolean(L, b);
}

/* next(table, key): the smallest key above `key`; a look at every key. */
int lib_next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    lua_pushnil(L); // 3: the best so far
    lua_pushnil(L);
    while (lua_next(L, 1)) { // 4: key, 5: value
        meter_spend(L, 1);
        lua_pop(L, 1);
        if ((lua_isnil(L, 2) || precedes(L, 2, 4)) && (lua_isnil(L, 3) || precedes(L, 4, 3))) {
            lua_pushvalue(L, 4);
            lua_replace(L, 3);
        }
    }
    if (lua_isnil(L, 3))
        return 1;
    lua_pushvalue(L, 3);
    lua_rawget(L, 1);
    return 2;
}

/* Moves item `from` down to where it belongs among 1..count of the array at idx (a heap whose
 * largest key is at 1). */
static void sift(lua_State *L, int idx, lua_Integer from, lua_Integer count)
{
    lua_rawgeti(L, idx, from);
    int item = lua_gettop(L);
    for (lua_Integer child; (child = from * 2) <= count; from = child) {
        meter_spend(L, 1);
        lua_rawgeti(L, idx, child);
        if (child < count) {
            lua_rawgeti(L, idx, child + 1);
            if (precedes(L, item + 1, item + 2))
                child++, lua_replace(L, item + 1);
            else
                lua_pop(L, 1);
        }
        if (!precedes(L, item, item + 1)) {
            lua_pop(L, 1);
            break;
        }
        lua_rawseti(L, idx, from);
    }
    lua_rawseti(L, idx, from);
}

static void sort_keys(lua_State *L, int idx, lua_Integer count)
{
    if (count == 1) {
        lua_rawgeti(L, idx, 1);
        rank(L, -1); // refuses what has no order
        lua_pop(L, 1);
    }
    for (lua_Integer i = count / 2; i >= 1; i--)
        sift(L, idx, i, count);
    for (lua_Integer last = count; last > 1; last--) {
        lua_rawgeti(L, idx, 1);
        lua_rawgeti(L, idx, last);
        lua_rawseti(L, idx, 1);
        lua_rawseti(L, idx, last);
        sift(L, idx, 1, last - 1);
    }
}

/* Pushes the keys of the table at idx as a sorted array. */
static void push_keys(lua_State *L, int idx)
{
    lua_Integer count = 0;
    bool sorted = true;
    lua_createtable(L, (int)(lua_rawlen(L, idx) % 1000000), 0);
    int keys = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        meter_spend(L, 1);
        lua_pop(L, 1);
        sorted = sorted && lua_isinteger(L, -1) && lua_tointeger(L, -1) == count + 1;
        lua_pushvalue(L, -1);
        lua_rawseti(L, keys, ++count);
    }
    if (!sorted)
        sort_keys(L, keys, count);
}

/* Upvalues: keys, how far. Keys that lost their value meanwhile are passed over. */
static int step(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(2));
    while (lua_rawgeti(L, lua_upvalueindex(1), ++at) != LUA_TNIL) {
        meter_spend(L, 1);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) {
            lua_pushinteger(L, at);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        lua_pop(L, 2);
    }
    return 1;
}

static int pairs_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)L, (void)status, (void)ctx;
    return 3;
}

int lib_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, 1);
        lua_callk(L, 1, 3, 0, pairs_done);
        return 3;
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    push_keys(L, 1);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, step, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int ipairs_step(lua_State *L)
{
    lua_Integer i = luaL_checkinteger(L, 2);
    i = (lua_Integer)((lua_Unsigned)i + 1);
    lua_pushinteger(L, i);
    return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

int lib_ipairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushcfunction(L, ipairs_step);
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    return 3;
}
