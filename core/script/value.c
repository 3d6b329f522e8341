/* value.c: Lua values as events for a sink (value_walk), and what is made of that: trees and text.
 * Trees to Lua values. Text to Lua values is value_decode.c.
 *
 * The walk calls nothing of Lua that allocates or runs code, so it never raises. */
#include "script/value.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

static const char array_key; /* its address: registry key of the metatable, and the empty array */

void value_array_mt(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_key);
}

void value_empty_array(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)(uintptr_t)&array_key);
}

/* ---- tree to Lua ---- */

static void push_array(lua_State *L, const struct json *array)
{
    lua_createtable(L, array->len < INT32_MAX ? (int)array->len : 0, 0);
    for (size_t i = 0; i < array->len; i++) {
        value_push(L, &array->u.items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    value_array_mt(L);
    lua_setmetatable(L, -2);
}

static void push_object(lua_State *L, const struct json *object)
{
    lua_createtable(L, 0, object->len < INT32_MAX ? (int)object->len : 0);
    for (size_t i = 0; i < object->len; i++) {
        const struct json_member *member = &object->u.members[i];
        lua_pushlstring(L, member->key, member->key_len);
        value_push(L, &member->value);
        lua_rawset(L, -3);
    }
}

/* The recursion is bounded by the Lua stack, which luaL_checkstack refuses to grow without end. */
void value_push(lua_State *L, const struct json *value)
{
    luaL_checkstack(L, 4, "JSON value nested too deep");
    switch (value->type) {
    case JSON_NULL:
        lua_pushlightuserdata(L, NULL);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        lua_pushboolean(L, value->type == JSON_TRUE);
        break;
    case JSON_INT:
        lua_pushinteger(L, value->u.integer);
        break;
    case JSON_REAL:
        lua_pushnumber(L, value->u.real);
        break;
    case JSON_STRING:
        lua_pushlstring(L, value->u.string, value->len);
        break;
    case JSON_ARRAY:
        push_array(L, value);
        break;
    default:
        push_object(L, value);
    }
}

/* A member that is not there: nil when the mask names it, else an error, so that a script which
 * looks at more than it declares fails instead of deciding without it. */
static int l_absent(lua_State *L)
{
    const struct json *mask = lua_touserdata(L, lua_upvalueindex(1));
    size_t len = 0;
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &len) : NULL;
    if (!key || !json_get_n(mask, key, len))
        return luaL_error(L, "'%s' is not among the declared fields", key ? key : "?");
    return 0;
}

static void refuse_others(lua_State *L, const struct json *mask)
{
    lua_createtable(L, 0, 2);
    lua_pushlightuserdata(L, (void *)(uintptr_t)mask);
    lua_pushcclosure(L, l_absent, 1);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

static void push_members(lua_State *L, const struct json *object, const struct json *mask)
{
    luaL_checkstack(L, 4, "JSON value nested too deep");
    lua_createtable(L, 0, mask->len < INT32_MAX ? (int)mask->len : 0);
    for (size_t i = 0; i < mask->len; i++) {
        const struct json_member *shown = &mask->u.members[i];
        const struct json *value = json_get_n(object, shown->key, shown->key_len);
        if (!value)
            continue;
        lua_pushlstring(L, shown->key, shown->key_len);
        value_push_some(L, value, &shown->value);
        lua_rawset(L, -3);
    }
    refuse_others(L, mask);
}

void value_push_some(lua_State *L, const struct json *value, const struct json *mask)
{
    if (mask && mask->type == JSON_OBJECT && value->type == JSON_OBJECT)
        push_members(L, value, mask);
    else
        value_push(L, value);
}

/* ---- the walk ---- */

struct walk {
    lua_State *L;
    const struct json_sink *sink;
    void *ctx;
    struct err *err;
    struct json_limits limits;
    size_t values, bytes;
};

/* Where the walk is: a chain on the C stack, one link for each open table. */
struct place {
    const struct place *up;
    const char *key; /* NULL: index */
    lua_Integer index;
    unsigned depth;
};

static size_t put_path(const struct place *place, char *out, size_t size)
{
    if (!place->up) {
        snprintf(out, size, "$");
        return strlen(out);
    }
    size_t len = put_path(place->up, out, size);
    if (place->key)
        snprintf(out + len, size - len, ".%s", place->key);
    else
        snprintf(out + len, size - len, "[%lld]", (long long)place->index);
    return len + strlen(out + len);
}

static int refuse(struct walk *w, const struct place *place, int code, const char *what)
{
    char path[200];
    put_path(place, path, sizeof path);
    return err_set(w->err, code, "%s at %s", what, path);
}

static int refuse_type(struct walk *w, const struct place *place, int type)
{
    char what[64];
    snprintf(what, sizeof what, "a %s is not plain data", lua_typename(w->L, type));
    return refuse(w, place, ERR_JSON, what);
}

static int answered(struct walk *w, const struct place *place, int code)
{
    return code ? refuse(w, place, code, err_text(code)) : 0;
}

/* The string at the top (or at idx): counted and checked. */
static int check_string(struct walk *w, const struct place *place, int idx, const char **text,
                        size_t *len)
{
    *text = lua_tolstring(w->L, idx, len);
    w->bytes += *len;
    if (w->bytes > w->limits.bytes)
        return refuse(w, place, ERR_LIMIT, "too many bytes of text");
    return utf8_valid(*text, *len) ? 0 : refuse(w, place, ERR_UTF8, "not valid UTF-8");
}

static int walk_value(struct walk *w, const struct place *place);

/* With key n and value n at the top: were those all? Keys 1..n-1 are known to be there. */
static int walk_item(struct walk *w, const struct place *array, lua_Integer index)
{
    struct place place = {.up = array, .index = index, .depth = array->depth + 1};
    return walk_value(w, &place);
}

/* The keys did not come as 1, 2, 3 …: counts them all, then walks from `index` on. */
static int walk_array_slowly(struct walk *w, int idx, const struct place *place, lua_Integer index)
{
    lua_State *L = w->L;
    lua_Integer count = 0;
    for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
        if (!lua_isinteger(L, -2)) {
            lua_pop(L, 2);
            return refuse(w, place, ERR_JSON, "a table with both items and named members");
        }
        count++;
    }
    for (; index <= count; index++) {
        if (lua_rawgeti(L, idx, index) == LUA_TNIL) {
            lua_pop(L, 1);
            return refuse(w, place, ERR_JSON, "an array with holes");
        }
        int rc = walk_item(w, place, index);
        lua_pop(L, 1);
        if (rc)
            return rc;
    }
    return 0;
}

/* The first key and value are at the top. */
static int walk_array(struct walk *w, int idx, const struct place *place)
{
    lua_State *L = w->L;
    lua_Integer index = 1;
    do {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != index) {
            lua_pop(L, 2);
            return walk_array_slowly(w, idx, place, index);
        }
        int rc = walk_item(w, place, index++);
        lua_pop(L, 1);
        if (rc) {
            lua_pop(L, 1);
            return rc;
        }
    } while (lua_next(L, idx));
    return 0;
}

static int walk_member(struct walk *w, const struct place *object)
{
    struct place place = {.up = object, .depth = object->depth + 1};
    size_t len;
    if (lua_type(w->L, -2) != LUA_TSTRING)
        return refuse(w, object, ERR_JSON,
                      lua_type(w->L, -2) == LUA_TNUMBER
                          ? "a table with both items and named members"
                          : "a key that is no string");
    int rc = check_string(w, object, -2, &place.key, &len);
    if (rc)
        return rc;
    rc = w->sink->key(w->ctx, place.key, len, 0);
    return rc ? answered(w, &place, rc) : walk_value(w, &place);
}

static int walk_object(struct walk *w, int idx, const struct place *place)
{
    lua_State *L = w->L;
    do {
        int rc = walk_member(w, place);
        lua_pop(L, 1);
        if (rc) {
            lua_pop(L, 1);
            return rc;
        }
    } while (lua_next(L, idx));
    return 0;
}

static bool is_marked(lua_State *L, int idx)
{
    bool marked = false;
    if (lua_getmetatable(L, idx)) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
        marked = lua_rawequal(L, -1, -2);
        lua_pop(L, 2);
    }
    return marked;
}

static int walk_table(struct walk *w, const struct place *place)
{
    lua_State *L = w->L;
    int idx = lua_gettop(L), rc;
    size_t fault;
    if (place->depth >= w->limits.depth)
        return refuse(w, place, ERR_LIMIT, "nested too deep (or a cycle)");
    if (!lua_checkstack(L, 6)) // in a box: its script has used up what is its own
        return refuse(w, place, ERR_LIMIT, "no room on the stack");
    lua_pushnil(L);
    bool is_empty = !lua_next(L, idx);
    bool is_array =
        is_empty ? is_marked(L, idx) : lua_type(L, -2) == LUA_TNUMBER || is_marked(L, idx);
    rc = is_array ? w->sink->begin_array(w->ctx, 0) : w->sink->begin_object(w->ctx, 0);
    if (rc) {
        lua_settop(L, idx);
        return answered(w, place, rc);
    }
    if (!is_empty)
        rc = is_array ? walk_array(w, idx, place) : walk_object(w, idx, place);
    if (rc)
        return rc;
    return answered(w, place,
                    is_array ? w->sink->end_array(w->ctx) : w->sink->end_object(w->ctx, &fault));
}

static int walk_number(struct walk *w, const struct place *place)
{
    if (lua_isinteger(w->L, -1))
        return answered(w, place, w->sink->integer(w->ctx, lua_tointeger(w->L, -1), 0));
    double value = lua_tonumber(w->L, -1);
    if (!isfinite(value))
        return refuse(w, place, ERR_JSON, "a number that is not finite");
    return answered(w, place, w->sink->real(w->ctx, value, 0));
}

static int walk_string(struct walk *w, const struct place *place)
{
    const char *text;
    size_t len;
    int rc = check_string(w, place, -1, &text, &len);
    return rc ? rc : answered(w, place, w->sink->string(w->ctx, text, len, 0));
}

static int walk_mark(struct walk *w, const struct place *place)
{
    const void *mark = lua_touserdata(w->L, -1);
    if (!mark)
        return answered(w, place, w->sink->null(w->ctx, 0));
    if (mark != &array_key)
        return refuse_type(w, place, LUA_TLIGHTUSERDATA);
    int rc = w->sink->begin_array(w->ctx, 0);
    return answered(w, place, rc ? rc : w->sink->end_array(w->ctx));
}

/* The value at the top; leaves the stack as it was. */
static int walk_value(struct walk *w, const struct place *place)
{
    int type = lua_type(w->L, -1);
    if (++w->values > w->limits.values)
        return refuse(w, place, ERR_LIMIT, "too many values");
    switch (type) {
    case LUA_TTABLE:
        return walk_table(w, place);
    case LUA_TSTRING:
        return walk_string(w, place);
    case LUA_TNUMBER:
        return walk_number(w, place);
    case LUA_TBOOLEAN:
        return answered(w, place, w->sink->boolean(w->ctx, lua_toboolean(w->L, -1), 0));
    case LUA_TLIGHTUSERDATA:
        return walk_mark(w, place);
    case LUA_TNIL:
        return answered(w, place, w->sink->null(w->ctx, 0));
    default:
        return refuse_type(w, place, type);
    }
}

int value_walk(lua_State *L, int idx, const struct json_limits *limits,
               const struct json_sink *sink, void *ctx, struct err *err)
{
    struct walk w = {.L = L, .sink = sink, .ctx = ctx, .err = err, .limits = json_limits(limits)};
    struct place root = {0};
    if (!lua_checkstack(L, 2))
        return err_set(err, ERR_LIMIT, "no room on the stack");
    lua_pushvalue(L, idx);
    int rc = walk_value(&w, &root);
    lua_pop(L, 1);
    return rc;
}

/* ---- what is made of a walk ---- */

int value_read(lua_State *L, int idx, struct json_doc *doc, const struct json_limits *limits,
               struct json *out, struct err *err)
{
    struct json_builder b;
    json_build(&b, doc);
    int rc = value_walk(L, idx, limits, &json_tree_sink, &b, err);
    if (rc) {
        json_drop(&b);
        return rc;
    }
    return json_finish(&b, out);
}

int value_encode(lua_State *L, int idx, struct json_text *encoder, struct buf *out, struct err *err)
{
    json_text_begin(encoder, out);
    return value_walk(L, idx, NULL, &json_text_sink, encoder, err);
}
