/* schema.c: `orket.core.schema`: JSON Schema for trusted Lua: configuration, tools, `try schema`.
 */
#include "model/schema.h"
#include "bind/bind.h"
#include "script/value.h"

#define SCHEMA_TYPE  "orket.schema"
#define ERRORS_MAX   20   /* told when the caller does not say how many */
#define ERRORS_LIMIT 1000 /* the most that may be asked for */

struct box {
    struct schema *schema;
};

static struct schema *l_check_schema(lua_State *L, int idx)
{
    struct box *box = luaL_checkudata(L, idx, SCHEMA_TYPE);
    if (!box->schema)
        luaL_error(L, "the schema is closed");
    return box->schema;
}

/* The argument as a tree, in a doc that is pushed when it is a plain value. */
static const struct json *read_value(lua_State *L, int idx, struct err *err)
{
    const struct json *tree = bind_to_doc(L, idx);
    if (tree)
        return tree;
    struct json_doc *doc = bind_new_doc(L);
    return value_read(L, idx, doc, NULL, &doc->root, err) ? NULL : &doc->root;
}

/* schema.compile(value or doc) -> schema | nil, message, code, fix */
static int l_compile(lua_State *L)
{
    struct err err = {0};
    luaL_checkany(L, 1);
    struct box *box = lua_newuserdatauv(L, sizeof *box, 0);
    *box = (struct box){0};
    luaL_setmetatable(L, SCHEMA_TYPE);
    const struct json *source = read_value(L, 1, &err);
    if (!source || schema_compile(source, &box->schema, &err))
        return bind_fail(L, &err);
    lua_pushvalue(L, 2);
    return 1;
}

static void push_error(lua_State *L, const char *path, const char *keyword, const char *text,
                       uint32_t at)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, keyword);
    lua_setfield(L, -2, "keyword");
    lua_pushstring(L, text);
    lua_setfield(L, -2, "text");
    lua_pushinteger(L, at);
    lua_setfield(L, -2, "at");
}

static void push_array(lua_State *L)
{
    lua_newtable(L);
    value_array_mt(L);
    lua_setmetatable(L, -2);
}

/* One error that is about no place: the check could not be finished. */
static int fail_whole(lua_State *L, int code, const char *text)
{
    lua_pushnil(L);
    push_array(L);
    push_error(L, "", "", text, 0);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, err_name(code));
    return 3;
}

/* schema:check(value or doc, max?) -> true | nil, {{path=, keyword=, text=, at=}...}, code */
static int l_check(lua_State *L)
{
    struct schema *schema = l_check_schema(L, 1);
    struct err err = {0};
    size_t count = 0;
    luaL_checkany(L, 2);
    lua_Integer max = luaL_optinteger(L, 3, ERRORS_MAX);
    luaL_argcheck(L, max >= 1 && max <= ERRORS_LIMIT, 3, "1 to 1000 errors");
    lua_settop(L, 2);
    const struct json *value = read_value(L, 2, &err);
    if (!value)
        return fail_whole(L, err.code, err.text);
    struct schema_error first, *errors = NULL;
    int rc = schema_check(schema, value, &first, 1, &count);
    if (rc == 0) {
        lua_pushboolean(L, true);
        return 1;
    }
    if (rc == ERR_SCHEMA) {
        // kilobytes, for failures only
        errors = lua_newuserdatauv(L, (size_t)max * sizeof *errors, 0);
        rc = schema_check(schema, value, errors, (size_t)max, &count);
    }
    if (rc != ERR_SCHEMA)
        return fail_whole(L, rc, rc == ERR_LIMIT ? "the check would cost too much" : err_text(rc));
    lua_pushnil(L);
    push_array(L);
    for (size_t i = 0; i < count; i++) {
        push_error(L, errors[i].path, errors[i].keyword, errors[i].text, errors[i].at);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushstring(L, err_name(rc));
    return 3;
}

static void add_path(void *ctx, const char *pointer, const struct json *path)
{
    lua_State *L = ctx; /* may raise for memory: the walk holds nothing */
    lua_createtable(L, 0, 2);
    lua_pushstring(L, pointer);
    lua_setfield(L, -2, "pointer");
    lua_pushlstring(L, path->u.string, path->len);
    lua_setfield(L, -2, "path");
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* schema:paths(value or doc) -> {{pointer=, path=}...}: the strings of "format": "path" */
static int l_paths(lua_State *L)
{
    struct schema *schema = l_check_schema(L, 1);
    struct err err = {0};
    const struct json *value = read_value(L, 2, &err);
    if (!value)
        return bind_fail(L, &err);
    push_array(L);
    schema_each_path(schema, value, add_path, L);
    return 1;
}

static int l_gc(lua_State *L)
{
    struct box *box = luaL_checkudata(L, 1, SCHEMA_TYPE);
    schema_free(box->schema);
    box->schema = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    {"check", l_check},
    {"paths", l_paths},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"compile", l_compile},
    {NULL, NULL},
};

int luaopen_orket_schema(lua_State *L)
{
    bind_type(L, SCHEMA_TYPE, methods, l_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
