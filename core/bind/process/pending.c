/* pending.c: see pending.h. */
#include "bind/process/pending.h"

#define PENDING_TYPE "orket.running"

struct pending *pending_check(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, PENDING_TYPE);
}

static int l_gc(lua_State *L)
{
    struct pending *pending = pending_check(L, 1);
    if (pending->what)
        pending->abandon(pending->what);
    pending->what = NULL;
    return 0;
}

void pending_open(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, PENDING_TYPE, none, l_gc);
}

struct pending *pending_new(lua_State *L, int done_idx, void (*abandon)(void *what))
{
    struct pending *pending = lua_newuserdatauv(L, sizeof *pending, 0);
    *pending = (struct pending){.bind = bind_of(L), .abandon = abandon, .on_output = LUA_NOREF};
    luaL_setmetatable(L, PENDING_TYPE);
    pending->self = bind_keep(L, lua_gettop(L));
    pending->done = bind_keep(L, done_idx);
    return pending;
}

void pending_drop(struct pending *pending)
{
    luaL_unref(pending->bind->L, LUA_REGISTRYINDEX, pending->self);
    luaL_unref(pending->bind->L, LUA_REGISTRYINDEX, pending->done);
    luaL_unref(pending->bind->L, LUA_REGISTRYINDEX, pending->on_output);
}

void pending_end(struct pending *pending, lua_CFunction push, const void *result,
                 const struct err *err)
{
    struct bind *bind = pending->bind;
    lua_State *L = bind->L;
    int nargs = 1;
    pending->what = NULL;
    bind_take(bind, pending->done);
    luaL_unref(L, LUA_REGISTRYINDEX, pending->on_output);
    luaL_unref(L, LUA_REGISTRYINDEX, pending->self);
    if (result) {
        lua_pushcfunction(L, push);
        lua_pushlightuserdata(L, (void *)(uintptr_t)result);
        if (bind_call(L, 1, 1)) {
            lua_pop(L, 1);
            return;
        }
    } else {
        nargs = bind_push_failure(L, err);
    }
    bind_call(L, nargs, 0);
}
