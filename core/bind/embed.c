/* embed.c: `orket.core.embed`: the files built into the binary. */
#include "bind/embed.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* embed.release(): the files weigh nothing until they are read again: pages of the program itself,
 * a megabyte, most of it bytecode that has been loaded. */
static int l_release(lua_State *L)
{
    (void)L;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)embed_files[0].start + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)embed_files[embed_count - 1].end & ~(page - 1);
    if (start < end)
        (void)madvise((void *)start, end - start, MADV_DONTNEED); // a mapped file: nothing is lost
    return 0;
}

static const luaL_Reg functions[] = {
    {"read", l_read},
    {"list", l_list},
    {"release", l_release},
    {NULL, NULL},
};

int luaopen_orket_embed(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
