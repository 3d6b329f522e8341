/* parser.c: `orket.core.parser`: what stands in a source text (io/parser.h), answered through a
 * callback. A run is a userdata, kept in the registry while it lasts; when the state closes first,
 * its __gc abandons the process. */
#include "io/parser.h"

#include <string.h>
#include <unistd.h>

#include "bind/bind.h"

#define RUN_TYPE     "orket.parser.run"
#define PROGRAM_TYPE "orket.parser.program"

struct run {
    struct bind *bind;
    struct parser *parser; /* NULL when it has ended */
    int self, done;        /* registry: this userdata, the callback */
};

/* (lightuserdata buf) -> text; protected, because making it may raise */
static int push_facts(lua_State *L)
{
    const struct buf *facts = lua_touserdata(L, 1);
    lua_pushlstring(L, facts->len ? facts->data : "", facts->len);
    return 1;
}

static void on_done(void *ctx, const struct buf *facts, const struct err *err)
{
    struct run *run = ctx;
    struct bind *bind = run->bind;
    lua_State *L = bind->L;
    int nargs = 1;
    run->parser = NULL;
    bind_take(bind, run->done);
    luaL_unref(L, LUA_REGISTRYINDEX, run->self);
    if (facts) {
        lua_pushcfunction(L, push_facts);
        lua_pushlightuserdata(L, (void *)(uintptr_t)facts);
        if (bind_call(L, 1, 1)) {
            lua_pop(L, 1);
            return;
        }
    } else {
        nargs = bind_fail(L, err);
    }
    bind_call(L, nargs, 0);
}

static int l_run_gc(lua_State *L)
{
    struct run *run = luaL_checkudata(L, 1, RUN_TYPE);
    if (run->parser)
        parser_abandon(run->parser);
    run->parser = NULL;
    return 0;
}

/* The program, unpacked at the first use and kept as upvalue 2. */
static int l_program(lua_State *L, struct err *err)
{
    int *program = luaL_checkudata(L, lua_upvalueindex(2), PROGRAM_TYPE);
    if (*program < 0)
        *program = parser_program(err);
    return *program;
}

/* parser.facts(language, text, done): done(json) or done(nil, message, code, fix) */
static int l_facts(lua_State *L)
{
    size_t len;
    struct err err = {0};
    const char *language = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &len);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    struct run *run = lua_newuserdatauv(L, sizeof *run, 0);
    *run = (struct run){.bind = bind_of(L)};
    luaL_setmetatable(L, RUN_TYPE);
    run->self = bind_keep(L, 4);
    run->done = bind_keep(L, 3);
    int rc = l_program(L, &err);
    rc = rc < 0 ? rc
                : parser_begin(run->bind->loop, rc, language, text, len, on_done, run,
                               &run->parser, &err);
    if (rc == 0)
        return 0;
    luaL_unref(L, LUA_REGISTRYINDEX, run->self);
    luaL_unref(L, LUA_REGISTRYINDEX, run->done);
    lua_pushvalue(L, 3);
    lua_call(L, bind_fail(L, &err), 0);
    return 0;
}

static int l_program_gc(lua_State *L)
{
    int *program = luaL_checkudata(L, 1, PROGRAM_TYPE);
    base_close_fd(program);
    *program = -1;
    return 0;
}

int luaopen_orket_parser(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, RUN_TYPE, none, l_run_gc);
    bind_type(L, PROGRAM_TYPE, none, l_program_gc);
    lua_newtable(L);
    lua_pushlightuserdata(L, bind_of(L));
    int *program = lua_newuserdatauv(L, sizeof *program, 0);
    *program = -1;
    luaL_setmetatable(L, PROGRAM_TYPE);
    lua_pushcclosure(L, l_facts, 2); // context, program
    lua_setfield(L, -2, "facts");
    return 1;
}
