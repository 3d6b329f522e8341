/* subscribe.c: the subscribers of `orket.core.store`: who learns what was committed.
 *
 * The array in the store's uservalue 1 has tables {fn=, kinds={prefix…}|nil}, or false
 * where somebody left. */
#include <string.h>

#include "bind/store/store.h"
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
    set_text(L, "run", event->run);
    push_turn(L, event->turn);
    lua_setfield(L, -2, "turn");
    set_text(L, "kind", event->kind);
    set_text(L, "card", event->card);
    set_text(L, "actor", event->actor);
    set_text(L, "role", event->role);
    set_text(L, "at", event->at);
    struct err err = {0};
    if (value_decode(L, event->body, event->body_len, NULL, &err))
        bind_raise(L, &err);
    lua_setfield(L, -2, "body");
}

/* (subscribers, event or NULL): runs protected. Each who wants the event is called with the same
 * table; an error of one does not keep it from the others. */
static int run_seen(lua_State *L)
{
    const struct store_seen *event = lua_touserdata(L, 2);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_settop(L, 1);
    lua_pushnil(L); // the event, once somebody wants it
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, 1, i) != LUA_TTABLE || !wants(L, 3, event->kind)) {
            lua_settop(L, 2);
            continue;
        }
        if (lua_isnil(L, 2)) {
            push_event(L, event);
            lua_replace(L, 2);
        }
        lua_getfield(L, 3, "fn");
        lua_pushvalue(L, 2);
        bind_call(L, 1, 0);
        lua_settop(L, 2);
    }
    return 0;
}

static void on_seen(void *ctx, const struct store_seen *event)
{
    struct l_store *self = ctx;
    if (self->quiet || !self->store || !event)
        return;
    lua_State *L = self->bind->L;
    lua_pushcfunction(L, run_seen);
    lua_rawgetp(L, LUA_REGISTRYINDEX, self);
    lua_getiuservalue(L, -1, 1);
    lua_remove(L, -2); // run_seen, subscribers
    lua_pushlightuserdata(L, (void *)event);
    bind_call(L, 2, 0);
}

/* The unsubscribe function: leaves false in the slot, which the next subscriber takes. */
static int l_unsubscribe(lua_State *L)
{
    lua_pushboolean(L, 0);
    lua_rawseti(L, lua_upvalueindex(1), lua_tointeger(L, lua_upvalueindex(2)));
    lua_pushinteger(L, 0); // once only; slot 0 is nobody's
    lua_replace(L, lua_upvalueindex(2));
    return 0;
}

static lua_Integer free_slot(lua_State *L, int subscribers)
{
    lua_Integer slot = 1, count = (lua_Integer)lua_rawlen(L, subscribers);
    for (; slot <= count; slot++) {
        bool taken = lua_rawgeti(L, subscribers, slot) == LUA_TTABLE;
        lua_pop(L, 1);
        if (!taken)
            break;
    }
    return slot;
}

/* store:subscribe(fn[, {kind prefix...}]) -> unsubscribe function: fn(event) for each committed
 * event, before the `done` of its transaction */
int store_l_subscribe(lua_State *L)
{
    struct l_store *self = luaL_checkudata(L, 1, STORE_TYPE);
    struct store *store = bind_check_store(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    if (!lua_isnoneornil(L, 3))
        luaL_checktype(L, 3, LUA_TTABLE);
    lua_settop(L, 3);
    lua_getiuservalue(L, 1, 1);
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, 2);
    lua_setfield(L, -2, "fn");
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, "kinds");
    lua_Integer slot = free_slot(L, 4);
    lua_rawseti(L, 4, slot);
    store_subscribe(store, on_seen, self);
    lua_pushinteger(L, slot); // subscribers, slot
    lua_pushcclosure(L, l_unsubscribe, 2);
    return 1;
}
