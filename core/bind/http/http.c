/* http.c: `orket.core.http`: the HTTP server for trusted Lua. */
#include "bind/http/http.h"

#include <string.h>

#include "io/net/http/activation.h"

#define SERVER_TYPE "orket.http.server"

/* ---- from the loop ---- */

struct arrival {
    struct server *server;
    struct http_exchange *x;
    const struct http_request *request;
    struct response *response; /* holds the exchange; kept by ref */
    int ref;
};

static void push_request(lua_State *L, const struct server *server,
                         const struct http_request *request)
{
    const struct keyring *keyring = server->keyring;
    lua_createtable(L, 0, 8);
    if (keyring) {
        l_keyring_push_verdict(L, server->bind, keyring, request);
        lua_setfield(L, -2, "credential");
        body_push(L, server->bind, request);
        lua_setfield(L, -3, "passwords");
    } else {
        lua_pushlstring(L, request->body, request->body_len);
    }
    lua_setfield(L, -2, "body");
    lua_pushstring(L, request->method);
    lua_setfield(L, -2, "method");
    lua_pushstring(L, request->target);
    lua_setfield(L, -2, "target");
    lua_pushstring(L, request->path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, request->query);
    lua_setfield(L, -2, "query");
    lua_createtable(L, 0, (int)request->header_count);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *h = &request->headers[i];
        const char *value = keyring ? l_keyring_shown(h) : h->value;
        if (!value)
            continue;
        if (lua_getfield(L, -1, h->name) == LUA_TSTRING) // several lines of a name are one list
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), value);
        else
            lua_pushstring(L, value);
        lua_setfield(L, -3, h->name);
        lua_pop(L, 1);
    }
    lua_setfield(L, -2, "headers");
}

/* (arrival) makes request and response, calls on_request; runs protected */
static int deliver(lua_State *L)
{
    struct arrival *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->server->on_request);
    push_request(L, a->server, a->request);
    a->response = response_push(L, a->server, a->x);
    a->ref = bind_keep(L, -1);
    lua_call(L, 2, 0);
    return 0;
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *request)
{
    struct server *server = ctx;
    lua_State *L = server->bind->L;
    struct arrival a = {server, x, request, NULL, LUA_NOREF};
    lua_pushcfunction(L, deliver);
    lua_pushlightuserdata(L, &a);
    int rc = bind_try(L, 1, 0);
    if (rc && a.response && a.response->x) // the handler is broken
        response_end(a.response, response_fail);
    else if (rc && !a.response)
        response_fail(x);
    luaL_unref(L, LUA_REGISTRYINDEX, a.ref);
}

struct refusal {
    const struct server *server;
    const char *peer, *why;
    int status;
    char *id;
};

/* (refusal) calls on_refused(address, status, code, why) -> id; runs protected */
static int report_refusal(lua_State *L)
{
    struct refusal *r = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->server->on_refused);
    lua_pushstring(L, r->peer);
    lua_pushinteger(L, r->status);
    lua_pushstring(L, err_name(http_refusal_code(r->status)));
    lua_pushstring(L, r->why);
    lua_call(L, 4, 1);
    const char *id = lua_tostring(L, -1);
    snprintf(r->id, HTTP_ID, "%s", id ? id : "");
    return 0;
}

static void on_refused(void *ctx, const char *peer, int status, const char *why, char id[HTTP_ID])
{
    struct refusal refusal = {ctx, peer, why, status, id};
    lua_State *L = refusal.server->bind->L;
    if (refusal.server->on_refused == LUA_NOREF || refusal.server->collecting)
        return;
    lua_pushcfunction(L, report_refusal);
    lua_pushlightuserdata(L, &refusal);
    (void)bind_try(L, 1, 0);
}

/* ---- servers ---- */

static struct server *l_check_server(lua_State *L)
{
    return luaL_checkudata(L, 1, SERVER_TYPE);
}

static void close_server(struct server *server)
{
    lua_State *L = server->bind->L;
    struct http_server *http = server->http;
    server->http = NULL;
    http_close(http);
    if (!server->collecting) {
        luaL_unref(L, LUA_REGISTRYINDEX, server->on_request);
        luaL_unref(L, LUA_REGISTRYINDEX, server->on_drained);
        luaL_unref(L, LUA_REGISTRYINDEX, server->on_refused);
        luaL_unref(L, LUA_REGISTRYINDEX, server->self);
    }
    server->on_request = server->on_drained = server->on_refused = server->self = LUA_NOREF;
}

/* Once: the last connection is gone. */
static void on_drained(void *ctx)
{
    struct server *server = ctx;
    int fn = server->on_drained;
    if (fn == LUA_NOREF || server->collecting)
        return;
    server->on_drained = LUA_NOREF;
    bind_take(server->bind, fn);
    lua_pushboolean(server->bind->L, true);
    (void)bind_call(server->bind->L, 1, 0);
}

/* server:drain(done: fun(true))   takes no further request; done when no connection is left */
static int l_drain(lua_State *L)
{
    struct server *server = l_check_server(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    bool can = server->http && server->on_drained == LUA_NOREF;
    luaL_argcheck(L, can, 1, "it is closed, or drained");
    server->on_drained = bind_keep(L, 2);
    http_drain(server->http);
    return 0;
}

/* server:close()   drops every connection */
static int l_close(lua_State *L)
{
    close_server(l_check_server(L));
    return 0;
}

/* server:port() -> integer */
static int l_port(lua_State *L)
{
    struct server *server = l_check_server(L);
    luaL_argcheck(L, server->http, 1, "the server is closed");
    lua_pushinteger(L, http_port(server->http));
    return 1;
}

static int server_gc(lua_State *L)
{
    struct server *server = l_check_server(L);
    server->collecting = lua_gettop(L) == 1; // not __close: only a state that goes down collects it
    close_server(server);
    return 0;
}

static lua_Integer integer_option(lua_State *L, const char *name, lua_Integer otherwise)
{
    lua_getfield(L, 1, name);
    lua_Integer value = luaL_optinteger(L, -1, otherwise);
    lua_pop(L, 1);
    luaL_argcheck(L, value >= 0 && value <= INT32_MAX, 1, name);
    return value;
}

static uint32_t seconds_option(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
    lua_Number value = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    luaL_argcheck(L, value >= 0 && value <= 86400, 1, name);
    return (uint32_t)(value * 1000);
}

static const struct http_events events = {on_request, response_on_gone, response_on_writable,
                                         response_on_message, on_drained, on_refused};

/* http.listen({host?, port?, head?, body?, unsent?, connections?, idle?, head_seconds?, receive?,
 *              send?, half_closed?, keyring?, socket?},
 *             on_request: fun(request, response)
 *             [, on_refused: fun(address, status, code, why) -> id])
 *   -> server | nil, message, code
 * Bytes and seconds; host is a numeric address, loopback by default; port 0 = any. With a keyring
 * (http.keyring) each request says whether it has it, and Lua sees no credential. */
static int l_listen(lua_State *L)
{
    static const char *const known[] = {"host",        "port", "head",    "body", "unsent",
                                        "connections", "idle", "head_seconds", "receive", "send",
                                        "keyring", "socket", "half_closed", NULL};
    bind_check_options(L, 1, known);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 3);
    bool has_listener = !lua_isnil(L, 3);
    if (has_listener)
        luaL_checktype(L, 3, LUA_TFUNCTION);
    struct err err = {0};
    struct http_limits limits = {
        .head = (size_t)integer_option(L, "head", 0),
        .body = (size_t)integer_option(L, "body", 0),
        .unsent = (size_t)integer_option(L, "unsent", 0),
        .connections = (unsigned)integer_option(L, "connections", 0),
        .idle_ms = seconds_option(L, "idle"),
        .head_ms = seconds_option(L, "head_seconds"),
        .receive_ms = seconds_option(L, "receive"),
        .send_ms = seconds_option(L, "send"),
        .half_closed_ms = seconds_option(L, "half_closed"),
        .socket = (int)integer_option(L, "socket", 0),
    };
    unsigned port = (unsigned)integer_option(L, "port", 0);
    lua_getfield(L, 1, "host");
    const char *host = luaL_optstring(L, -1, "127.0.0.1");
    lua_getfield(L, 1, "keyring");
    struct server *server = lua_newuserdatauv(L, sizeof *server, 1);
    *server = (struct server){.bind = bind_of(L),
                              .on_request = LUA_NOREF,
                              .on_drained = LUA_NOREF,
                              .on_refused = LUA_NOREF,
                              .self = LUA_NOREF,
                              .keyring = l_keyring_check(L, -2)};
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, 1); // the keyring lives as long as the server
    luaL_setmetatable(L, SERVER_TYPE);
    server->on_request = bind_keep(L, 2);
    if (has_listener)
        server->on_refused = bind_keep(L, 3);
    server->self = bind_keep(L, -1);
    if (http_listen(&server->http, server->bind->loop, host, port, &limits, &events, server,
                    &err)) {
        close_server(server);
        return bind_fail(L, &err);
    }
    return 1;
}

static const luaL_Reg server_methods[] = {
    {"close", l_close},
    {"drain", l_drain},
    {"port", l_port},
    {NULL, NULL},
};

/* http.passed() -> {socket, host, port} | false | nil, message, code, fix: what systemd started
 * this process with; false: nothing */
static int l_passed(lua_State *L)
{
    char host[ACTIVATION_HOST];
    unsigned port;
    struct err err = {0};
    int fd = activation_socket(host, &port, &err);
    if (err.code)
        return bind_fail(L, &err);
    if (fd < 0) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, fd);
    lua_setfield(L, -2, "socket");
    lua_pushstring(L, host);
    lua_setfield(L, -2, "host");
    lua_pushinteger(L, (lua_Integer)port);
    lua_setfield(L, -2, "port");
    return 1;
}

/* http.notify(state): "READY=1", "STOPPING=1", for systemd */
static int l_notify(lua_State *L)
{
    activation_notify(luaL_checkstring(L, 1));
    return 0;
}

static const luaL_Reg functions[] = {
    {"keyring", l_keyring_of},
    {"listen", l_listen},
    {"notify", l_notify},
    {"passed", l_passed},
    {NULL, NULL},
};

int luaopen_orket_http(lua_State *L)
{
    response_open(L);
    secret_text_open(L);
    l_keyring_open(L);
    bind_type(L, SERVER_TYPE, server_methods, server_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
