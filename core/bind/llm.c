/* llm.c: `orket.core.llm`: requests to models. Here the transport's bytes meet the event-stream
 * parser and the reply; Lua gets the finished reply, and the text as it grows when it wants to.
 *
 * Ownership: a call belongs to its transfer and is freed when that ends. Lua holds it only through
 * the handle of its cancel function, which the call empties. */
#include "bind/llm/llm.h"

#include <string.h>

#include "base/fault.h"
#include "io/sse.h"
#include "io/transport/endpoint.h"

#define MODULE_TYPE "orket.llm"
#define HANDLE_TYPE "orket.llm.call"

struct llm {
    struct bind *bind;
    struct secrets *secrets;
    struct transport *transport; /* opened by the first use, or by warm */
    bool closing;                /* the Lua state goes down */
};

enum mode { MODE_UNKNOWN, MODE_STREAM, MODE_BODY };

struct call {
    struct llm *llm;
    struct transfer *transfer;
    struct call **handle; /* of the cancel function; NULL when collected */
    int on_delta, done, shape_ref;
    const struct shape *shape; /* NULL: the body is answered as it is */
    enum mode mode;
    struct sse sse;
    struct reply reply;
    struct buf body;
    size_t told; /* bytes of the content that on_delta got */
    size_t counted; /* bytes of thoughts and arguments that on_delta heard of */
    uint64_t started;
};

/* ---- the text as it grows ---- */

/* Bytes of what is no content: of thoughts and arguments listeners get sizes only. */
static size_t beside_content(const struct reply *reply)
{
    size_t sum = reply->reasoning.len;
    for (size_t i = 0; i < reply->call_count; i++)
        sum += reply->calls[i].arguments.len;
    return sum;
}

/* What is new of the content, as far as it is settled that no key begins there. */
static void tell(struct call *call, bool last)
{
    struct buf *content = &call->reply.content;
    size_t len = content->len - call->told;
    if (call->on_delta == LUA_NOREF || call->mode != MODE_STREAM)
        return;
    struct llm_delta delta = {.fn = call->on_delta, .text = "", .beside = beside_content(&call->reply)};
    if (len) {
        delta.text = content->data + call->told;
        delta.len = transfer_hide(call->transfer, content->data + call->told, len, last);
    }
    call->told += delta.len;
    if (!delta.len && delta.beside == call->counted)
        return;
    call->counted = delta.beside;
    delta.calls = call->reply.call_count;
    lua_State *L = call->llm->bind->L;
    lua_pushcfunction(L, llm_deliver_delta);
    lua_pushlightuserdata(L, &delta);
    (void)bind_call(L, 1, 0);
}

/* ---- a body that is no model's ---- */

struct piece {
    const struct call *call;
    const char *bytes;
    size_t len;
};

/* (piece) -> whether it is enough; runs protected */
static int deliver_piece(lua_State *L)
{
    const struct piece *piece = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, piece->call->on_delta);
    lua_pushlstring(L, piece->bytes, piece->len);
    lua_pushstring(L, transfer_type(piece->call->transfer));
    lua_pushstring(L, transfer_session(piece->call->transfer));
    lua_call(L, 3, 1);
    return 1;
}

/* A piece as it came, for whoever asked without a shape and listens. */
static int hear(const struct call *call, const char *bytes, size_t len)
{
    struct piece piece = {call, bytes, len};
    lua_State *L = call->llm->bind->L;
    lua_pushcfunction(L, deliver_piece);
    lua_pushlightuserdata(L, &piece);
    if (bind_call(L, 1, 1))
        return 0; // the program ends
    bool enough = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return enough ? TRANSPORT_ENOUGH : 0;
}

/* ---- the end of a call ---- */

struct outcome {
    struct call *call;
    const struct err *err; /* NULL: success */
    const struct transport_result *result;
};

/* (outcome) calls done; runs protected */
static int deliver(lua_State *L)
{
    const struct outcome *o = lua_touserdata(L, 1);
    const struct call *call = o->call;
    int values = 1;
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->done);
    if (o->err)
        values = llm_push_failure(L, o->err, o->result, &call->reply);
    else if (call->shape)
        llm_push_reply(L, &call->reply);
    else
        llm_push_body(L, &call->body);
    if (o->result->status) { // into the table on the top
        lua_pushinteger(L, o->result->status);
        lua_setfield(L, -2, "status");
    }
    lua_pushinteger(L, (lua_Integer)((uv_hrtime() - call->started) / 1000000));
    lua_setfield(L, -2, "ms");
    lua_call(L, values, 0);
    return 0;
}

static void free_call(struct call *call)
{
    lua_State *L = call->llm->bind->L;
    if (call->handle)
        *call->handle = NULL;
    if (!call->llm->closing) {
        luaL_unref(L, LUA_REGISTRYINDEX, call->on_delta);
        luaL_unref(L, LUA_REGISTRYINDEX, call->done);
        luaL_unref(L, LUA_REGISTRYINDEX, call->shape_ref);
    }
    sse_clear(&call->sse);
    reply_clear(&call->reply);
    buf_clear(&call->body);
    free(call);
}

/* The message of an error's body belongs to the error. */
static void add_error_text(const struct call *call, const struct transport_result *result,
                           struct err *err)
{
    struct buf text = {0};
    if (result->code != ERR_HTTP || !result->body_len)
        return;
    reply_error_text(call->shape, result->body, result->body_len, &text);
    struct err plain = *err;
    if (buf_ok(&text) && text.len)
        err_set(err, plain.code, "%s: %s", plain.text, text.data);
    buf_clear(&text);
}

static int feed(struct call *call, const char *bytes, size_t len, struct err *err);

/* Some servers do not end their last event. One that is not whole is no JSON. */
static int end_stream(struct call *call, struct err *err)
{
    return call->mode == MODE_STREAM && !call->reply.done ? feed(call, "\n\n", 2, err) : 0;
}

static int end_reply(struct call *call, const struct transport_result *result, struct err *err)
{
    if (result->code) {
        *err = *result->err;
        add_error_text(call, result, err);
        return result->code;
    }
    if (!call->shape)
        return 0;
    int rc = call->mode == MODE_BODY
                 ? reply_body(&call->reply, call->body.data, call->body.len, err)
                 : end_stream(call, err);
    if (rc)
        return rc;
    llm_hide_keys(&call->reply, call->transfer); // pieces that were clean may have made one
    return reply_end(&call->reply, err);
}

static void on_done(void *ctx, const struct transport_result *result)
{
    struct call *call = ctx;
    struct err err = {0};
    struct outcome o = {.call = call, .result = result};
    if (end_reply(call, result, &err))
        o.err = &err;
    lua_State *L = call->llm->bind->L;
    if (!call->llm->closing) {
        if (!o.err)
            tell(call, true);
        lua_pushcfunction(L, deliver);
        lua_pushlightuserdata(L, &o);
        FAULT(reply_before);
        (void)bind_call(L, 1, 0);
        FAULT(reply_after);
    }
    free_call(call);
}

/* ---- the body ---- */

struct feed {
    struct call *call;
    struct err *err;
};

static int feed(struct call *call, const char *bytes, size_t len, struct err *err)
{
    struct feed into = {call, err};
    call->sse.ctx = &into;
    return sse_feed(&call->sse, bytes, len, err);
}

static int on_event(void *ctx, const struct sse_event *event)
{
    const struct feed *from = ctx;
    return reply_event(&from->call->reply, event->data, event->data_len, from->err);
}

/* Blanks and a byte order mark, which mean nothing before a body of either kind. */
static size_t blanks(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && bytes[i] && strchr(" \t\r\n\xEF\xBB\xBF", bytes[i]))
        i++;
    return i;
}

static bool has_suffix(const char *text, const char *suffix)
{
    size_t len = strlen(text), end = strlen(suffix);
    return len > end && strcmp(text + len - end, suffix) == 0;
}

/* What the body is says its first byte, for some servers stream what they call JSON, and others
 * answer an error to who asked for a stream under a stream's type: JSON begins as no line of a
 * stream does. What is neither is what its media type says. */
static int choose_mode(struct call *call, char first, struct err *err)
{
    const char *type = transfer_type(call->transfer);
    bool json = strcmp(type, "application/json") == 0 || has_suffix(type, "+json");
    bool open = !*type || strcmp(type, "text/plain") == 0 ||
                strcmp(type, "text/event-stream") == 0 ||
                strcmp(type, "application/octet-stream") == 0;
    if (!call->shape)
        call->mode = MODE_BODY;
    else if (!json && !open)
        return err_set(err, ERR_PROTOCOL, "the endpoint answered %s, not a model's reply", type);
    else
        call->mode = first == '{' || first == '[' || (json && !strchr("dei:r", first))
                         ? MODE_BODY
                         : MODE_STREAM;
    return 0;
}

static int on_body(void *ctx, const char *bytes, size_t len, struct err *err)
{
    struct call *call = ctx;
    if (!call->shape && call->on_delta != LUA_NOREF)
        return hear(call, bytes, len);
    if (call->mode == MODE_UNKNOWN && call->shape) {
        size_t skipped = blanks(bytes, len);
        bytes += skipped;
        len -= skipped;
    }
    if (len == 0)
        return 0;
    if (call->mode == MODE_UNKNOWN && choose_mode(call, *bytes, err))
        return ERR_PROTOCOL;
    if (call->mode == MODE_BODY) {
        buf_put(&call->body, bytes, len);
        return buf_ok(&call->body) ? 0 : err_set(err, ERR_MEMORY, "out of memory for a reply");
    }
    int rc = feed(call, bytes, len, err);
    tell(call, false); // once for all events that came together
    return rc ? rc : call->reply.done ? TRANSPORT_ENOUGH : 0;
}

static const struct transport_events events = {on_body, on_done};

/* ---- the module ---- */

static struct llm *l_self(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(2));
}

static int open_transport(struct llm *llm, struct err *err)
{
    if (llm->transport)
        return 0;
    return transport_open(&llm->transport, llm->bind->loop, llm->secrets, err);
}

/* cancel(): the call ends with ERR_CANCELED in the loop's next turn */
static int l_cancel(lua_State *L)
{
    struct call **handle = lua_touserdata(L, lua_upvalueindex(1));
    if (*handle)
        transport_cancel((*handle)->transfer);
    return 0;
}

static int handle_gc(lua_State *L)
{
    struct call **handle = luaL_checkudata(L, 1, HANDLE_TYPE);
    if (*handle)
        (*handle)->handle = NULL;
    *handle = NULL;
    return 0;
}

static int keep_function(lua_State *L, int idx)
{
    return lua_isnil(L, idx) ? LUA_NOREF : bind_keep(L, idx);
}

/* Everything that may raise: options, references, the closure of cancel (left on the top). */
static struct call **prepare(lua_State *L, struct transport_request *request, struct call *blank)
{
    struct llm_caps caps = {0};
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    llm_read_request(L, 1, request, &caps);
    lua_getfield(L, 1, "shape");
    blank->shape = lua_isnil(L, -1) ? NULL : luaL_checkudata(L, -1, LLM_SHAPE_TYPE);
    blank->shape_ref = keep_function(L, -1);
    blank->on_delta = keep_function(L, 2);
    blank->done = keep_function(L, 3);
    sse_init(&blank->sse, caps.line, caps.event, on_event, NULL);
    reply_init(&blank->reply, blank->shape);
    struct call **handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = NULL;
    luaL_setmetatable(L, HANDLE_TYPE);
    lua_pushcclosure(L, l_cancel, 1);
    return handle;
}

/* 0, or a code with nothing started. Does not raise. */
static int start(struct llm *llm, lua_State *L, struct transport_request *request,
                 struct call **handle, const struct call *blank)
{
    struct call *call = malloc(sizeof *call);
    int rc = call ? open_transport(llm, NULL) : ERR_MEMORY;
    if (rc == 0)
        rc = llm_copy_body(L, 1, request, NULL);
    if (rc == 0) {
        *call = *blank;
        call->started = uv_hrtime();
        rc = transport_start(llm->transport, request, &events, call, &call->transfer, NULL);
    }
    if (rc) {
        free(call);
        return rc;
    }
    call->handle = handle;
    *handle = call;
    return 0;
}

/* Without a shape the pieces of the body go to on_delta(bytes, type, session) as they come, which
 * answers true when that was enough; without either the body is answered whole. llm.post(request,
 * on_delta: fun(text)|nil, done: fun(reply|nil, message?, code?, info?)) -> cancel */
static int l_post(lua_State *L)
{
    struct transport_request request;
    struct call blank = {.llm = l_self(L)};
    lua_settop(L, 3);
    struct call **handle = prepare(L, &request, &blank);
    if (start(l_self(L), L, &request, handle, &blank) == 0)
        return 1;
    luaL_unref(L, LUA_REGISTRYINDEX, blank.on_delta);
    luaL_unref(L, LUA_REGISTRYINDEX, blank.shape_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, blank.done);
    return luaL_error(L, "out of memory");
}

/* llm.key(name, {env=|file=, origin=?, header=?}) -> true | nil, message, code, fix? */
static int l_key(lua_State *L)
{
    static const char *const known[] = {"env", "file", "origin", "header", NULL};
    struct llm *llm = l_self(L);
    struct err err = {0};
    char origin[ENDPOINT_URL_MAX + 64];
    const char *name = luaL_checkstring(L, 1);
    bind_check_options(L, 2, known);
    lua_getfield(L, 2, "env");
    lua_getfield(L, 2, "file");
    lua_getfield(L, 2, "origin");
    lua_getfield(L, 2, "header");
    struct secret_source source = {
        .env = luaL_optstring(L, 3, NULL),
        .file = luaL_optstring(L, 4, NULL),
        .origin = luaL_optstring(L, 5, NULL),
        .header = luaL_optstring(L, 6, NULL),
    };
    if (source.origin) {
        if (open_transport(llm, &err) ||
            transport_origin(llm->transport, source.origin, origin, sizeof origin, &err))
            return bind_fail(L, &err);
        source.origin = origin;
    }
    if (secret_define(llm->secrets, name, &source, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* llm.warm(): without memory for it, the first request tries again */
static int l_warm(lua_State *L)
{
    (void)open_transport(l_self(L), NULL);
    return 0;
}

/* llm.count() -> number of calls that have not ended */
static int l_count(lua_State *L)
{
    struct llm *llm = l_self(L);
    lua_pushinteger(L, llm->transport ? (lua_Integer)transport_count(llm->transport) : 0);
    return 1;
}

/* The state is closing: calls are freed without entering Lua. */
static int llm_gc(lua_State *L)
{
    struct llm *llm = luaL_checkudata(L, 1, MODULE_TYPE);
    llm->closing = true;
    llm->bind->secrets = NULL;
    transport_close(llm->transport);
    secrets_close(llm->secrets);
    llm->transport = NULL;
    llm->secrets = NULL;
    return 0;
}

static const luaL_Reg functions[] = {
    {"count", l_count},     {"key", l_key},   {"post", l_post},
    {"shape", llm_l_shape}, {"warm", l_warm}, {NULL, NULL},
};

static const luaL_Reg no_methods[] = {{NULL, NULL}};

int luaopen_orket_llm(lua_State *L)
{
    bind_type(L, MODULE_TYPE, no_methods, llm_gc);
    bind_type(L, HANDLE_TYPE, no_methods, handle_gc);
    llm_shape_type(L);
    lua_newtable(L);
    lua_pushlightuserdata(L, bind_of(L));
    struct llm *llm = lua_newuserdatauv(L, sizeof *llm, 0);
    *llm = (struct llm){.bind = bind_of(L), .secrets = secrets_open()};
    luaL_setmetatable(L, MODULE_TYPE);
    llm->bind->secrets = llm->secrets;
    if (!llm->secrets)
        return luaL_error(L, "out of memory");
    luaL_setfuncs(L, functions, 2);
    return 1;
}
