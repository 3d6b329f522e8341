/* hash.c: `orket.core.hash`: BLAKE2b-256 in hexadecimal, and the names that git gives. */
#include "base/hash.h"

#include "base/git_id.h"
#include "bind/bind.h"

static int push_hex(lua_State *L, const struct hash *hash)
{
    char hex[HASH_HEX + 1];
    hash_hex(hash, hex);
    lua_pushlstring(L, hex, HASH_HEX);
    return 1;
}

/* hash.of(bytes) -> hex */
static int l_of(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    struct hash hash = hash_of(bytes, len);
    return push_hex(L, &hash);
}

/* hash.parts{bytes, ...} -> hex; the borders between the parts count */
static int l_parts(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_rawlen(L, 1);
    luaL_argcheck(L, count < 100000, 1, "too many parts");
    luaL_checkstack(L, (int)count + 4, "too many parts");
    struct hash_part *parts = lua_newuserdatauv(L, (count + 1) * sizeof *parts, 0);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1); // stays on the stack: the bytes are borrowed
        parts[i].bytes = luaL_checklstring(L, -1, &parts[i].len);
    }
    struct hash hash = hash_parts(parts, count);
    return push_hex(L, &hash);
}

/* hash.raw(hex) -> its bytes | nil */
static int l_raw(lua_State *L)
{
    size_t len;
    const char *hex = luaL_checklstring(L, 1, &len);
    struct hash hash;
    if (hash_from_hex(hex, len, &hash))
        lua_pushlstring(L, (const char *)hash.bytes, HASH_SIZE);
    else
        lua_pushnil(L);
    return 1;
}

/* hash.git_blob(bytes) -> hex */
static int l_git_blob(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    char hex[GIT_ID_HEX + 1];
    git_id_of(bytes, len, hex);
    lua_pushlstring(L, hex, GIT_ID_HEX);
    return 1;
}

static const luaL_Reg functions[] = {
    {"git_blob", l_git_blob},
    {"of", l_of},
    {"parts", l_parts},
    {"raw", l_raw},
    {NULL, NULL},
};

int luaopen_orket_hash(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
