/* hidden.c: what is kept from the programs of all jails of this process, and the search for other
 * ways to it: proc.hide and proc.visible of `orket.core.proc`. */
#include <string.h>
#include <sys/stat.h>

#include "bind/process/proc.h"
#include "io/process/visible.h"

/* The absolute path at idx of the stack. */
static const char *l_path(lua_State *L, int idx)
{
    size_t len;
    const char *path = luaL_checklstring(L, idx, &len);
    if (path[0] != '/' || strlen(path) != len)
        luaL_error(L, "a path to hide or to show is absolute, without NUL");
    return path;
}

/* Pushes a NULL-terminated list of the paths of the table at idx, which it copies. */
static const char **l_paths(lua_State *L, int idx)
{
    size_t count = (size_t)luaL_len(L, idx), bytes = 0;
    for (size_t i = 1; i <= count; i++, lua_pop(L, 1)) {
        lua_rawgeti(L, idx, (lua_Integer)i);
        bytes += strlen(l_path(L, -1)) + 1;
    }
    const char **list = lua_newuserdatauv(L, (count + 1) * sizeof *list + bytes, 0);
    char *text = (char *)(list + count + 1);
    for (size_t i = 0; i < count; i++, lua_pop(L, 1)) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        list[i] = strcpy(text, lua_tostring(L, -1));
        text += strlen(text) + 1;
    }
    list[count] = NULL;
    return list;
}

/* proc.hide(paths): the list for every jail that is started from now on,
 * in place of the one before */
int proc_l_hide(lua_State *L)
{
    struct bind *bind = bind_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    l_paths(L, 1);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    luaL_unref(L, LUA_REGISTRYINDEX, bind->hidden ? bind->hidden : LUA_NOREF);
    bind->hidden = ref;
    return 0;
}

const char *const *proc_push_hidden(lua_State *L, const struct bind *bind)
{
    if (bind->hidden)
        lua_rawgeti(L, LUA_REGISTRYINDEX, bind->hidden);
    else
        lua_pushnil(L);
    return lua_touserdata(L, -1);
}

/* Each place and what it is seen through, as texts that end with NUL. */
static void on_place(void *ctx, const char *place, const char *through)
{
    buf_put(ctx, place, strlen(place) + 1);
    buf_put(ctx, through, strlen(through) + 1);
}

static void push_places(lua_State *L, const struct buf *places)
{
    lua_newtable(L);
    for (size_t at = 0; at < places->len;) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, places->data + at);
        at += strlen(places->data + at) + 1;
        lua_setfield(L, -2, "place");
        lua_pushstring(L, places->data + at);
        at += strlen(places->data + at) + 1;
        lua_setfield(L, -2, "through");
        lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    }
}

/* proc.real(path) -> the absolute path without links, also of what does not exist yet; its number
 * of hard links, 0 when it does not exist | nil, message, code */
int proc_l_real(lua_State *L)
{
    char real[PATH_MAX];
    struct err err = {0};
    if (visible_real(luaL_checkstring(L, 1), real, &err))
        return bind_fail(L, &err);
    struct stat st;
    lua_pushstring(L, real);
    lua_pushinteger(L, stat(real, &st) == 0 ? (lua_Integer)st.st_nlink : 0);
    return 2;
}

/* proc.visible(path, more) -> list of {place=, through=} | nil, message, code: where a real path is
 * seen in a jail that shows `more` (real paths) besides the system's directories */
int proc_l_visible(lua_State *L)
{
    struct err err = {0};
    const char *path = l_path(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    const char **more = l_paths(L, 2);
    struct buf *places = bind_text(bind_of(L));
    int rc = visible_find(path, more, on_place, places, &err);
    if (rc == 0 && !buf_ok(places))
        rc = err_set(&err, ERR_MEMORY, "no memory for the places of a file");
    if (rc)
        return bind_fail(L, &err);
    push_places(L, places);
    return 1;
}
