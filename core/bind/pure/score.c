/* score.c: `orket.core.score`: planning order and impact of a set of cards. */
#include "model/score.h"

#include <string.h>

#include "bind/bind.h"
#include "script/value.h"

#define PLAN_TYPE "orket.score.plan"

static int plan_gc(lua_State *L)
{
    score_clear(luaL_checkudata(L, 1, PLAN_TYPE));
    return 0;
}

static struct score_plan *new_plan(lua_State *L)
{
    struct score_plan *plan = lua_newuserdatauv(L, sizeof *plan, 0);
    *plan = (struct score_plan){0};
    if (luaL_newmetatable(L, PLAN_TYPE)) {
        lua_pushcfunction(L, plan_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return plan;
}

/* Room for count items, released by the collector. */
static void *new_array(lua_State *L, size_t count, size_t size)
{
    size_t bytes;
    struct buf *buf = bind_scratch(L);
    if (!mul_ok(count + 1, size, &bytes) || !buf_reserve(buf, bytes))
        luaL_error(L, "out of memory");
    memset(buf->data, 0, bytes);
    return buf->data;
}

static bool is_null(lua_State *L, int idx)
{
    return lua_isnoneornil(L, idx) || (lua_islightuserdata(L, idx) && !lua_touserdata(L, idx));
}

/* The string at the top; stays valid while the table that holds it does. */
static struct score_text check_text(lua_State *L, const char *what, lua_Integer card)
{
    struct score_text text;
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "card %I: %s must be a string, not %s", card, what, luaL_typename(L, -1));
    text.data = lua_tolstring(L, -1, &text.len);
    return text;
}

/* Priority of any Lua value: absent is the default. 0 or ERR_USAGE. */
static int read_priority(lua_State *L, int idx, double *priority, struct err *err)
{
    size_t len;
    if (is_null(L, idx)) {
        *priority = SCORE_PRIORITY_DEFAULT;
        return 0;
    }
    if (lua_type(L, idx) == LUA_TNUMBER) {
        *priority = lua_tonumber(L, idx);
        return score_priority_number(*priority, err);
    }
    const char *text = lua_type(L, idx) == LUA_TSTRING ? lua_tolstring(L, idx, &len) : NULL;
    return score_priority(text ? text : "", text ? len : 0, priority, err);
}

/* Pushes the card's depends_on (or nil) and answers its length. */
static size_t push_depends(lua_State *L, lua_Integer card)
{
    lua_getfield(L, -1, "depends_on");
    if (is_null(L, -1))
        return 0;
    if (lua_type(L, -1) != LUA_TTABLE)
        luaL_error(L, "card %I: depends_on must be an array", card);
    return lua_rawlen(L, -1);
}

/* How many dependencies the cards at 1 have in all; checks their shape. */
static size_t count_depends(lua_State *L, size_t count)
{
    size_t edges = 0;
    for (size_t i = 1; i <= count; i++) {
        if (lua_rawgeti(L, 1, (lua_Integer)i) != LUA_TTABLE)
            luaL_error(L, "card %I must be a table", (lua_Integer)i);
        edges += push_depends(L, (lua_Integer)i);
        lua_pop(L, 2);
    }
    return edges;
}

/* Fills cards and deps from the array at 1. 0 or ERR_USAGE for a priority. */
static int read_cards(lua_State *L, size_t count, struct score_card *cards, struct score_text *deps,
                      struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        lua_Integer n = (lua_Integer)i + 1;
        lua_rawgeti(L, 1, n);
        lua_getfield(L, -1, "id");
        cards[i].id = check_text(L, "id", n);
        lua_getfield(L, -2, "priority");
        int rc = read_priority(L, -1, &cards[i].priority, err);
        if (rc)
            return rc;
        lua_pop(L, 2);
        cards[i].depends_on = deps;
        cards[i].depends_count = push_depends(L, n);
        for (size_t k = 1; k <= cards[i].depends_count; k++) {
            lua_rawgeti(L, -1, (lua_Integer)k);
            *deps++ = check_text(L, "each dependency", n);
            lua_pop(L, 1);
        }
        lua_pop(L, 2);
    }
    return 0;
}

static void push_plan(lua_State *L, const struct score_card *cards, const struct score_plan *plan)
{
    int count = (int)plan->count;
    lua_createtable(L, 0, 3);
    lua_createtable(L, count, 0); // order
    lua_createtable(L, 0, count); // impact
    lua_createtable(L, 0, count); // score
    for (int i = 0; i < count; i++) {
        const struct score_text *best = &cards[plan->order[i]].id, *id = &cards[i].id;
        lua_pushlstring(L, best->data, best->len);
        lua_rawseti(L, -4, i + 1);
        lua_pushlstring(L, id->data, id->len);
        lua_pushvalue(L, -1);
        lua_pushinteger(L, plan->impact[i]);
        lua_rawset(L, -5);
        lua_pushnumber(L, cards[i].priority + plan->impact[i]);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -4, "score");
    lua_setfield(L, -3, "impact");
    lua_setfield(L, -2, "order");
}

/* score.plan(cards) -> {order={id...}, impact={id=n}, score={id=x}} | nil, message, code, fix */
static int l_plan(lua_State *L)
{
    const struct json *doc = bind_to_doc(L, 1);
    lua_settop(L, 1);
    if (doc) {
        value_push(L, doc);
        lua_replace(L, 1);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_rawlen(L, 1);
    struct score_text *deps = new_array(L, count_depends(L, count), sizeof *deps);
    struct score_card *cards = new_array(L, count, sizeof *cards);
    struct score_plan *plan = new_plan(L);
    struct err err = {0};
    if (read_cards(L, count, cards, deps, &err) || score_plan(cards, count, plan, &err))
        return bind_fail(L, &err);
    push_plan(L, cards, plan);
    return 1;
}

/* score.priority(value) -> number | nil, message, code, fix */
static int l_priority(lua_State *L)
{
    double priority;
    struct err err = {0};
    if (read_priority(L, 1, &priority, &err))
        return bind_fail(L, &err);
    if (priority >= 0 && priority <= SCORE_PRIORITY_MAX &&
        priority == (double)(lua_Integer)priority)
        lua_pushinteger(L, (lua_Integer)priority);
    else
        lua_pushnumber(L, priority);
    return 1;
}

static const luaL_Reg functions[] = {
    {"plan", l_plan},
    {"priority", l_priority},
    {NULL, NULL},
};

int luaopen_orket_score(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
