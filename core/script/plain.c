/* plain.c: the walk behind plain.h. Raw reads only; bounded by depth and by the count of values. */
#include "script/plain.h"

#include <math.h>
#include <string.h>

#include "script/value.h"

enum { DEPTH = 48, VALUES = 100000 };

struct plain {
    lua_State *L;
    const struct json_sink *sink;
    void *ctx;
    unsigned depth;
    lua_Integer values;
};

static int add_type(struct plain *p, int type)
{
    const char *name = type == LUA_TLIGHTUSERDATA ? "userdata" : lua_typename(p->L, type);
    size_t fault;
    int rc = p->sink->begin_object(p->ctx, 0);
    if (!rc)
        rc = p->sink->key(p->ctx, "type", 4, 0);
    if (!rc)
        rc = p->sink->string(p->ctx, name, strlen(name), 0);
    return rc ? rc : p->sink->end_object(p->ctx, &fault);
}

static int add_string(struct plain *p)
{
    size_t len;
    const char *text = lua_tolstring(p->L, -1, &len);
    return utf8_valid(text, len) ? p->sink->string(p->ctx, text, len, 0) : add_type(p, LUA_TSTRING);
}

static int add_number(struct plain *p)
{
    double real = lua_tonumber(p->L, -1);
    if (lua_isinteger(p->L, -1))
        return p->sink->integer(p->ctx, lua_tointeger(p->L, -1), 0);
    return isfinite(real) ? p->sink->real(p->ctx, real, 0) : add_type(p, LUA_TNUMBER);
}

/* null and the empty array are light userdata. */
static int add_mark(struct plain *p)
{
    if (!lua_touserdata(p->L, -1))
        return p->sink->null(p->ctx, 0);
    value_empty_array(p->L);
    bool empty = lua_rawequal(p->L, -1, -2);
    lua_pop(p->L, 1);
    if (!empty)
        return add_type(p, LUA_TLIGHTUSERDATA);
    int rc = p->sink->begin_array(p->ctx, 0);
    return rc ? rc : p->sink->end_array(p->ctx);
}

static bool is_key_text(lua_State *L)
{
    size_t len;
    const char *text = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &len) : NULL;
    return text && utf8_valid(text, len);
}

static bool is_marked(lua_State *L)
{
    if (!lua_getmetatable(L, -1))
        return false;
    value_array_mt(L);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return same;
}

enum shape { ARRAY, OBJECT, NEITHER };

/* Of the table at the top. *count = its members. */
static enum shape shape_of(lua_State *L, lua_Integer *count)
{
    bool texts = true, indexes = true;
    lua_Integer n = 0, most = (lua_Integer)lua_rawlen(L, -1);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        n++;
        texts = texts && is_key_text(L);
        indexes = indexes && lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
                  lua_tointeger(L, -2) <= most;
        lua_pop(L, 1);
    }
    *count = n;
    if (n == 0)
        return is_marked(L) ? ARRAY : OBJECT;
    if (indexes && n == most)
        return ARRAY;
    return texts ? OBJECT : NEITHER;
}

static int add(struct plain *p);

static int add_array(struct plain *p, lua_Integer count)
{
    int rc = p->sink->begin_array(p->ctx, 0);
    for (lua_Integer i = 1; i <= count && !rc; i++) {
        lua_rawgeti(p->L, -1, i);
        rc = add(p);
        lua_pop(p->L, 1);
    }
    return rc ? rc : p->sink->end_array(p->ctx);
}

static int add_object(struct plain *p)
{
    size_t fault, len;
    int rc = p->sink->begin_object(p->ctx, 0);
    if (rc)
        return rc;
    lua_pushnil(p->L);
    while (lua_next(p->L, -2)) {
        const char *key = lua_tolstring(p->L, -2, &len);
        rc = p->sink->key(p->ctx, key, len, 0);
        if (!rc)
            rc = add(p);
        lua_pop(p->L, 1);
        if (rc) {
            lua_pop(p->L, 1);
            return rc;
        }
    }
    return p->sink->end_object(p->ctx, &fault);
}

static int add_table(struct plain *p)
{
    lua_Integer count = 0;
    bool fits = p->depth < DEPTH && p->values < VALUES && lua_checkstack(p->L, 6);
    enum shape shape = fits ? shape_of(p->L, &count) : NEITHER;
    p->values += count; // looking at a table counts too: it may be in many places
    if (shape == NEITHER || p->values > VALUES)
        return add_type(p, LUA_TTABLE);
    p->depth++;
    int rc = shape == ARRAY ? add_array(p, count) : add_object(p);
    p->depth--;
    return rc;
}

static int add(struct plain *p)
{
    int type = lua_type(p->L, -1);
    p->values++;
    switch (type) {
    case LUA_TNIL:
        return p->sink->null(p->ctx, 0);
    case LUA_TBOOLEAN:
        return p->sink->boolean(p->ctx, lua_toboolean(p->L, -1), 0);
    case LUA_TNUMBER:
        return add_number(p);
    case LUA_TSTRING:
        return add_string(p);
    case LUA_TTABLE:
        return add_table(p);
    case LUA_TLIGHTUSERDATA:
        return add_mark(p);
    default:
        return add_type(p, type);
    }
}

int plain_walk(lua_State *L, const struct json_sink *sink, void *ctx)
{
    struct plain p = {.L = L, .sink = sink, .ctx = ctx};
    return lua_checkstack(L, 8) ? add(&p) : add_type(&p, lua_type(L, -1));
}
