/* fs.c: `orket.core.fs`: roots for the engine (configuration, scripts, trees). Agents never meet
 * it: their operations go through permits (bind/gate/), which use io/fs/fs.h.
 *
 * Every method resolves its path beneath the root and works on what that answered. */
#include "io/fs/fs_list.h"
#include "io/fs/fs_sweep.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "base/hash.h"
#include "bind/system/root.h"

#define ENTRIES_TYPE "orket.fs.entries"

/* ---- check helpers ---- */

int bind_to_root(lua_State *L, int idx)
{
    const struct root *root = luaL_testudata(L, idx, ROOT_TYPE);
    return root ? root->fd : -1;
}

static int l_check_root(lua_State *L)
{
    const struct root *root = luaL_checkudata(L, 1, ROOT_TYPE);
    luaL_argcheck(L, root->fd >= 0, 1, "the root is closed, or rests");
    return root->fd;
}

static size_t l_check_max(lua_State *L, int idx)
{
    lua_Integer max = luaL_optinteger(L, idx, 0);
    luaL_argcheck(L, max >= 0 && (size_t)max <= FS_FILE_MAX, idx, "out of range");
    return (size_t)max;
}

static bool l_check_create(lua_State *L, int idx)
{
    static const char *const known[] = {"create", NULL};
    if (lua_isnoneornil(L, idx))
        return false;
    bind_check_options(L, idx, known);
    lua_getfield(L, idx, "create");
    bool create = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return create;
}

struct root *root_new(lua_State *L, size_t room)
{
    struct root *root = lua_newuserdatauv(L, sizeof *root + room, 1);
    *root = (struct root){.fd = -1};
    luaL_setmetatable(L, ROOT_TYPE);
    return root;
}

/* A fs call's result: the value at the top, or nil, message, code. */
static int answer(lua_State *L, int rc, const struct err *err)
{
    return rc < 0 ? bind_fail(L, err) : 1;
}

/* Resolves the path at index 2 for a want. */
static int resolve(lua_State *L, enum fs_want want, struct fs_target *target, struct err *err)
{
    size_t len;
    int root = l_check_root(L);
    const char *path = luaL_checklstring(L, 2, &len);
    return fs_resolve(root, path, len, want, target, err);
}

/* ---- files ---- */

/* root:read(path[, max]) -> bytes | nil, message, code */
static int l_root_read(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    size_t max = l_check_max(L, 3);
    struct buf *bytes = bind_scratch(L);
    int rc = resolve(L, FS_READ, &target, &err);
    if (rc == 0) {
        rc = fs_read(&target, 0, max, bytes, NULL, &err);
        fs_target_close(&target);
    }
    if (rc == 0)
        lua_pushlstring(L, bytes->len ? bytes->data : "", bytes->len);
    buf_clear(bytes);
    return answer(L, rc, &err);
}

/* root:write(path, bytes) -> true | nil, message, code */
static int l_root_write(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    size_t len;
    const char *bytes = luaL_checklstring(L, 3, &len);
    int rc = resolve(L, FS_PUT, &target, &err);
    if (rc == 0) {
        FAULT(publish_before);
        rc = fs_write(&target, bytes, len, &err);
        FAULT(publish_after);
        fs_target_close(&target);
    }
    lua_pushboolean(L, true);
    return answer(L, rc, &err);
}

/* root:add(path, bytes) -> true | nil, message, code */
static int l_root_add(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    size_t len;
    const char *bytes = luaL_checklstring(L, 3, &len);
    int rc = resolve(L, FS_PUT, &target, &err);
    if (rc == 0) {
        rc = fs_add(&target, bytes, len, &err);
        fs_target_close(&target);
    }
    lua_pushboolean(L, true);
    return answer(L, rc, &err);
}

/* root:hash(path) -> hash | nil, message, code */
static int l_root_hash(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    struct buf *bytes = bind_scratch(L);
    int rc = resolve(L, FS_READ, &target, &err);
    if (rc == 0) {
        rc = fs_read(&target, 0, FS_FILE_MAX, bytes, NULL, &err);
        fs_target_close(&target);
    }
    char hex[HASH_HEX + 1];
    struct hash hash = hash_of(bytes->len ? bytes->data : "", bytes->len);
    buf_clear(bytes);
    hash_hex(&hash, hex);
    lua_pushlstring(L, hex, HASH_HEX);
    return answer(L, rc, &err);
}

/* What needs nothing but the path: true | nil, message, code */
static int on_target(lua_State *L, enum fs_want want,
                     int (*perform)(const struct fs_target *target, struct err *err))
{
    struct fs_target target;
    struct err err = {0};
    int rc = resolve(L, want, &target, &err);
    if (rc == 0) {
        rc = perform(&target, &err);
        fs_target_close(&target);
    }
    lua_pushboolean(L, true);
    return answer(L, rc, &err);
}

/* root:delete(path) */
static int l_root_delete(lua_State *L)
{
    return on_target(L, FS_DELETE, fs_delete);
}

/* root:hide(path): a whiteout */
static int l_root_hide(lua_State *L)
{
    return on_target(L, FS_MKDIR, fs_hide);
}

/* root:show(path): the directory hides nothing any more */
static int l_root_show(lua_State *L)
{
    return on_target(L, FS_LIST, fs_show);
}

static int remove_target(const struct fs_target *target, struct err *err)
{
    return fs_remove(target->dir, target->path + target->rest, err);
}

/* root:remove(path): whatever it is, with all beneath it */
static int l_root_remove(lua_State *L)
{
    return on_target(L, FS_DELETE, remove_target);
}

/* root:make_executable(path) */
static int l_root_make_executable(lua_State *L)
{
    return on_target(L, FS_READ, fs_make_executable);
}

/* root:link(path, to) -> true | nil, message, code */
static int l_root_link(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    const char *to = luaL_checkstring(L, 3);
    int rc = resolve(L, FS_MKDIR, &target, &err);
    if (rc == 0) {
        rc = fs_link(&target, to, &err);
        fs_target_close(&target);
    }
    lua_pushboolean(L, true);
    return answer(L, rc, &err);
}

/* root:mkdir(path) -> true | nil, message, code */
static int l_root_mkdir(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    int rc = resolve(L, FS_MKDIR, &target, &err);
    if (rc == 0) {
        rc = fs_mkdir(&target, NULL, &err);
        fs_target_close(&target);
    }
    lua_pushboolean(L, true);
    return answer(L, rc, &err);
}

/* root:kind(path) -> "file" | "directory" | nil, message, code   (really opened for reading) */
static int l_root_kind(lua_State *L)
{
    struct fs_target target;
    struct err err = {0};
    const char *kind = "file";
    int rc = resolve(L, FS_READ, &target, &err);
    if (rc == ERR_NOT_FILE || rc == ERR_NOT_DIR) {
        struct err other = {0};
        kind = "directory";
        int opened = resolve(L, FS_LIST, &target, &other);
        if (err_is_environment(opened))
            err = other;
        rc = opened == 0 || err_is_environment(opened) ? opened : rc;
    }
    if (rc == 0)
        fs_target_close(&target);
    lua_pushstring(L, kind);
    return answer(L, rc, &err);
}

/* ---- lists ---- */

static int l_entries_gc(lua_State *L)
{
    fs_entries_clear(luaL_checkudata(L, 1, ENTRIES_TYPE));
    return 0;
}

static void push_entry(lua_State *L, const struct fs_entry *entry)
{
    lua_createtable(L, 0, 6);
    lua_pushstring(L, entry->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, fs_type_name(entry->type));
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, (lua_Integer)entry->size);
    lua_setfield(L, -2, "size");
    lua_pushinteger(L, (lua_Integer)entry->mtime);
    lua_setfield(L, -2, "mtime");
    lua_pushinteger(L, (lua_Integer)entry->inode);
    lua_setfield(L, -2, "inode");
    lua_pushboolean(L, (entry->mode & 0111) != 0);
    lua_setfield(L, -2, "executable");
}

typedef int list_fn(const struct fs_target *target, size_t max, struct fs_entries *out,
                    struct err *err);

static int list(lua_State *L, list_fn *look)
{
    struct fs_target target;
    struct err err = {0};
    size_t max = l_check_max(L, 3);
    struct fs_entries *entries = lua_newuserdatauv(L, sizeof *entries, 0);
    *entries = (struct fs_entries){0};
    luaL_setmetatable(L, ENTRIES_TYPE);
    int rc = resolve(L, FS_LIST, &target, &err);
    if (rc == 0) {
        rc = look(&target, max, entries, &err);
        fs_target_close(&target);
    }
    if (rc)
        return bind_fail(L, &err);
    lua_createtable(L, (int)entries->count, 0);
    for (size_t i = 0; i < entries->count; i++) {
        push_entry(L, &entries->items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushboolean(L, entries->more);
    fs_entries_clear(entries);
    return 2;
}

/* root:list(path[, max]) -> entries sorted by name, more | nil, message, code */
static int l_root_list(lua_State *L)
{
    return list(L, fs_list);
}

/* root:walk([path[, max]]) -> all below but directories, sorted by path, more; removes what a write
 * that was killed half-way left behind
 *   | nil, message, code */
static int l_root_walk(lua_State *L)
{
    lua_settop(L, 3);
    if (lua_isnil(L, 2)) {
        lua_pushliteral(L, ".");
        lua_replace(L, 2);
    }
    return list(L, fs_walk_all);
}

/* root:changes() -> as walk, of the changes of a union, with "whiteout" for what they hide, and
 * "directory", before what is in it, where they show nothing of what lies below */
static int l_root_changes(lua_State *L)
{
    lua_settop(L, 1);
    lua_pushliteral(L, ".");
    lua_pushinteger(L, FS_WALK_MAX);
    return list(L, fs_walk_changes);
}

/* root:sweep([changes]) -> what was removed (at most 100 places), how many | nil, message, code
 * After a program worked in it: leaves files and directories with names, nothing else; of the
 * changes of a union the whiteouts, too. */
static int l_root_sweep(lua_State *L)
{
    struct err err = {0};
    size_t count = 0;
    int root = l_check_root(L);
    struct buf *removed = bind_scratch(L);
    bool changes = lua_toboolean(L, 2);
    if ((changes ? fs_sweep_changes : fs_sweep)(root, removed, &count, &err))
        return bind_fail(L, &err);
    lua_newtable(L);
    const char *at = removed->data, *end = at + removed->len;
    for (lua_Integer i = 1; at < end; i++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        lua_pushlstring(L, at, (size_t)(stop - at));
        lua_rawseti(L, -2, i);
        at = stop + 1;
    }
    lua_pushinteger(L, (lua_Integer)count);
    return 2;
}

/* ---- roots ---- */

/* root:beneath(path[, {create=true}]) -> root, made | nil, message, code */
static int l_root_beneath(lua_State *L)
{
    struct err err = {0};
    size_t len;
    int root = l_check_root(L);
    const char *path = luaL_checklstring(L, 2, &len);
    bool made = false, create = l_check_create(L, 3);
    struct root *below = root_new(L, 0);
    int rc = fs_root_beneath(root, path, len, create ? &made : NULL, &err);
    below->fd = rc >= 0 ? rc : -1;
    if (rc < 0)
        return bind_fail(L, &err);
    lua_pushboolean(L, made);
    return 2;
}

/* fs.root(path[, {create=true}]) -> root | nil, message, code   (path is trusted) */
static int l_root(lua_State *L)
{
    struct err err = {0};
    size_t len;
    const char *path = luaL_checklstring(L, 1, &len);
    bool create = l_check_create(L, 2);
    struct root *root = root_new(L, 0);
    int rc = strlen(path) == len ? fs_root_open(path, create, &err)
                                 : err_set(&err, ERR_PATH, "the path has a NUL");
    root->fd = rc >= 0 ? rc : -1;
    return answer(L, rc, &err);
}

/* root:path() -> absolute path, for programs and people | nil, message, code */
static int l_root_path(lua_State *L)
{
    char path[FS_PATH_MAX + 1];
    struct err err = {0};
    (void)l_check_root(L);
    if (bind_root_path(L, 1, path))
        lua_pushstring(L, path);
    else
        err_os(&err, errno, "the directory has no path");
    return answer(L, err.code, &err);
}

/* root:owner() -> whether it belongs to this user, device | nil, message, code */
static int l_root_owner(lua_State *L)
{
    struct err err = {0};
    struct stat st;
    if (fstat(l_check_root(L), &st)) {
        err_os(&err, errno, "the directory cannot be looked at");
        return bind_fail(L, &err);
    }
    lua_pushboolean(L, st.st_uid == geteuid());
    lua_pushinteger(L, (lua_Integer)st.st_dev);
    return 2;
}

static int l_root_close(lua_State *L)
{
    struct root *root = luaL_checkudata(L, 1, ROOT_TYPE);
    base_close_fd(&root->fd);
    root->fd = -1;
    return 0;
}

static const luaL_Reg methods[] = {
    {"read", l_root_read},   {"write", l_root_write},     {"add", l_root_add},
    {"hash", l_root_hash},   {"list", l_root_list},       {"walk", l_root_walk},
    {"sweep", l_root_sweep}, {"delete", l_root_delete},   {"mkdir", l_root_mkdir},
    {"kind", l_root_kind},   {"beneath", l_root_beneath}, {"path", l_root_path},
    {"owner", l_root_owner}, {"close", l_root_close},     {"hide", l_root_hide},
    {"show", l_root_show},   {"link", l_root_link},
    {"union", root_l_union}, {"rest", root_l_rest},       {"wake", root_l_wake},
    {"census", root_l_census},   {"publish", root_l_publish}, {"remove", l_root_remove},
    {"changes", l_root_changes}, {"make_executable", l_root_make_executable}, {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"root", l_root},
    {NULL, NULL},
};

int luaopen_orket_fs(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, ROOT_TYPE, methods, l_root_close);
    bind_type(L, ENTRIES_TYPE, none, l_entries_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
