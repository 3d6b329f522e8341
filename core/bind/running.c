/* running.c: see running.h. */
#include "bind/running.h"

#define RUNNING_TYPE "orket.running"

struct running *running_check(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, RUNNING_TYPE);
}

static int l_gc(lua_State *L)
{
    struct running *running = running_check(L, 1);
    if (running->what)
        running->abandon(running->what);
    running->what = NULL;
    return 0;
}

void running_open(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, RUNNING_TYPE, none, l_gc);
}

struct running *running_new(lua_State *L, int done_idx, void (*abandon)(void *what))
{
    struct running *running = lua_newuserdatauv(L, sizeof *running, 0);
    *running = (struct running){.bind = bind_of(L), .abandon = abandon, .heard = LUA_NOREF};
    luaL_setmetatable(L, RUNNING_TYPE);
    running->self = bind_keep(L, lua_gettop(L));
    running->done = bind_keep(L, done_idx);
    return running;
}

void running_drop(struct running *running)
{
    luaL_unref(running->bind->L, LUA_REGISTRYINDEX, running->self);
    luaL_unref(running->bind->L, LUA_REGISTRYINDEX, running->done);
    luaL_unref(running->bind->L, LUA_REGISTRYINDEX, running->heard);
}

void running_end(struct running *running, lua_CFunction push, const void *result,
                 const struct err *err)
{
    struct bind *bind = running->bind;
    lua_State *L = bind->L;
    int nargs = 1;
    running->what = NULL;
    bind_take(bind, running->done);
    luaL_unref(L, LUA_REGISTRYINDEX, running->heard);
    luaL_unref(L, LUA_REGISTRYINDEX, running->self);
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
