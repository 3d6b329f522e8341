/* seen.c: the subscribers of `orket.core.store`: who is told what was committed.
 *
 * The array in the store's uservalue 1 has tables {fn=, kinds={prefix…}|nil, batch={event…}|nil}. */
#include <string.h>

#include "bind/store.h"
#include "script/value.h"

static bool wants(lua_State *L, int sub, const char *kind)
{
    bool found = true;
    if (lua_getfield(L, sub, "kinds") == LUA_TTABLE) {
        found = false;
        lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
        for (lua_Integer i = 1; !found && i <= count; i++) {
            lua_rawgeti(L, -1, i);
            const char *prefix = lua_tostring(L, -1);
            found = prefix && strncmp(kind, prefix, strlen(prefix)) == 0;
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return found;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

/* An integer when it reads as one, as in the database. */
static void push_turn(lua_State *L, const char *turn)
{
    size_t len = strlen(turn);
    bool number = len <= 18 && strspn(turn, "0123456789") == len && (turn[0] != '0' || len == 1);
    if (number)
        lua_pushinteger(L, strtoll(turn, NULL, 10));
    else
        lua_pushlstring(L, turn, len);
}

static void push_event(lua_State *L, const struct store_seen *event)
{
    lua_createtable(L, 0, 12);
    set_integer(L, "seq", event->seq);
    set_integer(L, "step", event->step);
    set_integer(L, "n", event->n);
    if (event->ms >= 0)
        set_integer(L, "ms", event->ms);
    set_text(L, "run", event->run);
    push_turn(L, event->turn);
    lua_setfield(L, -2, "turn");
    set_text(L, "kind", event->kind);
    set_text(L, "card", event->card);
    set_text(L, "actor", event->actor);
    set_text(L, "role", event->role);
    set_text(L, "at", event->at);
    if (value_decode(L, event->body, event->body_len, NULL, NULL) == 0)
        lua_setfield(L, -2, "body");
}

/* (subscribers, event): appends it to the batch of each who wants it */
static void add_to_batches(lua_State *L, const struct store_seen *event)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_settop(L, 1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_settop(L, lua_gettop(L) > 1 ? 2 : 1); // subscribers, event?
        lua_rawgeti(L, 1, i);
        int sub = lua_gettop(L);
        if (!wants(L, sub, event->kind)) {
            lua_pop(L, 1);
            continue;
        }
        if (sub == 2) {
            push_event(L, event);
            lua_insert(L, 2);
            sub = 3;
        }
        if (lua_getfield(L, sub, "batch") != LUA_TTABLE) {
            lua_pop(L, 1);
            lua_newtable(L);
            lua_pushvalue(L, -1);
            lua_setfield(L, sub, "batch");
        }
        lua_pushvalue(L, 2);
        lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    }
}

/* (subscribers): one after the other gets its batch; an error of one does not keep it from others */
static void call_subscribers(lua_State *L)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_settop(L, 1);
        lua_rawgeti(L, 1, i);
        lua_getfield(L, 2, "fn");
        if (lua_getfield(L, 2, "batch") != LUA_TTABLE)
            continue;
        lua_pushnil(L);
        lua_setfield(L, 2, "batch");
        bind_call(L, 1, 0);
    }
}

/* (store userdata, event or NULL): runs protected */
static int run_seen(lua_State *L)
{
    const struct store_seen *event = lua_touserdata(L, 2);
    lua_getiuservalue(L, 1, 1);
    lua_replace(L, 1);
    lua_settop(L, 1);
    if (event)
        add_to_batches(L, event);
    else
        call_subscribers(L);
    return 0;
}

static void on_seen(void *ctx, const struct store_seen *event)
{
    struct l_store *self = ctx;
    if (self->quiet)
        return;
    lua_State *L = self->bind->L;
    lua_pushcfunction(L, run_seen);
    lua_rawgetp(L, LUA_REGISTRYINDEX, self);
    lua_pushlightuserdata(L, (void *)event);
    bind_call(L, 2, 0);
}

/* store:subscribe(fn[, {kinds={prefix...}}]): fn(events) after each commit that has some */
int store_l_subscribe(lua_State *L)
{
    static const char *const known[] = {"kinds", NULL};
    struct l_store *self = luaL_checkudata(L, 1, STORE_TYPE);
    struct store *store = bind_check_store(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!lua_isnoneornil(L, 3))
        bind_check_options(L, 3, known);
    lua_settop(L, 3);
    lua_getiuservalue(L, 1, 1);
    lua_newtable(L);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "fn");
    if (!lua_isnil(L, 3)) {
        lua_getfield(L, 3, "kinds");
        lua_setfield(L, -2, "kinds");
    }
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    store_subscribe(store, on_seen, self);
    return 0;
}
