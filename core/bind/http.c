/* http.c: `orket.core.http`: the HTTP server for trusted Lua.
 *
 * A response belongs to one exchange; it is emptied when the exchange is over. One that Lua forgets
 * is answered 500 by the collector, so that no client waits forever. */
#include "io/http.h"

#include <string.h>

#include "bind/bind.h"

#define SERVER_TYPE "orket.http.server"
#define RESPONSE_TYPE "orket.http.response"
#define GONE "the client is gone"

struct server {
    struct bind *bind;
    struct http_server *http; /* NULL: closed */
    int on_request;
    int self; /* keeps it while it listens */
    bool collecting; /* the Lua state goes down: callbacks must not enter it */
};

struct response {
    struct server *server;
    struct http_exchange *x; /* NULL: over */
    int on_gone, on_drain;
};

/* ---- from the loop ---- */

/* Calls fn(values...) of a kept function, pushed by push(); forgets it. */
static void call_kept(struct response *r, int *ref, bool drained)
{
    struct bind *bind = r->server->bind;
    int fn = *ref;
    if (fn == LUA_NOREF || r->server->collecting)
        return;
    *ref = LUA_NOREF;
    bind_take(bind, fn);
    if (drained) {
        lua_pushboolean(bind->L, true);
        (void)bind_call(bind->L, 1, 0);
        return;
    }
    lua_pushnil(bind->L);
    lua_pushliteral(bind->L, GONE);
    lua_pushliteral(bind->L, "ERR_CANCELED");
    (void)bind_call(bind->L, 3, 0);
}

static void on_drain(void *data)
{
    struct response *r = data;
    if (r)
        call_kept(r, &r->on_drain, true);
}

static void on_gone(void *data)
{
    struct response *r = data;
    if (!r)
        return;
    r->x = NULL;
    call_kept(r, &r->on_drain, false);
    call_kept(r, &r->on_gone, false);
}

struct arrival {
    struct server *server;
    struct http_exchange *x;
    const struct http_request *request;
    struct response *response; /* holds the exchange; kept by ref */
    int ref;
};

static void push_request(lua_State *L, const struct http_request *request)
{
    lua_createtable(L, 0, 6);
    lua_pushstring(L, request->method);
    lua_setfield(L, -2, "method");
    lua_pushstring(L, request->target);
    lua_setfield(L, -2, "target");
    lua_pushstring(L, request->path);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, request->query);
    lua_setfield(L, -2, "query");
    lua_pushlstring(L, request->body, request->body_len);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, (int)request->header_count);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *h = &request->headers[i];
        if (lua_getfield(L, -1, h->name) == LUA_TSTRING) // several lines of a name are one list
            lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), h->value);
        else
            lua_pushstring(L, h->value);
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
    push_request(L, a->request);
    struct response *r = lua_newuserdatauv(L, sizeof *r, 1);
    *r = (struct response){.server = a->server, .on_gone = LUA_NOREF, .on_drain = LUA_NOREF};
    luaL_setmetatable(L, RESPONSE_TYPE);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->server->self);
    lua_setiuservalue(L, -2, 1); // the server's memory outlives the response's
    a->ref = bind_keep(L, -1);
    r->x = a->x;
    http_set_data(a->x, r);
    a->response = r;
    lua_call(L, 2, 0);
    return 0;
}

static void fail_exchange(struct http_exchange *x)
{
    const char *body = "internal error\n";
    if (http_send(x, 500, NULL, 0, body, strlen(body), NULL))
        http_abort(x); // the answer had begun
}

static void forget(struct response *r)
{
    lua_State *L = r->server->bind->L;
    r->x = NULL;
    if (r->server->collecting)
        return;
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_gone);
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_drain);
    r->on_gone = r->on_drain = LUA_NOREF;
}

/* Ends an open exchange from our side. */
static void end_with(struct response *r, void (*end)(struct http_exchange *))
{
    struct http_exchange *x = r->x;
    forget(r);
    if (x) {
        http_set_data(x, NULL);
        end(x);
    }
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *request)
{
    struct server *server = ctx;
    lua_State *L = server->bind->L;
    struct arrival a = {server, x, request, NULL, LUA_NOREF};
    lua_pushcfunction(L, deliver);
    lua_pushlightuserdata(L, &a);
    int rc = bind_call(L, 1, 0);
    if (rc && a.response && a.response->x) // the handler is broken
        end_with(a.response, fail_exchange);
    else if (rc && !a.response)
        fail_exchange(x);
    luaL_unref(L, LUA_REGISTRYINDEX, a.ref);
}

/* ---- responses ---- */

static struct response *l_check_response(lua_State *L)
{
    return luaL_checkudata(L, 1, RESPONSE_TYPE);
}

static int fail_gone(lua_State *L)
{
    struct err err = {0};
    err_set(&err, ERR_CANCELED, GONE);
    return bind_fail(L, &err);
}

static void add_header(lua_State *L, struct http_header *out, size_t *count, int name, int value)
{
    if (*count == HTTP_HEADERS_MAX)
        luaL_error(L, "more than %d headers", HTTP_HEADERS_MAX);
    out[*count] = (struct http_header){lua_tostring(L, name), lua_tostring(L, value)};
    if (strlen(out[*count].name) != lua_rawlen(L, name) ||
        strlen(out[*count].value) != lua_rawlen(L, value))
        luaL_error(L, "a header has a NUL inside");
    ++*count;
}

/* Headers {name = value | {value, ...}} as an array (userdata, left on the stack). */
static struct http_header *read_headers(lua_State *L, int idx, size_t *count)
{
    struct http_header *out = lua_newuserdatauv(L, HTTP_HEADERS_MAX * sizeof *out, 0);
    *count = 0;
    if (lua_isnoneornil(L, idx))
        return out;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, idx)) {
        int value = lua_gettop(L), name = value - 1;
        luaL_argcheck(L, lua_type(L, name) == LUA_TSTRING, idx, "header names are texts");
        if (lua_type(L, value) == LUA_TSTRING) {
            add_header(L, out, count, name, value);
        } else {
            luaL_checktype(L, value, LUA_TTABLE);
            for (lua_Integer i = 1; lua_rawgeti(L, value, i) == LUA_TSTRING; i++) {
                add_header(L, out, count, name, value + 1);
                lua_pop(L, 1); // still referenced by the table
            }
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return out;
}

/* response:send(status, headers|nil, body|nil) -> true | nil, message, code   the exchange is over */
static int l_send(lua_State *L)
{
    struct response *r = l_check_response(L);
    int status = (int)luaL_checkinteger(L, 2);
    size_t len, count;
    const char *body = luaL_optlstring(L, 4, "", &len);
    lua_settop(L, 4);
    const struct http_header *headers = read_headers(L, 3, &count);
    struct err err = {0};
    if (!r->x)
        return fail_gone(L);
    if (http_send(r->x, status, headers, count, body, len, &err))
        return luaL_error(L, "%s", err.text);
    forget(r);
    lua_pushboolean(L, true);
    return 1;
}

/* response:start(status, headers|nil) -> true | nil, message, code */
static int l_start(lua_State *L)
{
    struct response *r = l_check_response(L);
    int status = (int)luaL_checkinteger(L, 2);
    size_t count;
    lua_settop(L, 3);
    const struct http_header *headers = read_headers(L, 3, &count);
    struct err err = {0};
    if (!r->x)
        return fail_gone(L);
    int rc = http_start(r->x, status, headers, count, &err);
    if (rc == ERR_USAGE)
        return luaL_error(L, "%s", err.text);
    if (rc)
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* response:write(bytes, done: fun(true|nil, message?, code?)|nil) -> unsent | nil, message, code
 * done is called when there is room for more: async.await(response.write, response, bytes). */
static int l_write(lua_State *L)
{
    struct response *r = l_check_response(L);
    size_t len;
    const char *bytes = luaL_checklstring(L, 2, &len);
    bool waits = !lua_isnoneornil(L, 3);
    struct err err = {0};
    if (waits)
        luaL_checktype(L, 3, LUA_TFUNCTION);
    luaL_argcheck(L, r->on_drain == LUA_NOREF, 1, "somebody waits for this response already");
    int ref = waits ? bind_keep(L, 3) : LUA_NOREF;
    int rc = r->x ? http_write(r->x, bytes, len, &err) : err_set(&err, ERR_CANCELED, GONE);
    if (rc == 1) {
        r->on_drain = ref;
        lua_pushinteger(L, (lua_Integer)http_unsent(r->x));
        return 1;
    }
    luaL_unref(L, LUA_REGISTRYINDEX, ref);
    if (rc == ERR_USAGE)
        return luaL_error(L, "%s", err.text);
    int values = rc ? bind_fail(L, &err) : (lua_pushinteger(L, (lua_Integer)http_unsent(r->x)), 1);
    if (waits) {
        lua_pushvalue(L, 3);
        for (int i = 0; i < values; i++)
            lua_pushvalue(L, -values - 1);
        lua_call(L, values, 0);
    }
    return values;
}

/* response:finish() -> true | nil, message, code */
static int l_finish(lua_State *L)
{
    struct response *r = l_check_response(L);
    struct err err = {0};
    if (!r->x)
        return fail_gone(L);
    if (http_finish(r->x, &err))
        return luaL_error(L, "%s", err.text);
    forget(r);
    lua_pushboolean(L, true);
    return 1;
}

/* response:abort()   cuts the connection after what was written; harmless when it is over */
static int l_abort(lua_State *L)
{
    end_with(l_check_response(L), http_abort);
    return 0;
}

/* response:on_gone(fn: fun(nil, message, code)|nil)   called once when the client leaves early */
static int l_on_gone(lua_State *L)
{
    struct response *r = l_check_response(L);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    int ref = lua_isnoneornil(L, 2) ? LUA_NOREF : bind_keep(L, 2);
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_gone);
    r->on_gone = ref;
    return 0;
}

/* response:is_open() -> boolean */
static int l_is_open(lua_State *L)
{
    lua_pushboolean(L, l_check_response(L)->x != NULL);
    return 1;
}

static int response_gc(lua_State *L)
{
    end_with(l_check_response(L), fail_exchange);
    return 0;
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
        luaL_unref(L, LUA_REGISTRYINDEX, server->self);
    }
    server->on_request = server->self = LUA_NOREF;
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

static const struct http_events events = {on_request, on_gone, on_drain};

/* http.listen({host?, port?, head?, body?, unsent?, connections?, idle?, receive?, send?},
 *             on_request: fun(request, response)) -> server | nil, message, code
 * Bytes and seconds; host is a numeric address, loopback by default; port 0 = any. */
static int l_listen(lua_State *L)
{
    static const char *const known[] = {"host", "port", "head", "body", "unsent", "connections",
                                        "idle", "receive", "send", NULL};
    bind_check_options(L, 1, known);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    struct err err = {0};
    struct http_limits limits = {
        .head = (size_t)integer_option(L, "head", 0),
        .body = (size_t)integer_option(L, "body", 0),
        .unsent = (size_t)integer_option(L, "unsent", 0),
        .connections = (unsigned)integer_option(L, "connections", 0),
        .idle_ms = seconds_option(L, "idle"),
        .receive_ms = seconds_option(L, "receive"),
        .send_ms = seconds_option(L, "send"),
    };
    unsigned port = (unsigned)integer_option(L, "port", 0);
    lua_getfield(L, 1, "host");
    const char *host = luaL_optstring(L, -1, "127.0.0.1");
    struct server *server = lua_newuserdatauv(L, sizeof *server, 0);
    *server = (struct server){.bind = bind_of(L), .on_request = LUA_NOREF, .self = LUA_NOREF};
    luaL_setmetatable(L, SERVER_TYPE);
    server->on_request = bind_keep(L, 2);
    server->self = bind_keep(L, -1);
    if (http_listen(&server->http, server->bind->loop, host, port, &limits, &events, server, &err)) {
        close_server(server);
        return bind_fail(L, &err);
    }
    return 1;
}

static const luaL_Reg response_methods[] = {
    {"abort", l_abort},     {"finish", l_finish}, {"is_open", l_is_open}, {"on_gone", l_on_gone},
    {"send", l_send},       {"start", l_start},   {"write", l_write},     {NULL, NULL},
};

static const luaL_Reg server_methods[] = {
    {"close", l_close},
    {"port", l_port},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"listen", l_listen},
    {NULL, NULL},
};

int luaopen_orket_http(lua_State *L)
{
    bind_type(L, RESPONSE_TYPE, response_methods, response_gc);
    bind_type(L, SERVER_TYPE, server_methods, server_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
