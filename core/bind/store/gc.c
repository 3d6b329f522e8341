/* gc.c: store:make_room of `orket.core.store`. */
#include "io/store_gc.h"

#include "bind/store/store.h"

/* Pushes a table of the strings' pointers, which the list at idx keeps alive. */
static const char **check_runs(lua_State *L, int idx, size_t *count)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    *count = lua_rawlen(L, idx);
    const char **runs = lua_newuserdatauv(L, (*count + 1) * sizeof *runs, 0);
    for (size_t i = 0; i < *count; i++) {
        if (lua_rawgeti(L, idx, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_argerror(L, idx, "a list of run ids");
        runs[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    return runs;
}

static void set(lua_State *L, const char *key, int64_t value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

/* store:make_room(runs, dry) -> {events, blobs, messages, bytes, before, after,
 * cramped} | nil, message, code */
int store_l_gc(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    size_t count;
    const char **runs = check_runs(L, 2, &count);
    struct store_gc_result result;
    struct err err = {0};
    if (store_gc(store, runs, count, lua_toboolean(L, 3), &result, &err))
        return bind_fail(L, &err);
    lua_createtable(L, 0, 7);
    set(L, "events", result.events);
    set(L, "blobs", result.blobs);
    set(L, "messages", result.messages);
    set(L, "bytes", result.bytes);
    set(L, "before", result.before);
    set(L, "after", result.after);
    lua_pushboolean(L, result.cramped);
    lua_setfield(L, -2, "cramped");
    return 1;
}
