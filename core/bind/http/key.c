/* key.c: the administrator's key, as userdata: Lua can ask for it to be made and hands it to
 * http.listen; its text, and that of the credentials of requests, never enters Lua. */
#include "bind/http/http.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define KEY_TYPE "orket.http.key"
#define BEARER   "bearer "

struct admin_key *key_check(lua_State *L, int idx)
{
    return lua_isnil(L, idx) ? NULL : luaL_checkudata(L, idx, KEY_TYPE);
}

/* http.admin_key(dir, fresh: boolean) -> key, {source: "environment"|"file", made: boolean,
 * short: boolean} | nil, message, code, fix. The key of ORKET_API_KEY, else that of the directory.
 * One that is not there, or is to be fresh, is made, and written to standard output. */
int l_admin_key(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    bool fresh = lua_toboolean(L, 2), made = false;
    struct err err = {0};
    struct admin_key *key = lua_newuserdatauv(L, sizeof *key, 0);
    *key = (struct admin_key){0};
    luaL_setmetatable(L, KEY_TYPE);
    int rc = fresh ? ERR_NOT_FOUND : admin_key_from_env(key, &err);
    bool is_set = rc == 0;
    if (rc == ERR_NOT_FOUND) {
        rc = fresh ? ERR_NOT_FOUND : admin_key_open(key, dir, &err);
        made = rc == ERR_NOT_FOUND;
        if (made)
            rc = admin_key_make(key, dir, STDOUT_FILENO, &err);
    }
    if (rc)
        return bind_fail(L, &err);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, is_set ? "environment" : "file");
    lua_setfield(L, -2, "source");
    lua_pushboolean(L, made);
    lua_setfield(L, -2, "made");
    lua_pushboolean(L, key->is_short);
    lua_setfield(L, -2, "short");
    return 2;
}

bool key_is_credential(const char *header)
{
    return strcmp(header, "authorization") == 0 || strcmp(header, "x-api-key") == 0 ||
           strcmp(header, "cookie") == 0 || strcmp(header, "proxy-authorization") == 0;
}

/* The text of a credential, or NULL for another scheme than Bearer. */
static const char *credential_of(const struct http_header *header)
{
    if (strcmp(header->name, "x-api-key") == 0)
        return header->value;
    if (strncasecmp(header->value, BEARER, strlen(BEARER)) != 0)
        return NULL;
    const char *text = header->value + strlen(BEARER);
    return text + strspn(text, " ");
}

static bool is_ours(const char *name)
{
    return strcmp(name, "authorization") == 0 || strcmp(name, "x-api-key") == 0;
}

/* Two of them are two stories about who asks: refused, whatever they are. */
void key_push_verdict(lua_State *L, const struct admin_key *key,
                      const struct http_request *request)
{
    size_t count = 0;
    bool fits = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (!is_ours(header->name))
            continue;
        const char *text = credential_of(header);
        count++;
        fits = text && admin_key_fits(key, text, strlen(text));
    }
    if (count == 0)
        lua_pushnil(L);
    else
        lua_pushboolean(L, count == 1 && fits);
}

void key_open(lua_State *L)
{
    luaL_newmetatable(L, KEY_TYPE);
    lua_pop(L, 1);
}
