/* doc.c: `orket.core.doc`: a JSON tree as an opaque value, so that a view or a call's arguments can
 * travel from SQL or the gate to a box without becoming a trusted table. */
#include <string.h>

#include "bind/bind.h"
#include "script/value.h"

#define DOC_TYPE "orket.doc"

/* Pushes the metatable, also before anybody required the module: without it a doc would leak. */
static void push_type(lua_State *L)
{
    if (luaL_getmetatable(L, DOC_TYPE) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "orket.core.doc");
    lua_call(L, 1, 0);
    luaL_getmetatable(L, DOC_TYPE);
}

struct json_doc *bind_new_doc(lua_State *L)
{
    struct json_doc *doc = lua_newuserdatauv(L, sizeof *doc, 2);
    *doc = (struct json_doc){0};
    push_type(L);
    lua_setmetatable(L, -2);
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

/* doc:encode() -> canonical text */
static int l_doc_encode(lua_State *L)
{
    struct json_doc *doc = l_check_doc(L, 1);
    struct buf *text = bind_scratch(L);
    json_write(text, &doc->root);
    if (!buf_ok(text))
        return luaL_error(L, "out of memory");
    lua_pushlstring(L, text->data, text->len);
    buf_clear(text);
    return 1;
}

#define POINTER_KEY_MAX 1024 /* bytes of one key in a pointer */

/* One step of a JSON pointer: the member or item that token (between slashes, ~0 and ~1 escaped)
 * names, or NULL. */
static const struct json *step(const struct json *value, const char *token, size_t len)
{
    char key[POINTER_KEY_MAX];
    size_t used = 0;
    for (size_t i = 0; i < len && used < sizeof key; i++) {
        bool escaped =
            token[i] == '~' && i + 1 < len && (token[i + 1] == '0' || token[i + 1] == '1');
        key[used] = token[i];
        if (escaped)
            key[used] = token[++i] == '0' ? '~' : '/';
        used++;
    }
    if (value->type == JSON_OBJECT)
        return used < sizeof key ? json_get_n(value, key, used) : NULL;
    size_t index = 0;
    for (size_t i = 0; i < used; i++) {
        if (key[i] < '0' || key[i] > '9' || used > 9)
            return NULL;
        index = index * 10 + (size_t)(key[i] - '0');
    }
    return used ? json_at(value, index) : NULL;
}

/* The value at the pointer that is argument 2, or NULL. */
static const struct json *find(lua_State *L)
{
    const struct json *value = &l_check_doc(L, 1)->root;
    size_t len;
    const char *p = luaL_checklstring(L, 2, &len), *end = p + len;
    while (value && p < end) {
        if (*p++ != '/')
            luaL_argerror(L, 2, "a JSON pointer is empty or begins with a slash");
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t token = (size_t)((slash ? slash : end) - p);
        value = step(value, p, token);
        p += token;
    }
    return value;
}

/* doc:at(pointer) -> byte offset of that value in the parsed text | nil when there is none */
static int l_doc_at(lua_State *L)
{
    const struct json *value = find(L);
    if (!value)
        return 0;
    lua_pushinteger(L, value->at);
    return 1;
}

/* doc:value(pointer?) -> plain Lua value (null stays cjson.null) | nil when there is none */
static int l_doc_value(lua_State *L)
{
    const struct json *value = lua_isnoneornil(L, 2) ? &l_check_doc(L, 1)->root : find(L);
    if (!value)
        return 0;
    value_push(L, value);
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
    {"at", l_doc_at},
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
