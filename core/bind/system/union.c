/* union.c: roots that show layers and what lies over them: root:union, :rest, :wake; and what a
 * jail is given of a root as its tree. */
#include "io/union/union.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bind/process/proc.h"
#include "bind/system/root.h"
#include "io/fs/fs_list.h"

static struct root *to_root(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, ROOT_TYPE);
}

/* The descriptor of the root that a union lies beneath; -1 when that is closed. */
static int above_of(lua_State *L, int idx)
{
    lua_getiuservalue(L, idx, ROOT_ABOVE);
    int fd = bind_to_root(L, -1);
    lua_pop(L, 1);
    return fd;
}

static void rest(struct root *root)
{
    base_close_fd(&root->fd);
    root->fd = -1;
}

static int wake(lua_State *L, int idx, struct err *err)
{
    struct root *root = to_root(L, idx);
    if (root->fd >= 0 || !root->tree)
        return 0;
    int fd = union_mount(above_of(L, idx), &root->tree->spec, err);
    root->fd = fd < 0 ? -1 : fd;
    return fd < 0 ? fd : 0;
}

/* ---- making one ---- */

static const char *put_text(lua_State *L, int idx, const char *key, char **to)
{
    size_t len;
    lua_getfield(L, idx, key);
    const char *text = luaL_checklstring(L, -1, &len);
    luaL_argcheck(L, strlen(text) == len, idx, "a name has a NUL");
    char *at = memcpy(*to, text, len + 1);
    *to += len + 1;
    lua_pop(L, 1);
    return at;
}

static size_t room_for(lua_State *L, int idx)
{
    size_t room = sizeof(struct root_union);
    for (lua_Integer i = 1; i <= luaL_len(L, -1); i++) {
        lua_rawgeti(L, -1, i);
        room += strlen(luaL_checkstring(L, -1)) + 1;
        lua_pop(L, 1);
    }
    lua_getfield(L, idx, "home");
    lua_getfield(L, idx, "place");
    room += strlen(luaL_checkstring(L, -1)) + strlen(luaL_checkstring(L, -2)) + 2;
    lua_pop(L, 2);
    return room;
}

/* root:union{home=, below=, place=} -> root | nil, message, code
 * ERR_LIBRARY: the kernel does not do it for this user */
int root_l_union(lua_State *L)
{
    static const char *const known[] = {"home", "below", "place", NULL};
    struct err err = {0};
    lua_settop(L, 2);
    (void)to_root(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    bind_check_options(L, 2, known);
    luaL_argcheck(L, lua_getfield(L, 2, "below") == LUA_TTABLE, 2, "below is a list");
    lua_Integer count = luaL_len(L, 3);
    luaL_argcheck(L, count > 0 && count <= UNION_MAX, 2, "below has too many layers, or none");
    struct root *root = root_new(L, room_for(L, 2));
    root->tree = (struct root_union *)(root + 1);
    *root->tree = (struct root_union){.spec.below = root->tree->below};
    char *to = (char *)(root->tree + 1);
    root->tree->spec.home = put_text(L, 2, "home", &to);
    root->tree->place = put_text(L, 2, "place", &to);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 3, i);
        size_t len = strlen(luaL_checkstring(L, -1)) + 1;
        root->tree->below[i - 1] = memcpy(to, lua_tostring(L, -1), len);
        to += len;
        lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 4, ROOT_ABOVE);
    return wake(L, 4, &err) ? bind_fail(L, &err) : 1;
}

/* root:rest(): a union lets go of its mount, so that its changes may be written otherwise */
int root_l_rest(lua_State *L)
{
    struct root *root = to_root(L, 1);
    if (root->tree)
        rest(root);
    return 0;
}

/* root:wake() -> true | nil, message, code */
int root_l_wake(lua_State *L)
{
    struct err err = {0};
    if (wake(L, 1, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- the layers ---- */

/* root:census() -> how many files are below, when the last of them changed (nanoseconds, by the
 * clock of the kernel, which no program sets) | nil, message, code */
int root_l_census(lua_State *L)
{
    struct err err = {0};
    struct fs_target target;
    struct fs_entries entries = {0};
    uint64_t newest = 0;
    int rc = fs_resolve(bind_to_root(L, 1), ".", 1, FS_LIST, &target, &err);
    if (rc == 0) {
        rc = fs_walk_all(&target, FS_WALK_MAX, &entries, &err);
        fs_target_close(&target);
    }
    for (size_t i = 0; i < entries.count; i++)
        newest = entries.items[i].ctime > newest ? entries.items[i].ctime : newest;
    lua_pushinteger(L, (lua_Integer)entries.count);
    lua_pushinteger(L, (lua_Integer)newest);
    fs_entries_clear(&entries);
    return rc ? bind_fail(L, &err) : 2;
}

/* root:publish(from, to) -> true | nil, message, code: the directory `from` gets its name, with all
 * that is in it on the disk */
int root_l_publish(lua_State *L)
{
    struct err err = {0};
    const char *from = luaL_checkstring(L, 2), *to = luaL_checkstring(L, 3);
    if (fs_publish(bind_to_root(L, 1), from, to, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* ---- where it is ---- */

bool bind_root_path(lua_State *L, int idx, char *out)
{
    const struct root *root = to_root(L, idx);
    if (!root->tree)
        return fs_root_path(root->fd, out);
    if (!fs_root_path(above_of(L, idx), out))
        return false;
    size_t len = strlen(out);
    int n = snprintf(out + len, FS_PATH_MAX + 1 - len, "/%s", root->tree->place);
    errno = ENAMETOOLONG;
    return n > 0 && (size_t)n <= FS_PATH_MAX - len;
}

/* ---- as the tree of a jail ---- */

/* Pushes the list of proc_spec.layers. */
static const char *const *push_layers(lua_State *L, const struct root_union *tree,
                                      const char *above)
{
    size_t count = 0;
    while (tree->below[count])
        count++;
    const char **list = lua_newuserdatauv(L, (count + 2) * sizeof *list, 0);
    lua_newtable(L); // keeps the texts
    for (size_t i = 0; i <= count; i++) {
        list[i] = lua_pushfstring(L, "%s/%s", above, i ? tree->below[i - 1] : tree->place);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    list[count + 1] = NULL;
    return list;
}

/* The jail mounts the same layers: ours is let go of. */
static int give_union(lua_State *L, int idx, struct proc_spec *spec, struct err *err)
{
    char path[FS_PATH_MAX + 1];
    struct root *root = to_root(L, idx);
    int above = above_of(L, idx);
    rest(root);
    luaL_checkstack(L, 8, NULL);
    if (!fs_root_path(above, path))
        return err_os(err, errno, "the project's directory has no path");
    spec->layers = push_layers(L, root->tree, path);
    int rc = union_prepare(above, &root->tree->spec, err);
    if (rc)
        return rc;
    const char *home = root->tree->spec.home;
    spec->cwd = fs_root_beneath(above, home, strlen(home), NULL, err);
    return spec->cwd < 0 ? spec->cwd : 0;
}

int bind_give_tree(lua_State *L, int idx, struct proc_spec *spec, struct err *err)
{
    const struct root *root = to_root(L, idx);
    if (root->tree)
        return give_union(L, lua_absindex(L, idx), spec, err);
    spec->cwd = fcntl(root->fd, F_DUPFD_CLOEXEC, 4);
    return spec->cwd >= 0 ? 0 : err_os(err, errno, "the working directory of a process");
}
