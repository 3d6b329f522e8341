/* base64.c: `orket.core.base64`: bytes in JSON requests. */
#include "base/base64.h"

#include "bind/bind.h"

/* base64.encode(bytes) -> text */
static int l_encode(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    struct buf *out = bind_scratch(L);
    base64_encode(out, bytes, len);
    if (!buf_ok(out))
        return luaL_error(L, "out of memory");
    lua_pushlstring(L, out->data ? out->data : "", out->len);
    return 1;
}

/* base64.decode(text) -> bytes | nil, message, code (strict: padding, no blanks) */
static int l_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct buf *out = bind_scratch(L);
    struct err err = {0};
    if (!base64_decode(out, text, len)) {
        err_set(&err, ERR_USAGE, "not valid base64");
        return bind_fail(L, &err);
    }
    lua_pushlstring(L, out->data ? out->data : "", out->len);
    return 1;
}

static const luaL_Reg functions[] = {
    {"encode", l_encode},
    {"decode", l_decode},
    {NULL, NULL},
};

int luaopen_orket_base64(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
