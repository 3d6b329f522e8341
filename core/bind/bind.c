/* bind.c: the registry of modules and the helpers they share. */
#include "bind/bind.h"

#include <lualib.h>
#include <string.h>
#include <unistd.h>

static const luaL_Reg modules[] = {
#define X(name) {"orket.core." #name, luaopen_orket_##name},
    BIND_MODULES(X)
#undef X
        {NULL, NULL},
};

/* `cjson` is `orket.core.json` under the name that Lua people know. */
static int alias_cjson(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "orket.core.json");
    lua_call(L, 1, 1);
    return 1;
}

void bind_open(lua_State *L, struct bind *bind)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    for (const luaL_Reg *m = modules; m->name; m++) {
        lua_pushlightuserdata(L, bind);
        lua_pushcclosure(L, m->func, 1);
        lua_setfield(L, -2, m->name);
    }
    lua_pushcfunction(L, alias_cjson);
    lua_setfield(L, -2, "cjson");
    lua_pop(L, 1);
}

void bind_close(struct bind *bind)
{
    buf_clear(&bind->text);
    json_doc_clear(&bind->tree);
    json_text_clear(&bind->encoder);
    if (bind->jail)
        close(bind->jail - 1);
    bind->jail = 0;
}

struct bind *bind_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

void bind_functions(lua_State *L, const luaL_Reg *functions)
{
    lua_pushlightuserdata(L, bind_of(L));
    luaL_setfuncs(L, functions, 1);
}

void bind_type(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction gc)
{
    if (!luaL_newmetatable(L, type)) {
        lua_pop(L, 1);
        return;
    }
    bind_functions(L, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, gc);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__close");
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

/* An error as a value (bind_raise) names what failed and its fix; a traceback would add nothing. */
static bool push_error_value(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TTABLE || lua_getfield(L, 1, "code") != LUA_TSTRING ||
        lua_getfield(L, 1, "message") != LUA_TSTRING)
        return false;
    bool has_fix = lua_getfield(L, 1, "fix") == LUA_TSTRING;
    lua_pushfstring(L, "%s: %s%s%s", lua_tostring(L, -3), lua_tostring(L, -2),
                    has_fix ? "\n  fix: " : "", has_fix ? lua_tostring(L, -1) : "");
    return true;
}

static int with_traceback(lua_State *L)
{
    if (push_error_value(L))
        return 1;
    const char *message = lua_tostring(L, 1);
    luaL_traceback(L, L, message ? message : "error object is not a string", 1);
    return 1;
}

/* pcall; a failure leaves its message. */
static int guarded(lua_State *L, int nargs, int nresults)
{
    int base = lua_gettop(L) - nargs;
    lua_pushcfunction(L, with_traceback);
    lua_insert(L, base); // handler, function, args
    int rc = lua_pcall(L, nargs, nresults, base);
    lua_remove(L, base);
    if (rc == LUA_OK)
        return 0;
    return rc == LUA_ERRMEM ? ERR_MEMORY : ERR_BUG;
}

static void print_message(lua_State *L)
{
    fprintf(stderr, "orket: %s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
}

int bind_try(lua_State *L, int nargs, int nresults)
{
    int rc = guarded(L, nargs, nresults);
    if (rc)
        print_message(L);
    return rc;
}

int bind_call(lua_State *L, int nargs, int nresults)
{
    int rc = guarded(L, nargs, nresults);
    if (rc && lua_getglobal(L, "_ON_ERROR") == LUA_TFUNCTION) { // message, handler
        lua_insert(L, -2);
        if (lua_pcall(L, 1, 0, 0) != LUA_OK)
            lua_pop(L, 1);
    } else if (rc) {
        lua_pop(L, 1);
        print_message(L);
    }
    return rc;
}

int bind_push_failure(lua_State *L, const struct err *err)
{
    lua_pushnil(L);
    lua_pushstring(L, err->text[0] ? err->text : err_text(err->code));
    lua_pushstring(L, err_name(err->code));
    if (!err->fix[0])
        return 3;
    lua_pushstring(L, err->fix);
    return 4;
}

int bind_fail(lua_State *L, const struct err *err)
{
    return err->code == ERR_MEMORY ? bind_raise(L, err) : bind_push_failure(L, err);
}

int bind_raise(lua_State *L, const struct err *err)
{
    bind_push_failure(L, err);
    lua_settop(L, lua_gettop(L) + (err->fix[0] ? 0 : 1));
    lua_createtable(L, 0, 4); // nil, message, code, fix, table
    lua_insert(L, -4);        // nil, table, message, code, fix
    lua_setfield(L, -4, "fix");
    lua_setfield(L, -3, "code");
    lua_setfield(L, -2, "message");
    lua_pushstring(L, err_class(err->code));
    lua_setfield(L, -2, "class");
    return lua_error(L);
}

static bool is_known(const char *key, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(key, *known) == 0)
            return true;
    return false;
}

void bind_check_options(lua_State *L, int idx, const char *const *known)
{
    idx = lua_absindex(L, idx);
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        if (lua_type(L, -2) != LUA_TSTRING || !is_known(lua_tostring(L, -2), known))
            luaL_error(L, "unknown option '%s'", luaL_tolstring(L, -2, NULL));
        lua_pop(L, 1);
    }
}

int bind_keep(lua_State *L, int idx)
{
    lua_pushvalue(L, idx);
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

void bind_take(struct bind *bind, int ref)
{
    lua_rawgeti(bind->L, LUA_REGISTRYINDEX, ref);
    luaL_unref(bind->L, LUA_REGISTRYINDEX, ref);
}

struct buf *bind_text(struct bind *bind)
{
    buf_recycle(&bind->text);
    return &bind->text;
}

struct json_doc *bind_tree(struct bind *bind)
{
    json_doc_reset(&bind->tree);
    return &bind->tree;
}

#define SCRATCH_TYPE "orket.scratch"

static int scratch_gc(lua_State *L)
{
    buf_clear(luaL_checkudata(L, 1, SCRATCH_TYPE));
    return 0;
}

struct buf *bind_scratch(lua_State *L)
{
    struct buf *buf = lua_newuserdatauv(L, sizeof *buf, 0);
    *buf = (struct buf){0};
    if (luaL_newmetatable(L, SCRATCH_TYPE)) {
        lua_pushcfunction(L, scratch_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return buf;
}
