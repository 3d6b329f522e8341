/* cjson.c: JSON inside a box, with lua-cjson's names over our codec. Errors raise. */
#include "script/box.h"
#include "script/lib/lib.h"
#include "script/value.h"

int lib_cjson_encode(lua_State *L)
{
    return box_encode(L);
}

int lib_cjson_decode(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct err err = {0};
    meter_spend(L, len / 8);
    int rc = value_decode(L, text, len, &box_value_limits, &err);
    if (rc == ERR_MEMORY)
        meter_fail(L, rc);
    if (rc)
        return luaL_error(L, "cannot decode: %s", err.text);
    return 1;
}
