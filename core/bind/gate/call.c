/* call.c: what a model asks for: read from Lua once, kept with everything that it points into,
 * shown and accepted. The gate (gate.c) judges it. */
#include <string.h>

#include "bind/gate/gate.h"
#include "script/value.h"

struct call *bind_check_call(lua_State *L, int idx)
{
    struct call *call = luaL_checkudata(L, idx, CALL_TYPE);
    luaL_argcheck(L, lua_rawlen(L, idx) == sizeof *call && call->self == call, idx,
                  "not a call of a gate");
    return call;
}

/* ---- reading ---- */

/* Moves the field `name` of the table at idx into a slot of the call at the top; its text, or NULL
 * when it is none or contains a NUL. */
static const char *keep_text(lua_State *L, int idx, const char *name, int slot, size_t *len)
{
    size_t size;
    lua_getfield(L, idx, name);
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
    if (text && len)
        *len = size;
    else if (text && strlen(text) != size)
        text = NULL;
    lua_setiuservalue(L, -2, slot);
    return text;
}

static struct call *new_call(lua_State *L, struct gate *gate)
{
    struct call *call = lua_newuserdatauv(L, sizeof *call, CALL_SLOTS);
    *call = (struct call){.self = call, .gate = gate_hold(gate)};
    luaL_setmetatable(L, CALL_TYPE);
    return call;
}

static void read_header(lua_State *L, struct call *call)
{
    struct gate_call *g = &call->gate_call;
    g->role = keep_text(L, 2, "role", CALL_ROLE, NULL);
    g->tool = keep_text(L, 2, "tool", CALL_TOOL, &g->tool_len);
    int type = lua_getfield(L, 2, "root");
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TUSERDATA, 2, "root: a root of orket.core.fs");
    luaL_argcheck(L, type == LUA_TNIL || bind_to_root(L, -1) >= 0, 2, "root: closed, or no root");
    lua_setiuservalue(L, -2, CALL_ROOT);
    if (lua_getfield(L, 2, "card") == LUA_TTABLE) {
        int card = lua_gettop(L);
        lua_pushvalue(L, -2); // call
        call->card = keep_text(L, card, "id", CALL_CARD, NULL);
        g->card_type = keep_text(L, card, "type", CALL_CARD_TYPE, NULL);
        g->card_status = keep_text(L, card, "status", CALL_CARD_STATUS, NULL);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
}

static void read_patterns(lua_State *L, int list, struct gate_scope *scope)
{
    size_t len, count = lua_rawlen(L, list);
    scope->broken = count > GATE_SCOPE_MAX;
    for (size_t i = 0; !scope->broken && i < count; i++) {
        lua_rawgeti(L, list, (lua_Integer)i + 1);
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
        lua_pop(L, 1);
        scope->broken = !text || glob_init(&scope->globs[i], text, len, NULL);
        scope->count += !scope->broken;
    }
    scope->count = scope->broken ? 0 : scope->count;
}

/* The texts of the patterns live in the table, which the call keeps a copy of. */
static void read_scope(lua_State *L, struct call *call)
{
    int type = lua_getfield(L, 2, "scope");
    if (type != LUA_TNIL) {
        call->scope = calloc(1, sizeof *call->scope);
        if (!call->scope)
            luaL_error(L, "out of memory");
        call->gate_call.scope = call->scope;
        call->scope->broken = type != LUA_TTABLE;
    }
    if (type == LUA_TTABLE) {
        lua_newtable(L);
        for (lua_Integer i = 1, n = (lua_Integer)lua_rawlen(L, -2); i <= n; i++) {
            lua_rawgeti(L, -2, i);
            lua_rawseti(L, -2, i);
        }
        read_patterns(L, lua_gettop(L), call->scope);
        lua_remove(L, -2);
    }
    lua_setiuservalue(L, -2, CALL_SCOPE);
    lua_getfield(L, 2, "calls");
    lua_Integer calls = luaL_optinteger(L, -1, 0);
    call->gate_call.calls = calls > 0 ? (size_t)calls : 0;
    lua_pop(L, 1);
}

/* The arguments as a doc in its slot; what is wrong with them is for the gate to judge. */
static void read_arguments(lua_State *L, struct call *call, struct err *err)
{
    struct json_limits limits = {.bytes = gate_arguments_max(call->gate)};
    size_t len = 0;
    int rc = 0, type = lua_getfield(L, 2, "arguments");
    if (bind_to_doc(L, -1)) {
        lua_pushvalue(L, -1);
    } else if (type == LUA_TSTRING || type == LUA_TNIL) {
        const char *text = type == LUA_TNIL ? "" : lua_tolstring(L, -1, &len);
        rc = json_parse(bind_new_doc(L), text, len, &limits, err);
    } else {
        luaL_argcheck(L, type == LUA_TTABLE, 2, "arguments: a text, a table or a doc");
        struct json_doc *doc = bind_new_doc(L);
        rc = value_read(L, -2, doc, &limits, &doc->root, err);
    }
    if (rc == ERR_MEMORY)
        bind_raise(L, err); // says nothing of the arguments
    call->gate_call.size = len;
    call->gate_call.arguments = rc ? NULL : bind_to_doc(L, -1);
    call->gate_call.parse_error = rc ? err : NULL;
    lua_setiuservalue(L, -3, CALL_ARGUMENTS);
    lua_pop(L, 1);
}

struct call *bind_read_call(lua_State *L, struct gate *gate, struct err *err)
{
    static const char *const known[] = {"role", "card",  "tool",  "arguments",
                                        "root", "scope", "calls", NULL};
    bind_check_options(L, 2, known);
    lua_settop(L, 2);
    struct call *call = new_call(L, gate);
    read_header(L, call);
    read_scope(L, call);
    read_arguments(L, call, err);
    return call;
}

/* ---- methods ---- */

/* call:arguments() -> doc */
static int l_call_arguments(lua_State *L)
{
    bind_check_call(L, 1);
    lua_getiuservalue(L, 1, CALL_ARGUMENTS);
    return 1;
}

static void add_text(struct json_builder *b, const char *key, const char *text)
{
    json_key(b, key, strlen(key));
    json_add_text(b, text);
}

struct naming {
    const struct call *call;
    struct json_builder *out;
};

/* "./a//b" is "a/b", and a link that was followed is the file behind it. */
static void add_path(void *ctx, const struct json *path)
{
    const struct naming *naming = ctx;
    const struct resolved *first = naming->call->first;
    char name[FS_PATH_MAX + 1];
    size_t len, used = 0;
    const char *text = json_string(path, &len);
    if (first && first->path == path)
        json_add_string(naming->out, first->target.path, first->target.len);
    else if (text && !fs_canonical(text, len, name, &used, NULL, NULL))
        json_add_string(naming->out, name, used);
}

static void add_judged(struct json_builder *b, const struct call *call, const char *also)
{
    const struct gate_call *g = &call->gate_call;
    struct naming naming = {.call = call, .out = b};
    json_key(b, "arguments", 9);
    json_add_tree(b, g->arguments);
    json_key(b, "card", 4);
    json_begin_object(b);
    add_text(b, "id", call->card);
    add_text(b, "status", g->card_status);
    add_text(b, "type", g->card_type);
    json_end_object(b);
    json_key(b, "paths", 5);
    json_begin_array(b);
    gate_each_path(call->gate, g, add_path, &naming);
    if (also)
        json_add_text(b, also);
    json_end_array(b);
    add_text(b, "role", g->role);
    add_text(b, "tool", g->tool);
}

/* The members of the object `more` follow those of the call. */
static void add_members(struct json_builder *b, const struct json *more)
{
    for (size_t i = 0; more->type == JSON_OBJECT && i < more->len; i++) {
        const struct json_member *member = &more->u.members[i];
        json_key(b, member->key, member->key_len);
        json_add_tree(b, &member->value);
    }
}

/* call:view(more|nil, path|nil) -> doc {tool, role, arguments, paths, card = {id, type, status},
 * and the members of the table or doc `more`}: what was judged; path is that of an operation, one
 * more of paths */
static int l_call_view(lua_State *L)
{
    const struct call *call = bind_check_call(L, 1);
    const char *also = luaL_optstring(L, 3, NULL);
    struct json read = {0};
    lua_settop(L, 3);
    struct json_doc *doc = bind_new_doc(L);
    struct json_builder b;
    struct err err = {0};
    const struct json *more = lua_isnil(L, 2) ? &read : bind_to_doc(L, 2);
    if (!more && value_read(L, 2, doc, NULL, &read, &err))
        return luaL_error(L, "not plain data: %s", err.text);
    json_build(&b, doc);
    json_begin_object(&b);
    add_judged(&b, call, also);
    add_members(&b, more ? more : &read);
    json_end_object(&b);
    if (json_finish(&b, &doc->root))
        return luaL_error(L, "out of memory");
    lua_getiuservalue(L, 1, CALL_ARGUMENTS);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, 2); // texts of it are in the new one
    lua_setiuservalue(L, -2, 2);
    return 1;
}

/* call:tool() -> name */
static int l_call_tool(lua_State *L)
{
    bind_check_call(L, 1);
    lua_getiuservalue(L, 1, CALL_TOOL);
    return 1;
}

void bind_push_hash(lua_State *L, struct hash_part *parts, size_t count, const struct json *tree)
{
    struct buf *text = bind_text(bind_of(L));
    char hex[HASH_HEX + 1];
    json_write(text, tree);
    if (!buf_ok(text))
        luaL_error(L, "out of memory");
    parts[count - 1] = (struct hash_part){text->data, text->len};
    struct hash hash = hash_parts(parts, count);
    hash_hex(&hash, hex);
    lua_pushlstring(L, hex, HASH_HEX);
}

/* call:hash() -> hex: what exactly was judged: role, card, its type and status, tool, arguments */
static int l_call_hash(lua_State *L)
{
    const struct call *call = bind_check_call(L, 1);
    const struct gate_call *g = &call->gate_call;
    const char *card = call->card ? call->card : "";
    struct hash_part parts[] = {
        {g->role, strlen(g->role)},
        {card, strlen(card)},
        {g->card_type, strlen(g->card_type)},
        {g->card_status, strlen(g->card_status)},
        {g->tool, g->tool_len},
        {NULL, 0},
    };
    bind_push_hash(L, parts, COUNT_OF(parts), g->arguments);
    return 1;
}

bool bind_is_hash(lua_State *L, int idx)
{
    bool same = lua_rawequal(L, idx, -1);
    lua_pop(L, 1);
    return same;
}

/* call:accept(hash) -> boolean: a person said yes to exactly this; only the same hash counts */
static int l_call_accept(lua_State *L)
{
    struct call *call = bind_check_call(L, 1);
    luaL_checkstring(L, 2);
    l_call_hash(L);
    bool same = bind_is_hash(L, 2);
    call->accepted = call->accepted || (call->asked && same);
    call->asked = call->asked && !same;
    lua_pushboolean(L, same);
    return 1;
}

/* call:close(): nothing will be done with it, or nothing more; its permits go with it */
static int l_call_close(lua_State *L)
{
    struct call *call = luaL_checkudata(L, 1, CALL_TYPE);
    if (call->self != call)
        return 0;
    bind_resolved_free(call->first);
    free(call->scope);
    gate_free(call->gate);
    *call = (struct call){0};
    return 0;
}

static const luaL_Reg methods[] = {
    {"arguments", l_call_arguments},
    {"view", l_call_view},
    {"tool", l_call_tool},
    {"hash", l_call_hash},
    {"accept", l_call_accept},
    {"close", l_call_close},
    {NULL, NULL},
};

void bind_open_call(lua_State *L)
{
    bind_type(L, CALL_TYPE, methods, l_call_close);
}
