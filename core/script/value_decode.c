/* value_decode.c: JSON text straight to Lua values: a sink that pushes.
 *
 * The children of an open container wait on the Lua stack; when it ends (or every BATCH children)
 * they move into its table, which is then made with the right size. Memory errors of Lua jump
 * through the scan, which is why room for strings comes from Lua too. */
#include <lauxlib.h>
#include <string.h>

#include "script/value.h"

#define BATCH 64 /* children that may wait on the Lua stack */
#define FEW   8  /* members whose keys are compared with each other */
#define KEYS  32 /* keys remembered: objects of one array have the same ones */

struct frame {
    int slot;         /* stack index of the table; nil until the first batch moves */
    int waiting;      /* children on the stack above it */
    lua_Integer done; /* an array: items in the table; an object: batches */
    bool is_object;
};

struct key {
    const char *text; /* of the Lua string in its stack slot; NULL: none */
    size_t len;
};

struct decode {
    lua_State *L;
    int array_mt, room, keys_at; /* stack indexes */
    size_t room_len;
    unsigned depth;
    struct key keys[KEYS];
    struct frame frames[JSON_DEPTH_MAX];
};

static void make_table(struct decode *d, struct frame *frame)
{
    if (!lua_isnil(d->L, frame->slot))
        return;
    lua_createtable(d->L, frame->is_object ? 0 : frame->waiting,
                    frame->is_object ? frame->waiting : 0);
    if (!frame->is_object) {
        lua_pushvalue(d->L, d->array_mt);
        lua_setmetatable(d->L, -2);
    }
    lua_replace(d->L, frame->slot);
}

static bool is_key(const struct key *key, const char *text, size_t len)
{
    return key->len == len && *key->text == *text && memcmp(key->text, text, len) == 0;
}

/* A few members of a new table: keys are compared with each other, which is cheaper than asking. */
static bool has_twins(lua_State *L, const struct frame *frame)
{
    struct key keys[FEW];
    for (int i = 0; i < frame->waiting; i++) {
        keys[i].text = lua_tolstring(L, frame->slot + 1 + 2 * i, &keys[i].len);
        for (int k = 0; k < i; k++)
            if (is_key(&keys[k], keys[i].text, keys[i].len))
                return true;
    }
    return false;
}

static int move_members(lua_State *L, struct frame *frame)
{
    bool few = frame->waiting <= FEW && !frame->done;
    if (few && has_twins(L, frame))
        return ERR_EXISTS;
    for (; frame->waiting > 0; frame->waiting--) {
        if (!few) {
            lua_pushvalue(L, -2); // key, value, key
            if (lua_rawget(L, frame->slot) != LUA_TNIL)
                return ERR_EXISTS;
            lua_pop(L, 1);
        }
        lua_rawset(L, frame->slot);
    }
    frame->done++;
    return 0;
}

static int move_children(struct decode *d, struct frame *frame)
{
    make_table(d, frame);
    if (frame->is_object)
        return move_members(d->L, frame);
    lua_Integer batch = frame->waiting;
    for (; frame->waiting > 0; frame->waiting--)
        lua_rawseti(d->L, frame->slot, frame->done + frame->waiting);
    frame->done += batch;
    return 0;
}

/* A value has been pushed. */
static int pushed(struct decode *d)
{
    if (!d->depth)
        return 0;
    struct frame *frame = &d->frames[d->depth - 1];
    return ++frame->waiting < BATCH ? 0 : move_children(d, frame);
}

static int on_null(void *ctx, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    lua_pushlightuserdata(d->L, NULL);
    return pushed(d);
}

static int on_boolean(void *ctx, bool value, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    lua_pushboolean(d->L, value);
    return pushed(d);
}

static int on_integer(void *ctx, int64_t value, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    lua_pushinteger(d->L, value);
    return pushed(d);
}

static int on_real(void *ctx, double value, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    lua_pushnumber(d->L, value);
    return pushed(d);
}

static int on_string(void *ctx, const char *text, size_t len, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    lua_pushlstring(d->L, text, len);
    return pushed(d);
}

static int on_key(void *ctx, const char *text, size_t len, size_t at)
{
    struct decode *d = ctx;
    (void)at;
    size_t slot =
        len ? (len + (unsigned char)text[0] * 5u + (unsigned char)text[len - 1] * 3u) % KEYS : 0;
    struct key *key = &d->keys[slot];
    if (key->text && is_key(key, text, len)) {
        lua_pushvalue(d->L, d->keys_at + (int)slot);
        return 0;
    }
    key->text = lua_pushlstring(d->L, text, len);
    key->len = len;
    lua_copy(d->L, -1, d->keys_at + (int)slot);
    return 0;
}

static int begin(struct decode *d, bool is_object)
{
    // the depth is bounded far below the stack's own limit
    if (!lua_checkstack(d->L, 2 * BATCH + 8))
        return ERR_MEMORY;
    lua_pushnil(d->L);
    d->frames[d->depth++] = (struct frame){.slot = lua_gettop(d->L), .is_object = is_object};
    return 0;
}

static int on_begin_array(void *ctx, size_t at)
{
    (void)at;
    return begin(ctx, false);
}

static int on_begin_object(void *ctx, size_t at)
{
    (void)at;
    return begin(ctx, true);
}

static int on_end_array(void *ctx)
{
    struct decode *d = ctx;
    int rc = move_children(d, &d->frames[d->depth - 1]);
    d->depth--;
    return rc ? rc : pushed(d);
}

static int on_end_object(void *ctx, size_t *fault)
{
    (void)fault;
    return on_end_array(ctx);
}

static char *on_scratch(void *ctx, size_t len)
{
    struct decode *d = ctx;
    if (d->room_len < len) {
        lua_newuserdatauv(d->L, len, 0);
        lua_replace(d->L, d->room);
        d->room_len = len;
    }
    return lua_touserdata(d->L, d->room);
}

static const struct json_sink lua_sink = {
    .null = on_null,
    .boolean = on_boolean,
    .integer = on_integer,
    .real = on_real,
    .string = on_string,
    .key = on_key,
    .begin_array = on_begin_array,
    .end_array = on_end_array,
    .begin_object = on_begin_object,
    .end_object = on_end_object,
    .scratch = on_scratch,
};

/* The sink knows no offsets: a faulty text is told by the parser, so that both tell the same. */
static int tell(const char *text, size_t len, const struct json_limits *limits, int code,
                struct err *err)
{
    struct json_doc doc = {0};
    int told = err ? json_parse(&doc, text, len, limits, err) : code;
    json_doc_clear(&doc);
    return told ? told : code;
}

int value_decode(lua_State *L, const char *text, size_t len, const struct json_limits *limits,
                 struct err *err)
{
    struct decode d;
    int top = lua_gettop(L);
    luaL_checkstack(L, KEYS + 8, "no room to decode JSON");
    value_array_mt(L);
    lua_settop(L, top + 2 + KEYS);
    memset(d.keys, 0, sizeof d.keys);
    d.L = L;
    d.array_mt = top + 1;
    d.room = top + 2;
    d.keys_at = top + 3;
    d.room_len = 0;
    d.depth = 0;
    int rc = json_scan(text, len, limits, &lua_sink, &d, err);
    if (rc) {
        lua_settop(L, top);
        return rc == ERR_JSON ? tell(text, len, limits, rc, err) : rc;
    }
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return 0;
}
