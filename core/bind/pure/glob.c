/* glob.c: `orket.core.glob`: patterns over canonical names (model/glob.h). */
#include "model/glob.h"

#include "bind/bind.h"

/* glob.match(pattern, name) -> boolean | nil, message, code, fix (ERR_CONFIG: no pattern) */
static int l_match(lua_State *L)
{
    size_t pattern_len, len;
    const char *pattern = luaL_checklstring(L, 1, &pattern_len);
    const char *name = luaL_checklstring(L, 2, &len);
    struct glob glob;
    struct err err = {0};
    if (glob_init(&glob, pattern, pattern_len, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, glob_may_match(&glob, name, len) && glob_match(&glob, name, len));
    return 1;
}

static const luaL_Reg functions[] = {
    {"match", l_match},
    {NULL, NULL},
};

int luaopen_orket_glob(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
