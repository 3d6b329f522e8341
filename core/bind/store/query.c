/* query.c: the reading methods of `orket.core.store`: queries, blobs, conversations, heads. */
#include <string.h>

#include "bind/store/store.h"
#include "io/store_read.h"
#include "script/value.h"

#define QUERY_TYPE "orket.query"

/* ---- queries ---- */

/* A running query, ended by its to-be-closed guard whatever is raised. Uservalue 1: its store.
 * Without memory Lua cannot call the guard: then its finalizer does it, which may come after the
 * store was closed, and its query with it. */
struct l_query {
    struct store_query *query;
};

static bool is_store_open(lua_State *L, int guard)
{
    lua_getiuservalue(L, guard, 1);
    const struct l_store *store = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return store && store->store;
}

static int l_query_end(lua_State *L)
{
    struct l_query *self = luaL_checkudata(L, 1, QUERY_TYPE);
    if (self->query && is_store_open(L, 1))
        store_query_end(self->query);
    self->query = NULL;
    return 0;
}

static bool set_param(lua_State *L, struct store_query *query, const char *name, int value)
{
    size_t len;
    const char *text;
    switch (lua_type(L, value)) {
    case LUA_TBOOLEAN:
        return store_set_int(query, name, lua_toboolean(L, value));
    case LUA_TNUMBER:
        if (lua_isinteger(L, value))
            return store_set_int(query, name, lua_tointeger(L, value));
        return store_set_real(query, name, lua_tonumber(L, value));
    case LUA_TSTRING:
        text = lua_tolstring(L, value, &len);
        return store_set_text(query, name, text, len);
    case LUA_TLIGHTUSERDATA:
        return true; // cjson.null
    default:
        return luaL_error(L, "parameter '%s': a %s", name, luaL_typename(L, value)) != 0;
    }
}

/* (store, name, params): starts the query with a guard at the top of the stack */
static struct store_query *start_query(lua_State *L, struct err *err)
{
    struct store *store = bind_check_store(L, 1);
    const char *name = luaL_checkstring(L, 2);
    lua_settop(L, 3);
    if (!lua_isnil(L, 3))
        luaL_checktype(L, 3, LUA_TTABLE);
    struct l_query *guard = lua_newuserdatauv(L, sizeof *guard, 1);
    guard->query = NULL;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, QUERY_TYPE);
    int rc = store_query(store, name, &guard->query, err);
    if (rc == ERR_NOT_FOUND)
        luaL_error(L, "%s", err->text);
    if (rc)
        return NULL;
    lua_toclose(L, 4);
    for (lua_pushnil(L); !lua_isnil(L, 3) && lua_next(L, 3); lua_pop(L, 1)) {
        if (lua_type(L, 5) != LUA_TSTRING || !set_param(L, guard->query, lua_tostring(L, 5), 6))
            luaL_error(L, "the query '%s' has no parameter '%s'", name, luaL_tolstring(L, 5, NULL));
    }
    lua_settop(L, 4);
    return guard->query;
}

/* A body that cannot be decoded: without memory that says nothing of the row. */
static int raise_undecoded(lua_State *L, int rc, const char *column)
{
    struct err err = {0};
    if (rc == ERR_MEMORY) {
        err_set(&err, rc, "%s", err_text(rc));
        return bind_raise(L, &err);
    }
    err_set(&err, ERR_STORE_CORRUPT, "a row of the database is damaged: its %s is no JSON", column);
    err_fix(&err, "run `orket check` and restore .orket/ from a backup");
    return bind_raise(L, &err);
}

/* The columns of a query: their names lie on the stack; "x:json" is named x, and decoded. */
struct columns {
    int count, names;
    uint64_t json; /* a bit for each that is */
};

static void push_column(lua_State *L, struct store_query *query, int column, bool is_json)
{
    struct store_value value = store_column(query, column);
    int rc;
    switch (value.type) {
    case STORE_NULL:
        lua_pushnil(L);
        break;
    case STORE_INT:
        lua_pushinteger(L, value.integer);
        break;
    case STORE_REAL:
        lua_pushnumber(L, value.real);
        break;
    case STORE_TEXT:
        if (!is_json)
            lua_pushlstring(L, value.text, value.len);
        else if ((rc = value_decode(L, value.text, value.len, NULL, NULL)))
            raise_undecoded(L, rc, store_column_name(query, column));
    }
}

/* Once for all rows. */
static struct columns push_names(lua_State *L, struct store_query *query)
{
    struct columns columns = {.count = store_columns(query), .names = lua_gettop(L) + 1};
    require(columns.count <= 64);
    luaL_checkstack(L, columns.count + LUA_MINSTACK, NULL);
    for (int i = 0; i < columns.count; i++) {
        const char *name = store_column_name(query, i);
        size_t len = strcspn(name, ":");
        columns.json |= (uint64_t)(name[len] == ':') << i;
        lua_pushlstring(L, name, len);
    }
    return columns;
}

static void push_row(lua_State *L, struct store_query *query, const struct columns *columns)
{
    lua_createtable(L, 0, columns->count);
    for (int i = 0; i < columns->count; i++) {
        lua_pushvalue(L, columns->names + i);
        push_column(L, query, i, columns->json >> i & 1);
        lua_rawset(L, -3);
    }
}

/* store:read(name[, params]) -> array of rows; raises {code, class, message, fix} when the database
 * cannot be read */
int store_l_read(lua_State *L)
{
    struct err err = {0};
    struct store_query *query = start_query(L, &err);
    if (!query)
        return bind_raise(L, &err);
    lua_newtable(L);
    int rc;
    struct columns columns = push_names(L, query);
    for (lua_Integer i = 1; (rc = store_step(query, &err)) > 0; i++) {
        push_row(L, query, &columns);
        lua_rawseti(L, 5, i);
    }
    lua_closeslot(L, 4);
    lua_settop(L, 5);
    return rc < 0 ? bind_raise(L, &err) : 1;
}

/* store:read_doc(name[, params]) -> doc | nil, message, code (ERR_NOT_FOUND: no row) */
int store_l_read_doc(lua_State *L)
{
    struct err err = {0};
    struct store_query *query = start_query(L, &err);
    if (!query)
        return bind_raise(L, &err);
    struct json_doc *doc = bind_new_doc(L);
    int rc = store_step(query, &err);
    if (rc > 0) {
        struct store_value text = store_column(query, 0);
        rc = text.type == STORE_TEXT ? json_parse(doc, text.text, text.len, NULL, NULL) : ERR_JSON;
        if (rc)
            return raise_undecoded(L, rc, lua_tostring(L, 2));
    } else if (rc == 0) {
        rc = err_set(&err, ERR_NOT_FOUND, "%s: nothing found", lua_tostring(L, 2));
    }
    lua_closeslot(L, 4);
    err.code = rc;
    if (rc >= 0)
        return 1;
    return rc == ERR_NOT_FOUND ? bind_fail(L, &err) : bind_raise(L, &err);
}

static int push_bytes(lua_State *L, int (*get)(struct store *store, const struct hash *hash,
                                               struct buf *out, struct err *err))
{
    struct store *store = bind_check_store(L, 1);
    struct hash hash = store_check_hash(L, 2);
    struct buf *bytes = bind_scratch(L);
    struct err err = {0};
    int rc = get(store, &hash, bytes, &err);
    if (rc)
        return rc == ERR_STORE_CORRUPT || !err_is_environment(rc) ? bind_fail(L, &err)
                                                                 : bind_raise(L, &err);
    lua_pushlstring(L, bytes->data ? bytes->data : "", bytes->len);
    buf_clear(bytes);
    return 1;
}

/* store:blob(hex) -> bytes | nil, message, code: it is not there, or damaged; raises when the
 * environment failed, which says nothing of it */
int store_l_blob(lua_State *L)
{
    return push_bytes(L, store_get_blob);
}

/* store:message(hex) -> bytes of the conversation's last message | nil, message, code */
int store_l_message(lua_State *L)
{
    return push_bytes(L, store_get_message);
}

/* Lengths and bytes of messages, kept in C while Lua may not raise. */
static int keep_message(void *ctx, const void *bytes, size_t len)
{
    struct buf *out = ctx;
    buf_put(out, &len, sizeof len);
    buf_put(out, bytes, len);
    return buf_ok(out) ? 0 : ERR_MEMORY;
}

/* store:conversation(hex) -> array of messages' bytes, the first one first | nil, message, code */
int store_l_conversation(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    struct hash hash = store_check_hash(L, 2);
    struct buf *all = bind_scratch(L);
    struct err err = {0};
    int rc = store_conversation(store, &hash, keep_message, all, &err);
    if (rc) {
        err.code = rc;
        return bind_fail(L, &err);
    }
    lua_newtable(L);
    size_t len;
    lua_Integer i = 1;
    for (size_t at = 0; at < all->len; at += len, i++) {
        memcpy(&len, all->data + at, sizeof len);
        at += sizeof len;
        lua_pushlstring(L, all->data + at, len);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* store:head(run) -> hex | nil, message, code: the hash over the heads of its streams */
int store_l_head(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    struct hash hash;
    struct err err = {0};
    if (store_head(store, luaL_checkstring(L, 2), &hash, &err))
        return bind_fail(L, &err);
    char hex[HASH_HEX + 1];
    hash_hex(&hash, hex);
    lua_pushlstring(L, hex, HASH_HEX);
    return 1;
}

/* store:proved(run) -> true | nil, message, code: whether it is what was signed when it ended */
int store_l_proved(lua_State *L)
{
    struct store *store = bind_check_store(L, 1);
    struct err err = {0};
    if (store_proved(store, luaL_checkstring(L, 2), &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

void store_query_types(lua_State *L)
{
    bind_type(L, QUERY_TYPE, (luaL_Reg[]){{NULL, NULL}}, l_query_end);
}
