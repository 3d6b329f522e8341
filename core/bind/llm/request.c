/* request.c: the options table of llm.post. */
#include "bind/llm/llm.h"

#include <string.h>

static const char *text_option(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "option '%s' must be a text", name);
    const char *text = lua_tostring(L, -1); // stays reachable through the table
    lua_pop(L, 1);
    return text;
}

static uint32_t seconds(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    lua_Number value = luaL_optnumber(L, -1, 0);
    lua_pop(L, 1);
    if (!(value >= 0 && value <= 86400))
        luaL_error(L, "deadline '%s' must be 0 to 86400 seconds", name);
    return value > 0 && value < 0.001 ? 1 : (uint32_t)(value * 1000);
}

static void read_deadlines(lua_State *L, int idx, struct transport_deadlines *out)
{
    static const char *const known[] = {"connect", "first_byte", "idle", "total", NULL};
    if (lua_getfield(L, idx, "deadlines") != LUA_TNIL) {
        int table = lua_gettop(L);
        bind_check_options(L, table, known);
        out->connect = seconds(L, table, "connect");
        out->first_byte = seconds(L, table, "first_byte");
        out->idle = seconds(L, table, "idle");
        out->total = seconds(L, table, "total");
    }
    lua_pop(L, 1);
}

static size_t bytes(lua_State *L, int idx, const char *name)
{
    lua_getfield(L, idx, name);
    lua_Integer value = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    if (value < 0)
        luaL_error(L, "cap '%s' is negative", name);
    return (size_t)value;
}

static void read_caps(lua_State *L, int idx, struct transport_caps *out, struct llm_caps *caps)
{
    static const char *const known[] = {"line", "event", "body", "headers", NULL};
    if (lua_getfield(L, idx, "caps") != LUA_TNIL) {
        int table = lua_gettop(L);
        bind_check_options(L, table, known);
        caps->line = bytes(L, table, "line");
        caps->event = bytes(L, table, "event");
        out->body = bytes(L, table, "body");
        out->headers = bytes(L, table, "headers");
    }
    lua_pop(L, 1);
}

static const char *header_line(lua_State *L)
{
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "headers are texts by name");
    size_t len;
    const char *line = lua_pushfstring(L, "%s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
    lua_tolstring(L, -1, &len);
    size_t parts = lua_rawlen(L, -3) + lua_rawlen(L, -2) + 2;
    if (len != parts)
        luaL_error(L, "a header has a NUL inside");
    return line;
}

/* Leaves an array userdata and the lines on the stack. */
static void read_headers(lua_State *L, int idx, struct transport_request *request)
{
    if (lua_getfield(L, idx, "headers") == LUA_TNIL)
        return;
    int table = lua_gettop(L);
    luaL_checktype(L, table, LUA_TTABLE);
    const char **lines = lua_newuserdatauv(L, TRANSPORT_HEADERS_MAX * sizeof *lines, 0);
    luaL_checkstack(L, TRANSPORT_HEADERS_MAX + 4, "headers");
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (request->header_count == TRANSPORT_HEADERS_MAX)
            luaL_error(L, "more than %d headers", TRANSPORT_HEADERS_MAX);
        lines[request->header_count++] = header_line(L); // key, value, line
        lua_replace(L, -2);                              // key, line
        lua_insert(L, -2);                               // line, key
    }
    request->headers = lines;
}

/* {from, to: {addresses}, user?}; leaves an array and the mail on the stack. */
static void read_mail(lua_State *L, int idx, struct transport_request *request)
{
    static const char *const known[] = {"from", "to", "user", NULL};
    if (lua_getfield(L, idx, "mail") == LUA_TNIL)
        return;
    int table = lua_gettop(L);
    bind_check_options(L, table, known);
    const char **to = lua_newuserdatauv(L, TRANSPORT_MAIL_MAX * sizeof *to, 0);
    struct transport_mail *mail = lua_newuserdatauv(L, sizeof *mail, 0);
    *mail = (struct transport_mail){.from = text_option(L, table, "from"),
                                    .user = text_option(L, table, "user"), .to = to};
    luaL_argcheck(L, mail->from, idx, "mail.from is missing");
    lua_getfield(L, table, "to");
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_Integer count = luaL_len(L, -1);
    luaL_argcheck(L, count <= TRANSPORT_MAIL_MAX, idx, "mail.to has too many");
    luaL_checkstack(L, TRANSPORT_MAIL_MAX + 4, "mail");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, table + 3, i);
        to[mail->to_count++] = luaL_checkstring(L, -1);
    }
    request->mail = mail;
}

static void check_body(lua_State *L, int idx)
{
    int type = lua_getfield(L, idx, "body");
    if (type == LUA_TTABLE) {
        lua_Integer count = luaL_len(L, -1);
        for (lua_Integer i = 1; i <= count; i++) {
            if (lua_rawgeti(L, -1, i) != LUA_TSTRING)
                luaL_error(L, "the pieces of a body are texts");
            lua_pop(L, 1);
        }
    } else if (type != LUA_TNIL && type != LUA_TSTRING) {
        luaL_error(L, "option 'body' must be a text or an array of texts");
    }
    lua_pop(L, 1);
}

void llm_read_request(lua_State *L, int idx, struct transport_request *request,
                      struct llm_caps *caps)
{
    static const char *const known[] = {"url",   "body",      "key",  "headers",
                                        "shape", "deadlines", "caps", "fresh", "private",
                                        "remove", "type", "mail", NULL};
    bind_check_options(L, idx, known);
    *request = (struct transport_request){.url = text_option(L, idx, "url")};
    luaL_argcheck(L, request->url, idx, "url is missing");
    request->key = text_option(L, idx, "key");
    request->type = text_option(L, idx, "type");
    lua_getfield(L, idx, "fresh");
    request->fresh = lua_toboolean(L, -1);
    lua_getfield(L, idx, "private");
    request->private = lua_toboolean(L, -1);
    lua_getfield(L, idx, "remove");
    request->remove = lua_toboolean(L, -1);
    lua_pop(L, 3);
    check_body(L, idx);
    read_deadlines(L, idx, &request->deadlines);
    read_caps(L, idx, &request->caps, caps);
    read_headers(L, idx, request);
    read_mail(L, idx, request);
}

/* Adds up the lengths; pieces were checked to be strings. */
static bool size_of_body(lua_State *L, int body, size_t *total)
{
    if (lua_type(L, body) == LUA_TSTRING) {
        *total = lua_rawlen(L, body);
        return true;
    }
    *total = 0;
    bool fits = true;
    lua_Integer count = (lua_Integer)lua_rawlen(L, body);
    for (lua_Integer i = 1; i <= count && fits; i++) {
        lua_rawgeti(L, body, i);
        fits = lua_type(L, -1) == LUA_TSTRING && add_ok(*total, lua_rawlen(L, -1), total);
        lua_pop(L, 1);
    }
    return fits;
}

static void copy_pieces(lua_State *L, int body, char *out)
{
    size_t len;
    if (lua_type(L, body) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, body, &len);
        memcpy(out, text, len);
        return;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, body);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, body, i);
        const char *text = lua_tolstring(L, -1, &len);
        memcpy(out, text, len);
        out += len;
        lua_pop(L, 1);
    }
}

int llm_copy_body(lua_State *L, int idx, struct transport_request *request, struct err *err)
{
    int rc = 0;
    lua_pushliteral(L, "body");
    lua_rawget(L, idx);
    int body = lua_gettop(L);
    if (!lua_isnil(L, body)) {
        if (size_of_body(L, body, &request->body_len))
            request->body = malloc(request->body_len + 1);
        if (request->body)
            copy_pieces(L, body, request->body);
        else
            rc = err_set(err, ERR_MEMORY, "out of memory for a request");
    }
    lua_pop(L, 1);
    return rc;
}
