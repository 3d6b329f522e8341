/* json.c: `orket.core.json`: the codec for trusted Lua. The same table is the module `cjson`, with
 * the names of lua-cjson over our codec: strict, exact, sorted. */
#include <string.h>

#include "bind/bind.h"
#include "script/value.h"

#define SCRATCH_KEPT (1 << 20) /* a bigger text buffer is given back after use */

/* The buffer of all encodings of this state: upvalue 2. A text is pushed before the next begins. */
static struct buf *text_of(lua_State *L)
{
    struct buf *text = lua_touserdata(L, lua_upvalueindex(2));
    if (text->cap > SCRATCH_KEPT)
        buf_clear(text);
    buf_reset(text);
    return text;
}

static int encode(lua_State *L, struct err *err)
{
    struct buf *text = text_of(L);
    const struct json *tree = bind_to_doc(L, 1);
    int rc = 0;
    luaL_checkany(L, 1);
    if (tree)
        json_write(text, tree);
    else
        rc = value_encode(L, 1, &bind_of(L)->encoder, text, err);
    if (!rc && !buf_ok(text))
        rc = err_set(err, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
    if (!rc)
        lua_pushlstring(L, text->data, text->len);
    return rc;
}

/* json.encode(value or doc) -> canonical text; raises when the value is not plain data */
static int l_encode(lua_State *L)
{
    struct err err = {0};
    if (encode(L, &err))
        return luaL_error(L, "cannot encode: %s", err.text);
    return 1;
}

/* json.try_encode(value or doc) -> canonical text | nil, message, code */
static int l_try_encode(lua_State *L)
{
    struct err err = {0};
    return encode(L, &err) ? bind_fail(L, &err) : 1;
}

/* json.decode(text) -> value | nil, message, code (JSON null is json.null) */
static int l_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct err err = {0};
    return value_decode(L, text, len, NULL, &err) ? bind_fail(L, &err) : 1;
}

/* The fault without its place, and the place: "why at line L, column C" as three fields. */
static void push_fault(lua_State *L, const struct err *err)
{
    const char *place = NULL;
    unsigned line = 1, column = 1;
    for (const char *p = err->text; (p = strstr(p, " at line ")) != NULL; p++)
        place = p;
    if (place)
        sscanf(place, " at line %u, column %u", &line, &column);
    lua_pushlstring(L, err->text, place ? (size_t)(place - err->text) : strlen(err->text));
    lua_setfield(L, -2, "error");
    lua_pushinteger(L, line);
    lua_setfield(L, -2, "line");
    lua_pushinteger(L, column);
    lua_setfield(L, -2, "column");
}

/* json.check(text) -> {ok=true, canonical=text} | {ok=false, error=, line=, column=} */
static int l_check(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct buf *out = text_of(L);
    struct json_text *sink = &bind_of(L)->encoder;
    struct err err = {0};
    json_text_begin(sink, out);
    int rc = json_scan(text, len, NULL, &json_text_sink, sink, &err);
    if (rc == ERR_MEMORY)
        return bind_raise(L, &err);
    lua_createtable(L, 0, 4);
    lua_pushboolean(L, rc == 0);
    lua_setfield(L, -2, "ok");
    if (rc) {
        push_fault(L, &err);
        return 1;
    }
    lua_pushlstring(L, out->data, out->len);
    lua_setfield(L, -2, "canonical");
    return 1;
}

static const luaL_Reg functions[] = {
    {"encode", l_encode}, {"try_encode", l_try_encode}, {"decode", l_decode}, {"check", l_check},
    {NULL, NULL},
};

int luaopen_orket_json(lua_State *L)
{
    lua_newtable(L);
    lua_pushlightuserdata(L, bind_of(L));
    bind_scratch(L);
    luaL_setfuncs(L, functions, 2);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    value_empty_array(L);
    lua_setfield(L, -2, "empty_array");
    value_array_mt(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "array_mt");
    lua_setfield(L, -2, "empty_array_mt");
    return 1;
}
