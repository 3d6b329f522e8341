/* compile.c: a program of the build: trusted Lua as bytecode, with its lines, so that no command
 * parses it again. `compile DIR FILE…` writes DIR/FILE with the ending .luac. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static int write_piece(lua_State *L, const void *bytes, size_t size, void *file)
{
    (void)L;
    return fwrite(bytes, 1, size, file) == size ? 0 : 1;
}

static int compile(lua_State *L, const char *dir, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%sc", dir, name);
    if (luaL_loadfilex(L, name, "t") != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(L, -1));
        return 1;
    }
    FILE *file = fopen(path, "wb");
    int rc = file ? lua_dump(L, write_piece, file, 0) : 1;
    if (file)
        rc |= fclose(file);
    if (rc)
        perror(path);
    lua_settop(L, 0);
    return rc;
}

int main(int argc, char **argv)
{
    lua_State *L = luaL_newstate();
    int rc = L && argc > 2 ? 0 : 1;
    for (int i = 2; i < argc && rc == 0; i++)
        rc = compile(L, argv[1], argv[i]);
    if (L)
        lua_close(L);
    return rc;
}
