/* embed.c: `orket.core.embed`: the files built into the binary. */
#include "bind/embed.h"

#include <string.h>

#include "bind/bind.h"

/* embed.read(name) -> text | nil */
static int l_read(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    for (size_t i = 0; i < embed_count; i++) {
        const struct embed_file *file = &embed_files[i];
        if (strcmp(file->name, name) == 0) {
            lua_pushlstring(L, file->start, (size_t)(file->end - file->start));
            return 1;
        }
    }
    return 0;
}

/* embed.list(prefix) -> sorted array of names that begin with it */
static int l_list(lua_State *L)
{
    size_t len;
    const char *prefix = luaL_checklstring(L, 1, &len);
    lua_newtable(L);
    for (size_t i = 0; i < embed_count; i++) {
        if (strncmp(embed_files[i].name, prefix, len) == 0) {
            lua_pushstring(L, embed_files[i].name);
            lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
        }
    }
    return 1;
}

static const luaL_Reg functions[] = {
    {"read", l_read},
    {"list", l_list},
    {NULL, NULL},
};

int luaopen_orket_embed(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
