/* sse.c: `orket.core.sse`: the event-stream parser over pieces that are all there, for tests and
 * `orket try sse`. Live streams never pass through Lua; llm.c feeds the parser itself. */
#include "io/net/sse.h"

#include "bind/bind.h"

struct events {
    lua_State *L; // the array of events is at its top
    lua_Integer count;
};

/* (event lightuserdata) -> table; runs protected: the parser holds memory of its own */
static int push_event(lua_State *L)
{
    const struct sse_event *event = lua_touserdata(L, 1);
    lua_createtable(L, 0, 4);
    lua_pushlstring(L, event->event, event->event_len);
    lua_setfield(L, -2, "event");
    lua_pushlstring(L, event->data, event->data_len);
    lua_setfield(L, -2, "data");
    lua_pushlstring(L, event->id, event->id_len);
    lua_setfield(L, -2, "id");
    if (event->retry >= 0)
        lua_pushinteger(L, event->retry);
    else
        lua_pushlightuserdata(L, NULL); // cjson.null
    lua_setfield(L, -2, "retry");
    return 1;
}

static int on_event(void *ctx, const struct sse_event *event)
{
    struct events *events = ctx;
    lua_State *L = events->L;
    lua_pushcfunction(L, push_event);
    lua_pushlightuserdata(L, (void *)event);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        return ERR_MEMORY;
    }
    lua_rawseti(L, 1, ++events->count);
    return 0;
}

#define PARSER_TYPE "orket.sse"

static int parser_gc(lua_State *L)
{
    sse_clear(luaL_checkudata(L, 1, PARSER_TYPE));
    return 0;
}

static size_t cap_option(lua_State *L, int idx, const char *name)
{
    if (lua_isnoneornil(L, idx))
        return 0;
    lua_getfield(L, idx, name);
    lua_Integer value = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    luaL_argcheck(L, value >= 0, idx, "a cap is not negative");
    return (size_t)value;
}

/* sse.parse(pieces: string[], {line=bytes?, event=bytes?}?) -> events | nil, message, code
 * An event is {event, data, id, retry}; retry is cjson.null when its block named none. */
static int l_parse(lua_State *L)
{
    static const char *const options[] = {"line", "event", NULL};
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2))
        bind_check_options(L, 2, options);
    size_t line = cap_option(L, 2, "line"), event = cap_option(L, 2, "event");
    lua_Integer count = luaL_len(L, 1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, "pieces are strings");
        lua_pop(L, 1);
    }
    lua_settop(L, 1);
    lua_newtable(L);
    lua_insert(L, 1); // events, pieces
    struct events events = {.L = L};
    struct sse *sse = lua_newuserdatauv(L, sizeof *sse, 0);
    sse_init(sse, line, event, on_event, &events);
    luaL_setmetatable(L, PARSER_TYPE);
    struct err err = {0};
    int rc = 0;
    for (lua_Integer i = 1; i <= count && rc == 0; i++) {
        size_t len;
        lua_rawgeti(L, 2, i);
        const char *piece = lua_tolstring(L, -1, &len);
        rc = sse_feed(sse, piece, len, &err);
        lua_pop(L, 1);
    }
    if (rc)
        return bind_fail(L, &err);
    lua_settop(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {
    {"parse", l_parse},
    {NULL, NULL},
};

static const luaL_Reg no_methods[] = {{NULL, NULL}};

int luaopen_orket_sse(lua_State *L)
{
    bind_type(L, PARSER_TYPE, no_methods, parser_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
