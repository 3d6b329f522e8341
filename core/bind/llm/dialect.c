/* dialect.c: `orket.core.dialect`: tool calls in text (model/dialect.h),
 * by a grammar that Lua wrote. */
#include "model/dialect.h"

#include "base/text/sanitize.h"
#include "bind/bind.h"
#include "model/dialect/grammar.h"
#include "script/value.h"

#define GRAMMAR_TYPE "orket.dialect.grammar"
#define PARSER_TYPE  "orket.dialect.parser"

static int l_grammar_gc(lua_State *L)
{
    grammar_clear(luaL_checkudata(L, 1, GRAMMAR_TYPE));
    return 0;
}

static int l_parser_gc(lua_State *L)
{
    struct dialect **d = luaL_checkudata(L, 1, PARSER_TYPE);
    dialect_close(*d);
    *d = NULL;
    return 0;
}

/* dialect.compile(table) -> grammar | nil, message, code, fix */
static int l_compile(lua_State *L)
{
    struct err err = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    struct grammar *g = lua_newuserdatauv(L, sizeof *g, 0);
    *g = (struct grammar){0};
    luaL_setmetatable(L, GRAMMAR_TYPE);
    struct json_doc *doc = bind_new_doc(L);
    if (value_read(L, 1, doc, NULL, &doc->root, &err) || grammar_init(g, &doc->root, &err))
        return bind_fail(L, &err);
    lua_pushvalue(L, 2);
    return 1;
}

/* The option `tools` as a tree that the stack holds, or NULL. */
static int read_tools(lua_State *L, int idx, const struct json **tools, struct err *err)
{
    *tools = NULL;
    if (lua_isnoneornil(L, idx) || lua_getfield(L, idx, "tools") == LUA_TNIL)
        return 0;
    struct json_doc *doc = bind_new_doc(L);
    int code = value_read(L, -2, doc, NULL, &doc->root, err);
    *tools = &doc->root;
    return code;
}

static const char *family_option(lua_State *L, int idx)
{
    if (lua_isnoneornil(L, idx))
        return NULL;
    lua_getfield(L, idx, "family");
    return luaL_optstring(L, -1, NULL);
}

static int feed(lua_State *L, struct dialect *d)
{
    int code = 0;
    size_t len;
    for (lua_Integer i = 1; !code && lua_geti(L, 2, i) == LUA_TSTRING; i++) {
        const char *text = lua_tolstring(L, -1, &len);
        code = dialect_feed(d, text, len);
        lua_pop(L, 1);
    }
    return code ? code : dialect_end(d);
}

static void push_call(lua_State *L, const struct dialect_call *call)
{
    static const char *const states[] = {"complete", "repaired", "partial"};
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, call->name.data, call->name.len);
    lua_setfield(L, -2, "name");
    lua_pushlstring(L, call->arguments.data, call->arguments.len);
    lua_setfield(L, -2, "arguments");
    lua_pushstring(L, states[call->state]);
    lua_setfield(L, -2, "state");
}

/* As valid UTF-8. */
static void push_text(lua_State *L, const struct buf *text, const char *field)
{
    struct buf *valid = bind_scratch(L);
    utf8_sanitize(valid, text->data, text->len);
    if (!buf_ok(valid))
        luaL_error(L, "not enough memory");
    lua_pushlstring(L, valid->data ? valid->data : "", valid->len);
    lua_setfield(L, -3, field);
    lua_pop(L, 1);
}

/* {{at, why}, ..., count}: at from 0, count also of those that are not in it. */
static void push_broken(lua_State *L, const struct dialect *d)
{
    static const char *const whys[] = {"unreadable", "holds", "behind"};
    const struct dialect_broken *list;
    size_t count = dialect_broken(d, &list);
    lua_createtable(L, (int)(count < DIALECT_BROKEN_MAX ? count : DIALECT_BROKEN_MAX), 1);
    for (size_t i = 0; i < count && i < DIALECT_BROKEN_MAX; i++) {
        lua_createtable(L, 0, 2);
        lua_pushinteger(L, (lua_Integer)list[i].at);
        lua_setfield(L, -2, "at");
        lua_pushstring(L, whys[list[i].why]);
        lua_setfield(L, -2, "why");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)count);
    lua_setfield(L, -2, "count");
}

static void push_found(lua_State *L, const struct dialect *d)
{
    size_t count;
    const struct dialect_call *calls = dialect_calls(d, &count);
    lua_createtable(L, 0, 6);
    lua_pushstring(L, count > dialect_thought(d) ? dialect_family(d) : NULL);
    lua_setfield(L, -2, "dialect");
    push_text(L, dialect_content(d), "content");
    push_text(L, dialect_reasoning(d), "reasoning");
    const size_t thought = dialect_thought(d);
    lua_createtable(L, (int)(count - thought), 0);
    for (size_t i = thought; i < count; i++) {
        push_call(L, &calls[i]);
        lua_rawseti(L, -2, (lua_Integer)(i - thought) + 1);
    }
    lua_setfield(L, -2, "calls");
    lua_pushinteger(L, (lua_Integer)thought);
    lua_setfield(L, -2, "thought");
    push_broken(L, d);
    lua_setfield(L, -2, "faults");
}

/* grammar:read(pieces, {family?, tools?}?) -> {dialect?, content, reasoning, calls, thought,
 * faults} | nil, message, code, fix */
static int l_read(lua_State *L)
{
    struct err err = {0};
    const struct json *tools;
    const struct grammar *g = luaL_checkudata(L, 1, GRAMMAR_TYPE);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct dialect **d = lua_newuserdatauv(L, sizeof *d, 0);
    *d = NULL;
    luaL_setmetatable(L, PARSER_TYPE);
    const char *family = family_option(L, 3);
    if (read_tools(L, 3, &tools, &err) || dialect_open(d, g, family, tools, &err))
        return bind_fail(L, &err);
    int code = feed(L, *d);
    if (code) {
        (void)err_set(&err, code, NULL);
        return bind_fail(L, &err);
    }
    push_found(L, *d);
    dialect_close(*d);
    *d = NULL;
    return 1;
}

/* grammar:families() -> names */
static int l_families(lua_State *L)
{
    const struct grammar *g = luaL_checkudata(L, 1, GRAMMAR_TYPE);
    lua_createtable(L, (int)g->family_count, 0);
    for (size_t i = 0; i < g->family_count; i++) {
        lua_pushstring(L, g->families[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"compile", l_compile},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"read", l_read},
    {"families", l_families},
    {NULL, NULL},
};

static const luaL_Reg no_methods[] = {
    {NULL, NULL},
};

int luaopen_orket_dialect(lua_State *L)
{
    bind_type(L, GRAMMAR_TYPE, methods, l_grammar_gc);
    bind_type(L, PARSER_TYPE, no_methods, l_parser_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
