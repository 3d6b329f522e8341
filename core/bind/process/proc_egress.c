/* proc_egress.c: what a program may reach, from Lua, and what it reached, for Lua. */
#include "bind/process/proc.h"

/* ---- the description ---- */

/* A host of the list at the top, which keeps its name alive. */
static void l_host(lua_State *L, lua_Integer i, struct egress_host *host)
{
    static const char *const known[] = {"host", "port", "private", NULL};
    lua_rawgeti(L, -1, i);
    luaL_checktype(L, -1, LUA_TTABLE);
    bind_check_options(L, lua_gettop(L), known);
    lua_getfield(L, -1, "host");
    host->name = proc_l_take_text(L, "host");
    host->port = (unsigned)proc_l_number(L, lua_gettop(L), "port", 1);
    lua_getfield(L, -1, "private");
    host->private = lua_toboolean(L, -1);
    lua_pop(L, 2);
}

/* {hosts = {{host, port, private?}, ...}, bytes, seconds} */
const struct egress_spec *proc_l_egress(lua_State *L, int idx)
{
    static const char *const known[] = {"hosts", "bytes", "seconds", NULL};
    if (lua_getfield(L, idx, "egress") == LUA_TNIL)
        return NULL;
    luaL_argcheck(L, lua_istable(L, -1), idx, "egress is a table");
    int at = lua_gettop(L);
    bind_check_options(L, at, known);
    struct egress_spec *egress = lua_newuserdatauv(L, sizeof *egress, 0);
    luaL_argcheck(L, lua_getfield(L, at, "hosts") == LUA_TTABLE, idx, "egress has hosts");
    lua_Integer count = luaL_len(L, -1);
    struct egress_host *hosts = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *hosts, 0);
    lua_insert(L, -2);
    for (lua_Integer i = 1; i <= count; i++)
        l_host(L, i, &hosts[i - 1]);
    *egress = (struct egress_spec){
        .hosts = hosts,
        .count = (size_t)count,
        .bytes = proc_l_number(L, at, "bytes", 1),
        .ms = proc_l_number(L, at, "seconds", 1000),
    };
    return egress;
}

/* ---- the result ---- */

static void set_number(lua_State *L, const char *name, uint64_t number)
{
    lua_pushinteger(L, (lua_Integer)number);
    lua_setfield(L, -2, name);
}

static void set_some(lua_State *L, const char *name, const char *text)
{
    if (!text || !text[0])
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static void push_request(lua_State *L, const struct egress_request *r)
{
    char hash[HASH_HEX + 1];
    lua_createtable(L, 0, 10);
    set_some(L, "host", r->host);
    set_some(L, "method", r->method);
    set_some(L, "path", r->path);
    set_some(L, "address", r->address);
    set_some(L, "rule", r->rule);
    set_some(L, "why", r->why);
    if (r->port)
        set_number(L, "port", r->port);
    if (r->status)
        set_number(L, "status", (uint64_t)r->status);
    set_number(L, "sent", r->sent);
    set_number(L, "received", r->received);
    hash_hex(&r->hash, hash);
    set_some(L, "hash", r->received ? hash : NULL);
}

void proc_push_requests(lua_State *L, const struct proc_result *r)
{
    if (!r->requests)
        return;
    lua_createtable(L, (int)r->request_count, 0);
    for (size_t i = 0; i < r->request_count; i++) {
        push_request(L, &r->requests[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "requests");
    set_some(L, "egress_limit", r->egress_limit);
}
