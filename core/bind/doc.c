/* doc.c: `orket.core.doc`: a JSON tree as an opaque value, so that a view or a call's arguments can
 * travel from SQL or the gate to a box without becoming a trusted table. */
#include "bind/bind.h"
#include "script/value.h"

#define DOC_TYPE "orket.doc"

struct json_doc *bind_new_doc(lua_State *L)
{
    struct json_doc *doc = lua_newuserdatauv(L, sizeof *doc, 0);
    *doc = (struct json_doc){0};
    luaL_setmetatable(L, DOC_TYPE);
    return doc;
}

const struct json *bind_to_doc(lua_State *L, int idx)
{
    struct json_doc *doc = luaL_testudata(L, idx, DOC_TYPE);
    return doc ? &doc->root : NULL;
}

static struct json_doc *l_check_doc(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, DOC_TYPE);
}

/* doc:value() -> plain Lua value (nil stays cjson.null) */
static int l_doc_value(lua_State *L)
{
    value_push(L, &l_check_doc(L, 1)->root);
    return 1;
}

/* doc:encode() -> canonical text */
static int l_doc_encode(lua_State *L)
{
    struct json_doc *doc = l_check_doc(L, 1);
    struct buf *text = bind_scratch(L);
    json_write(text, &doc->root);
    if (!buf_ok(text))
        return luaL_error(L, "out of memory");
    lua_pushlstring(L, text->data, text->len);
    return 1;
}

static int l_doc_gc(lua_State *L)
{
    json_doc_clear(l_check_doc(L, 1));
    return 0;
}

/* doc.parse(text) -> doc | nil, message, code */
static int l_parse(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct json_doc *doc = bind_new_doc(L);
    struct err err = {0};
    if (json_parse(doc, text, len, NULL, &err))
        return bind_fail(L, &err);
    return 1;
}

/* doc.new(value) -> doc | nil, message, code */
static int l_new(lua_State *L)
{
    struct json_doc *doc = bind_new_doc(L);
    struct err err = {0};
    if (value_read(L, 1, doc, NULL, &doc->root, &err))
        return bind_fail(L, &err);
    return 1;
}

static const luaL_Reg methods[] = {
    {"value", l_doc_value},
    {"encode", l_doc_encode},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"parse", l_parse},
    {"new", l_new},
    {NULL, NULL},
};

int luaopen_orket_doc(lua_State *L)
{
    bind_type(L, DOC_TYPE, methods, l_doc_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
