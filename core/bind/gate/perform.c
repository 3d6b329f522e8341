/* perform.c: what a permit does to files: each function works on the descriptors of one judged
 * target and pushes its result. Called by permit.c only. */
#include <string.h>

#include "bind/gate/gate.h"
#include "io/fs/fs_list.h"
#include "script/value.h"

#define LIST_MAX   1000               /* entries of one answer to a tool */
#define ATTACH_MAX ((size_t)10 << 20) /* bytes of a file that is shown as it is */

static void set_text(lua_State *L, const char *key, const char *text, size_t len)
{
    lua_pushlstring(L, text, len);
    lua_setfield(L, -2, key);
}

static void set_size(lua_State *L, const char *key, size_t size)
{
    lua_pushinteger(L, (lua_Integer)size);
    lua_setfield(L, -2, key);
}

size_t bind_bounded(const struct json *value, size_t max)
{
    int64_t wanted = json_int(value, (int64_t)max);
    return wanted < (int64_t)max ? (size_t)wanted : max;
}

/* Drops the part of a character that the end of a bounded read cut off. */
static void drop_cut_character(struct buf *bytes)
{
    size_t len = bytes->len;
    for (int i = 0; i < 3 && len > 0; i++) {
        unsigned char c = (unsigned char)bytes->data[--len];
        if ((c & 0xc0) == 0x80)
            continue;
        if (c >= 0xc0 && !utf8_valid(bytes->data + len, bytes->len - len))
            bytes->len = len;
        return;
    }
}

/* -> {content, bytes, more?} */
static int do_read(lua_State *L, const struct fs_target *target, const struct json *fields,
                   struct err *err)
{
    struct buf *bytes = bind_scratch(L);
    bool more = false;
    size_t offset = (size_t)json_int(json_get(fields, "offset"), 0);
    int rc = fs_read(target, offset, bind_bounded(json_get(fields, "limit"), FS_READ_MAX), bytes,
                     &more, err);
    if (rc)
        return rc;
    if (more)
        drop_cut_character(bytes);
    if (!utf8_valid(bytes->len ? bytes->data : "", bytes->len))
        return err_set(err, ERR_UTF8, "'%.200s' is not a text in UTF-8", target->path);
    lua_createtable(L, 0, 3);
    set_text(L, "content", bytes->len ? bytes->data : "", bytes->len);
    set_size(L, "bytes", bytes->len);
    if (more) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "more");
    }
    buf_clear(bytes);
    return 0;
}

/* -> {content}: its bytes, which the caller keeps from the tool */
static int do_attach(lua_State *L, const struct fs_target *target, const struct json *fields,
                     struct err *err)
{
    (void)fields;
    struct buf *bytes = bind_scratch(L);
    int rc = fs_read(target, 0, ATTACH_MAX, bytes, NULL, err);
    if (rc)
        return rc;
    lua_createtable(L, 0, 1);
    set_text(L, "content", bytes->len ? bytes->data : "", bytes->len);
    buf_clear(bytes);
    return 0;
}

/* -> {path, bytes} */
static int do_write(lua_State *L, const struct fs_target *target, const struct json *fields,
                    struct err *err)
{
    size_t len;
    const char *content = json_string(json_get(fields, "content"), &len);
    int rc = fs_write(target, content, len, err);
    if (rc)
        return rc;
    lua_createtable(L, 0, 2);
    set_text(L, "path", target->path, target->len);
    set_size(L, "bytes", len);
    return 0;
}

/* -> {path} */
static int do_delete(lua_State *L, const struct fs_target *target, const struct json *fields,
                     struct err *err)
{
    (void)fields;
    int rc = fs_delete(target, err);
    if (rc)
        return rc;
    lua_createtable(L, 0, 1);
    set_text(L, "path", target->path, target->len);
    return 0;
}

#define ENTRIES_TYPE "orket.gate.entries"

static int l_entries_gc(lua_State *L)
{
    fs_entries_clear(luaL_checkudata(L, 1, ENTRIES_TYPE));
    return 0;
}

/* -> {path, entries = {{name, type, size}...}, more?} */
static int do_list(lua_State *L, const struct fs_target *target, const struct json *fields,
                   struct err *err)
{
    struct fs_entries *entries = lua_newuserdatauv(L, sizeof *entries, 0);
    *entries = (struct fs_entries){0};
    luaL_setmetatable(L, ENTRIES_TYPE);
    int rc = fs_list(target, bind_bounded(json_get(fields, "limit"), LIST_MAX), entries, err);
    if (rc)
        return rc;
    lua_createtable(L, 0, 3);
    set_text(L, "path", target->path, target->len);
    lua_createtable(L, (int)entries->count, 0);
    value_array_mt(L);
    lua_setmetatable(L, -2);
    for (size_t i = 0; i < entries->count; i++) {
        const struct fs_entry *entry = &entries->items[i];
        lua_createtable(L, 0, 3);
        set_text(L, "name", entry->name, strlen(entry->name));
        set_text(L, "type", fs_type_name(entry->type), strlen(fs_type_name(entry->type)));
        set_size(L, "size", entry->size);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "entries");
    if (entries->more) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, "more");
    }
    fs_entries_clear(entries);
    return 0;
}

typedef int perform_fn(lua_State *L, const struct fs_target *target, const struct json *fields,
                       struct err *err);

static const struct {
    const char *kind;
    perform_fn *perform; /* pushes the result last */
} performers[] = {
    {"fs.read", do_read},     {"fs.attach", do_attach}, {"fs.write", do_write},
    {"fs.delete", do_delete}, {"fs.list", do_list},
};

int bind_perform(lua_State *L, const char *kind, const struct fs_target *target,
                 const struct json *fields, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(performers); i++)
        if (strcmp(performers[i].kind, kind) == 0)
            return performers[i].perform(L, target, fields, err);
    return err_set(err, ERR_BUG, "no code performs %s", kind);
}

void bind_open_perform(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, ENTRIES_TYPE, none, l_entries_gc);
}
