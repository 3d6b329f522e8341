/* rates.c: the rates of the organization, for calls that the gate has nothing else against. */
#include <math.h>

#include "bind/gate/gate.h"
#include "model/rate.h"
#include "script/value.h"

#define RATES_TYPE "orket.gate.rates"

struct held {
    struct rates *rates;
};

static void refuse(struct gate_verdict *verdict, const struct rates *rates, size_t which,
                   double wait, const char *where)
{
    verdict->decision = GATE_DECISION_DENY;
    verdict->rule = gate_rule_name(GATE_RATE);
    snprintf(verdict->why, sizeof verdict->why, "the organization allows %.6g such calls a second",
             rates_per_second(rates, which));
    snprintf(verdict->fix, sizeof verdict->fix, "call it again in %.3f seconds", wait);
    snprintf(verdict->where, sizeof verdict->where, "%s/%zu", where, which);
}

/* The second argument: seconds of a clock that does not go back, in nanoseconds. */
static uint64_t check_time(lua_State *L)
{
    lua_Number now = luaL_checknumber(L, 2);
    luaL_argcheck(L, now >= 0 && now < 1e9, 2, "seconds from 0 to 1e9");
    return (uint64_t)llround(now * 1e9);
}

/* The next arguments: tool, role, model|nil. */
static struct rate_call check_call(lua_State *L)
{
    return (struct rate_call){luaL_checkstring(L, 3), luaL_checkstring(L, 4),
                              luaL_optstring(L, 5, NULL)};
}

/* rates:take(now, tool, role, model|nil) -> nil, or {decision, rule, why, fix, where} */
static int l_take(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, RATES_TYPE);
    uint64_t now = check_time(L);
    struct rate_call call = check_call(L);
    size_t which = 0;
    uint64_t wait = rates_take(held->rates, &call, now, &which);
    if (!wait)
        return 0;
    struct gate_verdict verdict;
    lua_getiuservalue(L, 1, 1);
    refuse(&verdict, held->rates, which, (double)wait / 1e9, lua_tostring(L, -1));
    bind_push_verdict(L, &verdict);
    return 1;
}

/* rates:count(at, tool, role, model|nil): a call that was let through */
static int l_count(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, RATES_TYPE);
    uint64_t at = check_time(L);
    struct rate_call call = check_call(L);
    rates_count(held->rates, &call, at);
    return 0;
}

/* rates:empty(at): nothing was left then */
static int l_empty(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, RATES_TYPE);
    rates_empty(held->rates, check_time(L));
    return 0;
}

/* rates:longest() -> seconds from empty to full, of the slowest bucket */
static int l_longest(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, RATES_TYPE);
    lua_pushnumber(L, (lua_Number)rates_longest(held->rates) / 1e9);
    return 1;
}

static int l_rates_gc(lua_State *L)
{
    struct held *held = luaL_checkudata(L, 1, RATES_TYPE);
    rates_free(held->rates);
    held->rates = NULL;
    return 0;
}

int bind_l_rates(lua_State *L)
{
    struct err err = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstring(L, 2);
    struct json_doc *doc = bind_new_doc(L);
    if (value_read(L, 1, doc, NULL, &doc->root, &err))
        return bind_fail(L, &err);
    struct held *held = lua_newuserdatauv(L, sizeof *held, 1);
    held->rates = NULL;
    luaL_setmetatable(L, RATES_TYPE);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, 1);
    return rates_build(&doc->root, &held->rates, &err) ? bind_fail(L, &err) : 1;
}

static const luaL_Reg methods[] = {
    {"take", l_take}, {"count", l_count}, {"empty", l_empty}, {"longest", l_longest}, {NULL, NULL}};

void bind_open_rates(lua_State *L)
{
    bind_type(L, RATES_TYPE, methods, l_rates_gc);
}
