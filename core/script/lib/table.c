/* table.c: functions of tables. Lengths come from the script (__len may lie), so no loop trusts
 * one: each turn is paid for. */
#include <string.h>

#include "script/lib/lib.h"

static void check_table(lua_State *L, int idx)
{
    if (lua_type(L, idx) == LUA_TTABLE)
        return;
    if (!luaL_getmetafield(L, idx, "__index") && !luaL_getmetafield(L, idx, "__newindex"))
        luaL_checktype(L, idx, LUA_TTABLE);
    lua_pop(L, 1);
}

static lua_Integer length_of(lua_State *L, int idx)
{
    check_table(L, idx);
    return luaL_len(L, idx);
}

/* ---- concat ---- */

static void add_item(lua_State *L, struct text *text, lua_Integer i)
{
    size_t len;
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (at index %I) in table for 'concat'", (LUAI_UACINT)i);
    const char *item = lua_tolstring(L, -1, &len);
    text_put(text, item, len);
    lua_pop(L, 1);
}

int lib_table_concat(lua_State *L)
{
    size_t sep_len;
    lua_Integer last = length_of(L, 1);
    const char *sep = luaL_optlstring(L, 2, "", &sep_len);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    struct text text;
    last = luaL_optinteger(L, 4, last);
    text_begin(&text, L);
    for (; i <= last; i++) {
        meter_spend(L, 1);
        add_item(L, &text, i);
        if (i == last)
            break; // last may be the largest integer
        text_put(&text, sep, sep_len);
    }
    text_push(&text);
    return 1;
}

/* ---- insert, remove, move ---- */

/* t[to] = t[from] */
static void copy_item(lua_State *L, lua_Integer from, lua_Integer to)
{
    meter_spend(L, 1);
    lua_geti(L, 1, from);
    lua_seti(L, 1, to);
}

int lib_table_insert(lua_State *L)
{
    lua_Integer end = (lua_Integer)((lua_Unsigned)length_of(L, 1) + 1), at = end;
    switch (lua_gettop(L)) {
    case 2:
        break;
    case 3:
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--)
            copy_item(L, i - 1, i);
        break;
    default:
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, at);
    return 0;
}

int lib_table_remove(lua_State *L)
{
    lua_Integer len = length_of(L, 1), at = luaL_optinteger(L, 2, len);
    if (at != len)
        luaL_argcheck(L, (lua_Unsigned)at - 1u <= (lua_Unsigned)len, 2, "position out of bounds");
    lua_settop(L, 1);
    lua_geti(L, 1, at);
    for (; at < len; at++)
        copy_item(L, at + 1, at);
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

int lib_table_move(lua_State *L)
{
    lua_Integer from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3),
                to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_table(L, 1);
    check_table(L, target);
    if (end >= from) {
        luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
        lua_Integer n = end - from + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
        bool backwards =
            to > from && to <= end && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ));
        for (lua_Integer k = 0; k < n; k++) {
            lua_Integer i = backwards ? n - 1 - k : k;
            meter_spend(L, 1);
            lua_geti(L, 1, from + i);
            lua_seti(L, target, to + i);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

/* ---- pack, unpack ---- */

int lib_table_pack(lua_State *L)
{
    int n = lua_gettop(L);
    meter_spend(L, (size_t)n / 4);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushliteral(L, "n");
    lua_pushinteger(L, n);
    lua_rawset(L, 1);
    return 1;
}

int lib_table_unpack(lua_State *L)
{
    lua_Integer from = luaL_optinteger(L, 2, 1);
    lua_Integer to = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
    if (from > to)
        return 0;
    lua_Unsigned n = (lua_Unsigned)to - (lua_Unsigned)from;
    if (n >= INT32_MAX || !lua_checkstack(L, (int)(n + 1)))
        return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= n; i++) {
        meter_spend(L, 1);
        lua_geti(L, 1, (lua_Integer)((lua_Unsigned)from + i));
    }
    return (int)n + 1;
}

/* ---- sort ----
 *
 * A merge sort between two arrays of its own: n log n with any comparator, however it lies; stable,
 * so that equal items keep their order everywhere. The table is written once, at the end. */

enum { SOURCE = 3, TARGET };

static bool is_less(lua_State *L, int a, int b)
{
    meter_spend(L, 2);
    if (lua_isnil(L, 2))
        return lua_compare(L, a, b, LUA_OPLT);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a < 0 ? a - 1 : a);
    lua_pushvalue(L, b < 0 ? b - 2 : b);
    lua_call(L, 2, 1);
    bool less = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return less;
}

/* Merges the runs [from, middle) and [middle, end) of SOURCE into TARGET. */
static void merge(lua_State *L, lua_Integer from, lua_Integer middle, lua_Integer end)
{
    lua_Integer left = from, right = middle;
    for (lua_Integer to = from; to < end; to++) {
        bool take_right = left >= middle;
        meter_spend(L, 1);
        if (left < middle && right < end) {
            lua_rawgeti(L, SOURCE, right);
            lua_rawgeti(L, SOURCE, left);
            take_right = is_less(L, -2, -1);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, SOURCE, take_right ? right++ : left++);
        lua_rawseti(L, TARGET, to);
    }
}

static lua_Integer smaller(lua_Integer a, lua_Integer b)
{
    return a < b ? a : b;
}

int lib_table_sort(lua_State *L)
{
    lua_Integer n = length_of(L, 1);
    luaL_argcheck(L, n < INT32_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    if (n < 2)
        return 0;
    lua_newtable(L); // not of size n, which may be a lie
    lua_newtable(L);
    for (lua_Integer i = 1; i <= n; i++) {
        meter_spend(L, 1);
        lua_geti(L, 1, i);
        lua_rawseti(L, SOURCE, i);
    }
    for (lua_Integer run = 1; run < n; run *= 2) {
        for (lua_Integer from = 1; from <= n; from += 2 * run)
            merge(L, from, smaller(from + run, n + 1), smaller(from + 2 * run, n + 1));
        lua_pushvalue(L, SOURCE);
        lua_copy(L, TARGET, SOURCE);
        lua_replace(L, TARGET);
    }
    for (lua_Integer i = 1; i <= n; i++) {
        meter_spend(L, 1);
        lua_rawgeti(L, SOURCE, i);
        lua_seti(L, 1, i);
    }
    return 0;
}
