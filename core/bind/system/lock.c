/* lock.c: `orket.core.lock`: being the owner of a project. */
#include "io/fs/lock.h"
#include "io/fs/private.h"

#include "bind/bind.h"

#define LOCK_TYPE "orket.lock"

/* handle:release(); also when it is collected or the process ends */
static int l_release(lua_State *L)
{
    lock_release(luaL_checkudata(L, 1, LOCK_TYPE));
    return 0;
}

/* lock.take(dir) -> handle | nil, message, code, fix: makes dir for this user alone, locks
 * dir/lock. ERR_OWNED, ERR_DENIED (io/fs/private.h), ERR_IO */
static int l_take(lua_State *L)
{
    luaL_checkstring(L, 1);
    struct lock *lock = lua_newuserdatauv(L, sizeof *lock, 0);
    lock->fd = -1;
    luaL_setmetatable(L, LOCK_TYPE);
    lua_pushfstring(L, "%s/lock", lua_tostring(L, 1));
    struct err err = {0};
    if (private_dir(lua_tostring(L, 1), &err) || lock_take(lock, lua_tostring(L, -1), &err))
        return bind_fail(L, &err);
    lua_pop(L, 1);
    return 1;
}

/* lock.held(dir) -> boolean: whether some process holds dir/lock now */
static int l_held(lua_State *L)
{
    lua_pushfstring(L, "%s/lock", luaL_checkstring(L, 1));
    lua_pushboolean(L, lock_is_held(lua_tostring(L, -1)));
    return 1;
}

/* lock.taken_at(dir) -> "2026-01-31T12:00:00.000Z" | nil: when the process that holds dir/lock, or
 * the last one that did, took it */
static int l_taken_at(lua_State *L)
{
    char at[LOCK_TIME];
    lua_pushfstring(L, "%s/lock", luaL_checkstring(L, 1));
    if (!lock_taken_at(lua_tostring(L, -1), at))
        return 0;
    lua_pushstring(L, at);
    return 1;
}

/* lock.holder(dir) -> {pid, name, state} | nil: the process that holds dir/lock now, as far as it
 * can be seen from here */
static int l_holder(lua_State *L)
{
    struct lock_holder holder;
    lua_pushfstring(L, "%s/lock", luaL_checkstring(L, 1));
    if (!lock_find_holder(lua_tostring(L, -1), &holder))
        return 0;
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, holder.pid);
    lua_setfield(L, -2, "pid");
    lua_pushstring(L, holder.name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, lock_state(holder.state));
    lua_setfield(L, -2, "state");
    return 1;
}

static const luaL_Reg methods[] = {
    {"release", l_release},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"take", l_take},
    {"held", l_held},
    {"taken_at", l_taken_at},
    {"holder", l_holder},
    {NULL, NULL},
};

int luaopen_orket_lock(lua_State *L)
{
    bind_type(L, LOCK_TYPE, methods, l_release);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
