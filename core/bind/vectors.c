/* vectors.c: `orket.core.vectors`: what embedders answer, kept, and held against each other. */
#include "io/vectors.h"

#include "bind/bind.h"
#include "model/embedding.h"

#define VECTORS_TYPE "orket.vectors"

static int vectors_gc(lua_State *L)
{
    struct vectors **self = luaL_checkudata(L, 1, VECTORS_TYPE);
    vectors_close(*self);
    *self = NULL;
    return 0;
}

static struct vectors *l_check(lua_State *L)
{
    struct vectors **self = luaL_checkudata(L, 1, VECTORS_TYPE);
    luaL_argcheck(L, *self, 1, "the vectors are closed");
    return *self;
}

/* The key of texts[i]; raises when it is no text. */
static struct vectors_key key_at(lua_State *L, int model, int texts, lua_Integer i)
{
    size_t model_len, len;
    if (lua_rawgeti(L, texts, i) != LUA_TSTRING)
        luaL_error(L, "text %I is none", i);
    const char *name = lua_tolstring(L, model, &model_len), *text = lua_tolstring(L, -1, &len);
    struct vectors_key key = vectors_key(name, model_len, text, len);
    lua_pop(L, 1);
    return key;
}

/* ---- replies ---- */

/* vectors.read(body, count) -> bytes, dims, tokens|nil | nil, message, code:
 * ERR_PROTOCOL, ERR_MEMORY */
static int l_read(lua_State *L)
{
    size_t len, dims;
    const char *body = luaL_checklstring(L, 1, &len);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, count > 0 && count <= 4096, 2, "1 to 4096");
    struct err err = {0};
    struct buf *out = bind_scratch(L);
    struct json_doc *doc = bind_tree(bind_of(L));
    if (json_parse(doc, body, len, NULL, &err)) {
        struct err wrong = {0};
        err_set(&wrong, err.code == ERR_MEMORY ? ERR_MEMORY : ERR_PROTOCOL,
                "the embedder's reply is not one: %s", err.text);
        return bind_fail(L, &wrong);
    }
    int rc = embedding_read(&doc->root, (size_t)count, out, &dims, &err);
    int64_t tokens = embedding_tokens(&doc->root);
    json_doc_reset(doc);
    if (rc)
        return bind_fail(L, &err);
    lua_pushlstring(L, out->data, out->len);
    lua_pushinteger(L, (lua_Integer)dims);
    if (tokens >= 0)
        lua_pushinteger(L, tokens);
    else
        lua_pushnil(L);
    buf_clear(out);
    return 3;
}

/* ---- what is kept ---- */

/* vectors.open(path) -> vectors | nil, message, code */
static int l_open(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    struct err err = {0};
    struct vectors **self = lua_newuserdatauv(L, sizeof *self, 0);
    *self = NULL;
    luaL_setmetatable(L, VECTORS_TYPE);
    if (vectors_open(self, path, &err))
        return bind_fail(L, &err);
    return 1;
}

/* vectors:near(model, texts, query) -> per text its cosine in parts of 10000, or false where there
 * is no vector of the query's length | nil, message, code */
static int l_near(lua_State *L)
{
    struct vectors *self = l_check(L);
    size_t len, dims;
    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    const char *query = luaL_checklstring(L, 4, &len);
    dims = len / sizeof(float);
    luaL_argcheck(L, dims > 0 && dims <= EMBEDDING_DIMS_MAX && len % sizeof(float) == 0, 4,
                  "no vector");
    float own[EMBEDDING_DIMS_MAX], other[EMBEDDING_DIMS_MAX];
    memcpy(own, query, len);
    struct err err = {0};
    lua_Integer count = luaL_len(L, 3);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        struct vectors_key key = key_at(L, 2, 3, i);
        int found = vectors_get(self, &key, other, COUNT_OF(other), &err);
        if (found < 0)
            return bind_fail(L, &err);
        if ((size_t)found == dims && embedding_is_unit(other, dims))
            lua_pushinteger(L, embedding_near(own, other, dims));
        else
            lua_pushboolean(L, false);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

/* vectors:missing(model, texts, dims|nil) -> the numbers of those that have no vector (of that
 * length) | nil, message, code */
static int l_missing(lua_State *L)
{
    struct vectors *self = l_check(L);
    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer wanted = luaL_optinteger(L, 4, 0), count = luaL_len(L, 3), n = 0;
    struct err err = {0};
    lua_newtable(L);
    for (lua_Integer i = 1; i <= count; i++) {
        struct vectors_key key = key_at(L, 2, 3, i);
        int found = vectors_dims(self, &key, &err);
        if (found < 0)
            return bind_fail(L, &err);
        if (found && (!wanted || found == wanted))
            continue;
        lua_pushinteger(L, i);
        lua_rawseti(L, -2, ++n);
    }
    return 1;
}

static int put_all(lua_State *L, struct vectors *self, const char *bytes, size_t dims,
                   struct err *err)
{
    float vector[EMBEDDING_DIMS_MAX];
    lua_Integer count = luaL_len(L, 3);
    int rc = 0;
    for (lua_Integer i = 1; !rc && i <= count; i++) {
        struct vectors_key key = key_at(L, 2, 3, i);
        memcpy(vector, bytes + (size_t)(i - 1) * dims * sizeof *vector, dims * sizeof *vector);
        rc = vectors_put(self, &key, lua_tostring(L, 2), vector, dims, err);
    }
    return rc;
}

/* vectors:put(model, texts, bytes) -> true | nil, message, code:
 * bytes are theirs, one after the other */
static int l_put(lua_State *L)
{
    struct vectors *self = l_check(L);
    size_t len;
    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    const char *bytes = luaL_checklstring(L, 4, &len);
    size_t count = (size_t)luaL_len(L, 3), dims = count ? len / count / sizeof(float) : 0;
    luaL_argcheck(L, dims && dims <= EMBEDDING_DIMS_MAX && len == count * dims * sizeof(float), 4,
                  "no vectors of them");
    for (size_t i = 1; i <= count; i++)
        (void)key_at(L, 2, 3, (lua_Integer)i); // raises before anything is begun
    struct err err = {0};
    int rc = vectors_begin(self, &err);
    if (!rc) {
        rc = put_all(L, self, bytes, dims, &err);
        rc = rc ? rc : vectors_end(self, &err);
    }
    if (rc) {
        vectors_abandon(self);
        return bind_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* vectors:drop(model, texts) -> true | nil, message, code */
static int l_drop(lua_State *L)
{
    struct vectors *self = l_check(L);
    struct err err = {0};
    luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Integer count = luaL_len(L, 3);
    for (lua_Integer i = 1; i <= count; i++) {
        struct vectors_key key = key_at(L, 2, 3, i);
        if (vectors_drop(self, &key, &err))
            return bind_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* vectors:keep(model) -> how many of other embedders went | nil, message, code */
static int l_keep(lua_State *L)
{
    struct vectors *self = l_check(L);
    struct err err = {0};
    int64_t dropped;
    if (vectors_keep(self, luaL_checkstring(L, 2), &dropped, &err))
        return bind_fail(L, &err);
    lua_pushinteger(L, dropped);
    return 1;
}

static const luaL_Reg methods[] = {
    {"near", l_near}, {"missing", l_missing}, {"put", l_put},        {"drop", l_drop},
    {"keep", l_keep}, {"close", vectors_gc},  {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"open", l_open},
    {"read", l_read},
    {NULL, NULL},
};

int luaopen_orket_vectors(lua_State *L)
{
    bind_type(L, VECTORS_TYPE, methods, vectors_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
