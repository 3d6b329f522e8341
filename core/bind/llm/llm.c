/* llm.c: `orket.core.llm`: requests to models, from their options to their end. Lua gets the
 * finished reply, and the text as it grows when it wants to (llm/body.c).
 *
 * Ownership: a call belongs to its transfer and is freed when that ends. Lua holds it only through
 * the handle of its cancel function, which the call empties. */
#include "bind/llm/llm.h"

#include "base/fault.h"
#include "io/net/transport/endpoint.h"

#define MODULE_TYPE "orket.llm.client"
#define HANDLE_TYPE "orket.llm.call"

/* ---- the end of a call ---- */

struct outcome {
    struct llm_call *call;
    const struct err *err; /* NULL: success */
    const struct transport_result *result;
};

/* (outcome) calls done; runs protected */
static int deliver(lua_State *L)
{
    const struct outcome *o = lua_touserdata(L, 1);
    const struct llm_call *call = o->call;
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

static void free_call(struct llm_call *call)
{
    lua_State *L = call->llm->bind->L;
    if (call->handle)
        *call->handle = NULL;
    if (!call->llm->closing) {
        luaL_unref(L, LUA_REGISTRYINDEX, call->on_delta);
        luaL_unref(L, LUA_REGISTRYINDEX, call->done);
        luaL_unref(L, LUA_REGISTRYINDEX, call->shape_ref);
    }
    llm_body_clear(call);
    free(call);
}

static void on_done(void *ctx, const struct transport_result *result)
{
    struct llm_call *call = ctx;
    struct err err = {0};
    struct outcome o = {.call = call, .result = result};
    if (llm_end_reply(call, result, &err))
        o.err = &err;
    lua_State *L = call->llm->bind->L;
    if (!call->llm->closing) {
        if (!o.err)
            llm_report(call, true);
        lua_pushcfunction(L, deliver);
        lua_pushlightuserdata(L, &o);
        FAULT(reply_before);
        (void)bind_call(L, 1, 0);
        FAULT(reply_after);
    }
    free_call(call);
}

static const struct transport_events events = {llm_on_body, on_done};

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
    struct llm_call **handle = lua_touserdata(L, lua_upvalueindex(1));
    if (*handle)
        transport_cancel((*handle)->transfer);
    return 0;
}

static int handle_gc(lua_State *L)
{
    struct llm_call **handle = luaL_checkudata(L, 1, HANDLE_TYPE);
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
static struct llm_call **prepare(lua_State *L, struct transport_request *request,
                                 struct llm_call *blank)
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
    llm_body_init(blank, &caps);
    struct llm_call **handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = NULL;
    luaL_setmetatable(L, HANDLE_TYPE);
    lua_pushcclosure(L, l_cancel, 1);
    return handle;
}

/* 0, or a code with nothing started. Does not raise. */
static int start(struct llm *llm, lua_State *L, struct transport_request *request,
                 struct llm_call **handle, const struct llm_call *blank)
{
    struct llm_call *call = malloc(sizeof *call);
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
    struct llm_call blank = {.llm = l_self(L)};
    lua_settop(L, 3);
    struct llm_call **handle = prepare(L, &request, &blank);
    if (start(l_self(L), L, &request, handle, &blank) == 0)
        return 1;
    luaL_unref(L, LUA_REGISTRYINDEX, blank.on_delta);
    luaL_unref(L, LUA_REGISTRYINDEX, blank.shape_ref);
    luaL_unref(L, LUA_REGISTRYINDEX, blank.done);
    return luaL_error(L, "out of memory");
}

/* llm.key(name, {env=|file=, origin=?, header=|user=|list=?}) -> true | nil, message, code, fix? */
static int l_key(lua_State *L)
{
    static const char *const known[] = {"env", "file", "origin", "header", "user", "list", NULL};
    struct llm *llm = l_self(L);
    struct err err = {0};
    char origin[ENDPOINT_URL_MAX + 64];
    const char *name = luaL_checkstring(L, 1);
    bind_check_options(L, 2, known);
    lua_getfield(L, 2, "env");
    lua_getfield(L, 2, "file");
    lua_getfield(L, 2, "origin");
    lua_getfield(L, 2, "header");
    lua_getfield(L, 2, "user");
    lua_getfield(L, 2, "list");
    struct secret_source source = {
        .env = luaL_optstring(L, 3, NULL),
        .file = luaL_optstring(L, 4, NULL),
        .origin = luaL_optstring(L, 5, NULL),
        .header = luaL_optstring(L, 6, NULL),
        .user = luaL_optstring(L, 7, NULL),
        .list = lua_toboolean(L, 8),
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

/* llm.sign(name, url, bytes) -> 64 hexadecimal digits | nil, message, code, fix? */
static int l_sign(lua_State *L)
{
    struct llm *llm = l_self(L);
    struct err err = {0};
    char origin[ENDPOINT_URL_MAX + 64], signature[SECRET_SIGNATURE_SIZE];
    size_t len;
    const char *name = luaL_checkstring(L, 1), *url = luaL_checkstring(L, 2);
    const char *bytes = luaL_checklstring(L, 3, &len);
    if (open_transport(llm, &err) ||
        transport_origin(llm->transport, url, origin, sizeof origin, &err) ||
        secret_sign(llm->secrets, name, origin, bytes, len, signature, &err))
        return bind_fail(L, &err);
    lua_pushstring(L, signature);
    return 1;
}

/* llm.hide(text) -> text with stars over the value of each key that has been defined */
static int l_hide(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    struct buf *out = bind_text(bind_of(L));
    buf_put(out, text, len);
    if (!buf_ok(out))
        return luaL_error(L, "not enough memory");
    (void)secrets_hide(l_self(L)->secrets, NULL, out->data, len, true);
    lua_pushlstring(L, out->data, len);
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
    {"count", l_count},     {"hide", l_hide}, {"key", l_key},   {"post", l_post},
    {"shape", llm_l_shape}, {"sign", l_sign}, {"warm", l_warm}, {NULL, NULL},
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
