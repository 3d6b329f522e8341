/* response.c: answers of the HTTP server, as userdata.
 *
 * A response belongs to one exchange; it is emptied when the exchange is over. One that Lua forgets
 * is answered 500 by the collector, so that no client waits forever. */
#include "bind/http/http.h"

#include <string.h>

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
    lua_pushliteral(bind->L, RESPONSE_GONE);
    lua_pushliteral(bind->L, "ERR_CANCELED");
    (void)bind_call(bind->L, 3, 0);
}

struct message {
    const char *text;
    size_t len;
};

/* (function, message): runs protected, because making a text may raise */
static int run_message(lua_State *L)
{
    const struct message *message = lua_touserdata(L, 2);
    lua_settop(L, 1);
    lua_pushlstring(L, message->text, message->len);
    lua_call(L, 1, 0);
    return 0;
}

void response_on_writable(void *data)
{
    struct response *r = data;
    if (r)
        call_kept(r, &r->on_writable, true);
}

void response_on_gone(void *data)
{
    struct response *r = data;
    if (!r)
        return;
    r->x = NULL;
    call_kept(r, &r->on_writable, false);
    call_kept(r, &r->on_gone, false);
}

void response_on_message(void *data, const char *text, size_t len)
{
    struct response *r = data;
    if (!r || r->on_message == LUA_NOREF || r->server->collecting)
        return;
    lua_State *L = r->server->bind->L;
    lua_pushcfunction(L, run_message);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->on_message);
    lua_pushlightuserdata(L, &(struct message){text, len});
    (void)bind_call(L, 2, 0);
}

static void forget(struct response *r)
{
    lua_State *L = r->server->bind->L;
    r->x = NULL;
    if (r->server->collecting)
        return;
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_gone);
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_writable);
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_message);
    r->on_gone = r->on_writable = r->on_message = LUA_NOREF;
}

void response_fail(struct http_exchange *x)
{
    const char *body = "internal error\n";
    if (http_send(x, 500, NULL, 0, body, strlen(body), NULL))
        http_abort(x); // the answer had begun
}

/* Ends an open exchange from our side. */
void response_end(struct response *r, void (*end)(struct http_exchange *))
{
    struct http_exchange *x = r->x;
    forget(r);
    if (x) {
        http_set_data(x, NULL);
        end(x);
    }
}

static struct response *l_check_response(lua_State *L)
{
    return luaL_checkudata(L, 1, RESPONSE_TYPE);
}

static int fail_gone(lua_State *L)
{
    struct err err = {0};
    err_set(&err, ERR_CANCELED, RESPONSE_GONE);
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

/* Puts a secret in the place of its mark; the body is borrowed until it is sent. */
static const char *with_secret(lua_State *L, int idx, const char *body, size_t *len)
{
    struct buf *out = bind_text(bind_of(L));
    secret_text_put(secret_text_check(L, idx), body, *len, out);
    if (!buf_ok(out))
        luaL_error(L, "out of memory");
    *len = out->len;
    return out->data;
}

/* response:send(status, headers|nil, body|nil, secret|nil) -> true | nil, message, code   the
 * exchange is over; a secret stands where the body has its mark */
static int l_send(lua_State *L)
{
    struct response *r = l_check_response(L);
    int status = (int)luaL_checkinteger(L, 2);
    size_t len, count;
    const char *body = luaL_optlstring(L, 4, "", &len);
    lua_settop(L, 5);
    const struct http_header *headers = read_headers(L, 3, &count);
    struct err err = {0};
    if (!r->x)
        return fail_gone(L);
    if (!lua_isnil(L, 5))
        body = with_secret(L, 5, body, &len);
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

/* response:upgrade(key, headers|nil) -> true | nil, message, code, fix   a WebSocket: each write is
 * a message */
static int l_upgrade(lua_State *L)
{
    struct response *r = l_check_response(L);
    const char *key = luaL_checkstring(L, 2);
    size_t count;
    lua_settop(L, 3);
    const struct http_header *headers = read_headers(L, 3, &count);
    struct err err = {0};
    if (!r->x)
        return fail_gone(L);
    if (http_upgrade(r->x, key, headers, count, &err))
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
    luaL_argcheck(L, r->on_writable == LUA_NOREF, 1,
                  "another caller waits for this response already");
    int ref = waits ? bind_keep(L, 3) : LUA_NOREF;
    int rc = r->x ? http_write(r->x, bytes, len, &err) : err_set(&err, ERR_CANCELED, RESPONSE_GONE);
    if (rc == 1) {
        r->on_writable = ref;
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
    response_end(l_check_response(L), http_abort);
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

/* response:on_message(fn: fun(text)|nil)   called for each text message of a WebSocket */
static int l_on_message(lua_State *L)
{
    struct response *r = l_check_response(L);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    int ref = lua_isnoneornil(L, 2) ? LUA_NOREF : bind_keep(L, 2);
    luaL_unref(L, LUA_REGISTRYINDEX, r->on_message);
    r->on_message = ref;
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
    response_end(l_check_response(L), response_fail);
    return 0;
}

/* response:peer() -> the client's address, "" when it is gone */
static int l_peer(lua_State *L)
{
    struct response *r = l_check_response(L);
    char text[HTTP_PEER] = "";
    if (r->x)
        http_peer(r->x, text);
    lua_pushstring(L, text);
    return 1;
}

static const luaL_Reg methods[] = {
    {"abort", l_abort},     {"finish", l_finish}, {"is_open", l_is_open},
    {"on_gone", l_on_gone}, {"on_message", l_on_message}, {"peer", l_peer},     {"send", l_send},
    {"start", l_start},     {"upgrade", l_upgrade}, {"write", l_write},
    {NULL, NULL},
};

void response_open(lua_State *L)
{
    bind_type(L, RESPONSE_TYPE, methods, response_gc);
}

struct response *response_push(lua_State *L, struct server *server, struct http_exchange *x)
{
    struct response *r = lua_newuserdatauv(L, sizeof *r, 1);
    *r = (struct response){.server = server, .on_gone = LUA_NOREF, .on_writable = LUA_NOREF,
                            .on_message = LUA_NOREF};
    luaL_setmetatable(L, RESPONSE_TYPE);
    lua_rawgeti(L, LUA_REGISTRYINDEX, server->self);
    lua_setiuservalue(L, -2, 1); // the server's memory outlives the response's
    r->x = x;
    http_set_data(x, r);
    return r;
}
