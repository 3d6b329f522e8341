/* tx.c: streams and transactions of `orket.core.store` for trusted Lua. A transaction keeps
 * its `done` and itself alive until the writer is through; a stream keeps its store, a transaction
 * its stream. */
#include <string.h>

#include "bind/store/store.h"
#include "model/fsm.h"
#include "script/value.h"

#define STREAM_TYPE "orket.stream"
#define TX_TYPE     "orket.tx"
#define CARD_MOVED  "card.moved"

struct l_stream {
    struct store_stream *stream; /* uservalue 1: its store */
};

struct l_tx {
    struct l_store *owner;
    struct store_tx *tx; /* uservalue 1: its stream, 2: done */
    int self;            /* registry reference while it is queued */
    int64_t first_seq;   /* what `done` is to be told */
    const struct err *err;
};

/* ---- check helpers ---- */

static struct store_stream *l_check_stream(lua_State *L, int idx)
{
    struct l_stream *self = luaL_checkudata(L, idx, STREAM_TYPE);
    if (!self->stream)
        luaL_error(L, "the stream is closed");
    return self->stream;
}

static struct store_tx *l_check_tx(lua_State *L, int idx)
{
    struct l_tx *self = luaL_checkudata(L, idx, TX_TYPE);
    if (!self->tx)
        luaL_error(L, "the transaction is over");
    return self->tx;
}

struct hash store_check_hash(lua_State *L, int idx)
{
    size_t len;
    struct hash hash;
    const char *hex = luaL_checklstring(L, idx, &len);
    if (!hash_from_hex(hex, len, &hash))
        luaL_argerror(L, idx, "a hash is 64 lower-case hexadecimal digits");
    return hash;
}

static void push_hash(lua_State *L, const struct hash *hash)
{
    char hex[HASH_HEX + 1];
    hash_hex(hash, hex);
    lua_pushlstring(L, hex, HASH_HEX);
}

/* A text without NUL bytes. */
static const char *l_check_text(lua_State *L, int idx)
{
    size_t len;
    const char *text = luaL_checklstring(L, idx, &len);
    if (strlen(text) != len)
        luaL_argerror(L, idx, "text with a zero byte");
    return text;
}

/* The field as text at the top of the stack, or NULL when it is nil and may be missing. */
static const char *l_field(lua_State *L, int idx, const char *key, const char *otherwise)
{
    if (lua_getfield(L, idx, key) == LUA_TNIL && otherwise)
        return otherwise;
    if (lua_isnil(L, -1))
        return NULL;
    if (lua_type(L, -1) == LUA_TNUMBER)
        luaL_checkinteger(L, -1); // 1.5 is no id
    return l_check_text(L, -1);
}

/* ---- transactions ---- */

/* (userdata): enters Lua with what happened; runs protected */
static int run_done(lua_State *L)
{
    struct l_tx *self = lua_touserdata(L, 1);
    luaL_unref(L, LUA_REGISTRYINDEX, self->self);
    if (lua_getiuservalue(L, 1, 2) != LUA_TFUNCTION)
        return 0;
    int count = 1;
    if (self->err)
        count = bind_push_failure(L, self->err);
    else
        lua_pushinteger(L, self->first_seq);
    lua_call(L, count, 0);
    return 0;
}

static void on_done(void *ctx, int64_t first_seq, const struct err *err)
{
    struct l_tx *self = ctx;
    if (self->owner->quiet)
        return;
    lua_State *L = self->owner->bind->L;
    self->first_seq = first_seq;
    self->err = err;
    lua_pushcfunction(L, run_done);
    lua_rawgeti(L, LUA_REGISTRYINDEX, self->self);
    bind_call(L, 1, 0);
}

static void read_options(lua_State *L, int idx, struct store_event *event)
{
    static const char *const known[] = {"step", NULL};
    event->step = -1;
    if (lua_isnoneornil(L, idx))
        return;
    bind_check_options(L, idx, known);
    if (lua_getfield(L, idx, "step") != LUA_TNIL)
        event->step = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
}

static int put_event(lua_State *L, struct store_tx *tx, const struct store_event *event)
{
    struct err err = {0};
    int64_t n;
    int rc = store_event(tx, event, &n, &err);
    if (rc == ERR_USAGE)
        return luaL_error(L, "%s: %s", event->kind, err.text);
    if (rc)
        return bind_raise(L, &err);
    lua_pushinteger(L, n);
    return 1;
}

/* tx:event(kind, card|nil, body[, {step=}]) -> n
 * body is a doc or plain data; n its number in the stream. An event that is refused for its size is
 * raised as an error {code, class, message, fix}: no caller can go on as if it were recorded. An
 * unknown kind or a malformed id is the caller's bug. A status change is no event(): see move(). */
static int l_event(lua_State *L)
{
    struct store_tx *tx = l_check_tx(L, 1);
    struct store_event event = {.kind = l_check_text(L, 2)};
    if (strcmp(event.kind, CARD_MOVED) == 0)
        return luaL_error(L, "a status changes through tx:move alone");
    event.card = lua_isnoneornil(L, 3) ? NULL : l_check_text(L, 3);
    read_options(L, 5, &event);
    struct err err = {0};
    const struct json *doc = bind_to_doc(L, 4);
    int rc = 0;
    if (doc)
        json_write(store_body(tx), doc);
    else
        rc = value_encode(L, 4, &bind_of(L)->encoder, store_body(tx), &err);
    if (rc)
        return luaL_error(L, "%s: %s", event.kind, err.text);
    return put_event(L, tx, &event);
}

static struct fsm_text text_of(const struct json *body, const char *key)
{
    struct fsm_text text = {.data = ""};
    const struct json *value = json_get(body, key);
    if (value && value->type == JSON_STRING)
        text.data = json_string(value, &text.len);
    return text;
}

static bool is_legal(const struct json *body, struct fsm_verdict *verdict)
{
    const struct fsm_text reason = text_of(body, "reason");
    return fsm_check(text_of(body, "type"), text_of(body, "from"), text_of(body, "to"),
                     text_of(body, "role"), json_get(body, "reason") ? &reason : NULL, verdict);
}

/* tx:move(card, body) -> n | nil, why, "ERR_TRANSITION", fix, rule
 * body = {type, from, to, role, reason?, rev, …}: the one door of every status change. The state
 * machine judges it here; the projection compares status, type and revision with the card's. */
static int l_move(lua_State *L)
{
    struct store_tx *tx = l_check_tx(L, 1);
    struct store_event event = {
        .kind = CARD_MOVED, .card = l_check_text(L, 2), .step = -1};
    struct json_doc *doc = bind_tree(bind_of(L));
    struct err err = {0};
    struct fsm_verdict verdict;
    if (value_read(L, 3, doc, NULL, &doc->root, &err))
        return luaL_error(L, "move: %s", err.text);
    if (!is_legal(&doc->root, &verdict)) {
        err_set(&err, ERR_TRANSITION, "%s", verdict.why);
        err_fix(&err, "%s", verdict.fix[0] ? verdict.fix : "-");
        int count = bind_fail(L, &err);
        lua_pushstring(L, verdict.rule);
        return count + 1;
    }
    json_write(store_body(tx), &doc->root);
    return put_event(L, tx, &event);
}

static int put_blob(lua_State *L, struct store_tx *tx, const char *bytes, size_t len)
{
    struct hash hash;
    struct err err = {0};
    if (store_put_blob(tx, bytes, len, &hash, &err))
        return bind_raise(L, &err);
    push_hash(L, &hash);
    return 1;
}

void store_add_blob(lua_State *L, int idx, const char *bytes, size_t len)
{
    if (luaL_testudata(L, idx, TX_TYPE)) {
        put_blob(L, l_check_tx(L, idx), bytes, len);
        return;
    }
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_getfield(L, idx, "blob");
    lua_pushvalue(L, idx);
    lua_pushlstring(L, bytes, len);
    lua_call(L, 2, 1);
}

/* tx:blob(bytes) -> hex; raises {code, class, message, fix}, as event() does */
static int l_tx_blob(lua_State *L)
{
    size_t len;
    struct store_tx *tx = l_check_tx(L, 1);
    const char *bytes = luaL_checklstring(L, 2, &len);
    return put_blob(L, tx, bytes, len);
}

/* tx:message(parent_hex|nil, bytes) -> hex; raises as blob() does */
static int l_tx_message(lua_State *L)
{
    struct store_tx *tx = l_check_tx(L, 1);
    struct hash parent = {{0}}, hash;
    if (!lua_isnil(L, 2))
        parent = store_check_hash(L, 2);
    size_t len;
    const char *bytes = luaL_checklstring(L, 3, &len);
    struct err err = {0};
    if (store_put_message(tx, lua_isnil(L, 2) ? NULL : &parent, bytes, len, &hash, &err))
        return bind_raise(L, &err);
    push_hash(L, &hash);
    return 1;
}

/* tx:commit(done|nil): done(first_seq) or done(nil, message, code[, fix]), once, from the loop.
 * Without done, a failure shows at the next transaction of the stream, which then fails too. */
static int l_commit(lua_State *L)
{
    struct l_tx *self = luaL_checkudata(L, 1, TX_TYPE);
    struct store_tx *tx = l_check_tx(L, 1);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, 2);
    self->self = luaL_ref(L, LUA_REGISTRYINDEX);
    self->tx = NULL;
    store_commit(tx, on_done, self);
    return 0;
}

/* tx:abandon(): nothing of it happens; also when it is collected without commit */
static int l_abandon(lua_State *L)
{
    struct l_tx *self = luaL_checkudata(L, 1, TX_TYPE);
    if (self->tx)
        store_abandon(self->tx);
    self->tx = NULL;
    return 0;
}

/* tx:mark() -> integer: how much is in it */
static int l_mark(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)store_mark(l_check_tx(L, 1)));
    return 1;
}

/* tx:rollback(mark): what was put in since is forgotten */
static int l_rollback(lua_State *L)
{
    struct store_tx *tx = l_check_tx(L, 1);
    lua_Integer mark = luaL_checkinteger(L, 2);
    luaL_argcheck(L, mark >= 0, 2, "a mark of this transaction");
    store_rollback(tx, (size_t)mark);
    return 0;
}

/* ---- streams ---- */

/* stream:begin() -> tx; raises when there is no memory, or nothing may be written */
static int l_begin(lua_State *L)
{
    struct store_stream *stream = l_check_stream(L, 1);
    lua_getiuservalue(L, 1, 1);
    struct l_store *owner = luaL_checkudata(L, -1, STORE_TYPE);
    bind_check_store(L, -1);
    struct l_tx *self = lua_newuserdatauv(L, sizeof *self, 2);
    *self = (struct l_tx){.owner = owner};
    luaL_setmetatable(L, TX_TYPE);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    self->tx = store_begin(stream);
    if (self->tx)
        return 1;
    struct err err = {.code = ERR_MEMORY, .text = "no memory for a transaction"};
    if (!store_writes(owner->store))
        err = (struct err){.code = ERR_STORE_READONLY,
                           .text = "the store was opened for reading only"};
    return bind_raise(L, &err);
}

/* stream:n() -> integer: the number of its last event */
static int l_n(lua_State *L)
{
    lua_pushinteger(L, store_stream_n(l_check_stream(L, 1)));
    return 1;
}

/* stream:step() -> integer: the step of its last event */
static int l_step(lua_State *L)
{
    lua_pushinteger(L, store_stream_step(l_check_stream(L, 1)));
    return 1;
}

/* stream:close(); also when it is collected */
static int l_stream_close(lua_State *L)
{
    struct l_stream *self = luaL_checkudata(L, 1, STREAM_TYPE);
    if (self->stream)
        store_stream_close(self->stream);
    self->stream = NULL;
    return 0;
}

/* store:stream{run=, turn=, actor=, role=} -> stream;
 * raises when it cannot be read where it stands */
int store_l_stream(lua_State *L)
{
    static const char *const known[] = {"run", "turn", "actor", "role", NULL};
    struct store *store = bind_check_store(L, 1);
    bind_check_options(L, 2, known);
    lua_settop(L, 2);
    const char *run = l_field(L, 2, "run", NULL), *turn = l_field(L, 2, "turn", "0");
    const char *actor = l_field(L, 2, "actor", "engine"), *role = l_field(L, 2, "role", NULL);
    struct l_stream *self = lua_newuserdatauv(L, sizeof *self, 1);
    self->stream = NULL;
    luaL_setmetatable(L, STREAM_TYPE);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    struct err err = {0};
    int rc = store_stream_open(store, run, turn, actor, role, &self->stream, &err);
    if (rc == ERR_USAGE)
        return luaL_error(L, "%s", err.text);
    return rc ? bind_raise(L, &err) : 1;
}

static const luaL_Reg stream_methods[] = {
    {"begin", l_begin}, {"n", l_n}, {"step", l_step}, {"close", l_stream_close}, {NULL, NULL},
};

static const luaL_Reg tx_methods[] = {
    {"event", l_event},   {"move", l_move},       {"blob", l_tx_blob}, {"message", l_tx_message},
    {"commit", l_commit}, {"abandon", l_abandon}, {"mark", l_mark},    {"rollback", l_rollback},
    {NULL, NULL},
};

void store_tx_types(lua_State *L)
{
    bind_type(L, STREAM_TYPE, stream_methods, l_stream_close);
    bind_type(L, TX_TYPE, tx_methods, l_abandon);
}
