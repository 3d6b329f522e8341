/* shape.c: the shape of a provider's replies (model/reply/shape.h) as userdata of
 * `orket.core.llm`. */
#include "bind/llm/llm.h"
#include "script/value.h"

static int shape_gc(lua_State *L)
{
    shape_clear(luaL_checkudata(L, 1, LLM_SHAPE_TYPE));
    return 0;
}

int llm_l_shape(lua_State *L)
{
    struct err err = {0};
    struct json spec;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct json_doc *doc = bind_new_doc(L);
    struct shape *shape = lua_newuserdatauv(L, sizeof *shape, 0);
    *shape = (struct shape){0};
    luaL_setmetatable(L, LLM_SHAPE_TYPE);
    if (value_read(L, 1, doc, NULL, &spec, &err) || shape_init(shape, &spec, &err))
        return bind_fail(L, &err);
    return 1;
}

void llm_shape_type(lua_State *L)
{
    static const luaL_Reg no_methods[] = {{NULL, NULL}};
    bind_type(L, LLM_SHAPE_TYPE, no_methods, shape_gc);
}
