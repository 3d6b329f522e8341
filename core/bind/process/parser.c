/* parser.c: `orket.core.parser`: what stands in a source text (io/process/parser.h), answered
 * through a callback. The way back to Lua is pending.c. */
#include "io/process/parser.h"

#include <string.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/process/pending.h"
#include "model/search/grammar.h"

#define PROGRAM_TYPE "orket.parser.program"

/* (lightuserdata buf) -> text */
static int push_facts(lua_State *L)
{
    const struct buf *facts = lua_touserdata(L, 1);
    lua_pushlstring(L, facts->len ? facts->data : "", facts->len);
    return 1;
}

static void on_done(void *ctx, const struct buf *facts, const struct err *err)
{
    pending_end(ctx, push_facts, facts, err);
}

static void abandon(void *parser)
{
    parser_abandon(parser);
}

/* The program, unpacked at the first use and kept as upvalue 2. */
static int l_program(lua_State *L, struct err *err)
{
    int *program = luaL_checkudata(L, lua_upvalueindex(2), PROGRAM_TYPE);
    if (*program < 0)
        *program = parser_program(err);
    return *program;
}

static int parse(lua_State *L, bool symbols)
{
    size_t len;
    struct err err = {0};
    const char *language = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 2, &len);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    struct pending *pending = pending_new(L, 3, abandon);
    struct parser *parser;
    int rc = l_program(L, &err);
    if (rc >= 0)
        rc = parser_begin(pending->bind->loop, rc, language, symbols, text, len, on_done, pending,
                          &parser, &err);
    if (rc == 0) {
        pending->what = parser;
        return 0;
    }
    pending_drop(pending);
    lua_pushvalue(L, 3);
    lua_call(L, bind_push_failure(L, &err), 0);
    return 0;
}

/* parser.facts(language, text, done): done(json) or done(nil, message, code, fix) */
static int l_facts(lua_State *L)
{
    return parse(L, false);
}

/* parser.symbols(language, text, done): likewise */
static int l_symbols(lua_State *L)
{
    return parse(L, true);
}

/* parser.grammar(path) -> language | nil: by the ending of the name */
static int l_grammar(lua_State *L)
{
    size_t len;
    const char *path = luaL_checklstring(L, 1, &len);
    lua_pushstring(L, grammar_of(path, len));
    return 1;
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
    static const luaL_Reg functions[] = {
        {"facts", l_facts}, {"symbols", l_symbols}, {"grammar", l_grammar}, {NULL, NULL}};
    pending_open(L);
    bind_type(L, PROGRAM_TYPE, none, l_program_gc);
    lua_newtable(L);
    lua_pushlightuserdata(L, bind_of(L));
    int *program = lua_newuserdatauv(L, sizeof *program, 0);
    *program = -1;
    luaL_setmetatable(L, PROGRAM_TYPE);
    luaL_setfuncs(L, functions, 2); // context, program
    return 1;
}
