/* keyring.c: a keyring as userdata: Lua can ask for the administrator's key to be made, adds access
 * keys by their ids, has tokens signed, and hands it to http.listen; their texts, and those of the
 * credentials of requests, never enter Lua. */
#include "bind/http/http.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/base64.h"
#include "script/value.h"

#define KEYRING_TYPE "orket.http.keyring"
#define BEARER   "bearer "
#define PROTOCOL "orket"
#define OFFER    "orket.bearer."

struct keyring *l_keyring_check(lua_State *L, int idx)
{
    return lua_isnil(L, idx) ? NULL : luaL_checkudata(L, idx, KEYRING_TYPE);
}

/* The administrator's key: of the environment, else of the directory, else a new one. */
static int open_admin(struct admin_key *key, const char *dir, bool fresh, bool *is_set, bool *made,
                      struct err *err)
{
    int rc = fresh ? ERR_NOT_FOUND : admin_key_from_env(key, err);
    *is_set = rc == 0;
    *made = false;
    if (rc != ERR_NOT_FOUND)
        return rc;
    rc = fresh ? ERR_NOT_FOUND : admin_key_open(key, dir, err);
    *made = rc == ERR_NOT_FOUND;
    return *made ? admin_key_make(key, dir, STDOUT_FILENO, err) : rc;
}

/* http.keyring(dir, fresh: boolean) -> keyring, {source: "environment"|"file", made: boolean,
 * short: boolean} | nil, message, code, fix. The key of ORKET_API_KEY, else that of the directory.
 * One that is not there, or is to be fresh, is made, and written to standard output. */
int l_keyring_of(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    bool fresh = lua_toboolean(L, 2), is_set, made;
    struct err err = {0};
    struct keyring *keyring = lua_newuserdatauv(L, sizeof *keyring, 0);
    *keyring = (struct keyring){0};
    luaL_setmetatable(L, KEYRING_TYPE);
    int rc = keyring_init(keyring, &err);
    rc = rc ? rc : open_admin(&keyring->admin, dir, fresh, &is_set, &made, &err);
    if (rc)
        return bind_fail(L, &err);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, is_set ? "environment" : "file");
    lua_setfield(L, -2, "source");
    lua_pushboolean(L, made);
    lua_setfield(L, -2, "made");
    lua_pushboolean(L, keyring->admin.is_short);
    lua_setfield(L, -2, "short");
    return 2;
}

/* A browser cannot send a header with a WebSocket, but offer protocols: "orket", and this with the
 * credential as base64url. */
static const char *offer_of(const struct http_header *header)
{
    bool is_offer = strcmp(header->name, "sec-websocket-protocol") == 0;
    return is_offer ? strstr(header->value, OFFER) : NULL;
}

const char *l_keyring_shown(const struct http_header *header)
{
    static const char *const carriers[] = {"authorization", "x-api-key", "cookie",
                                           "proxy-authorization"};
    for (size_t i = 0; i < COUNT_OF(carriers); i++)
        if (strcmp(header->name, carriers[i]) == 0)
            return NULL;
    return offer_of(header) ? PROTOCOL : header->value;
}

/* The text of what was offered, in room; NULL when there are two of them, or it is no text. */
static const char *offered(const char *offer, struct buf *room)
{
    const char *text = offer + strlen(OFFER);
    if (strstr(text, OFFER) || !base64url_decode(room, text, strcspn(text, ", \t")) ||
        (room->len && memchr(room->data, 0, room->len)))
        return NULL;
    return room->data;
}

/* The text of a credential, or NULL for another scheme than Bearer. */
static const char *credential_of(const struct http_header *header, struct buf *room)
{
    const char *offer = offer_of(header);
    if (offer)
        return offered(offer, room);
    if (strcmp(header->name, "x-api-key") == 0)
        return header->value;
    if (strncasecmp(header->value, BEARER, strlen(BEARER)) != 0)
        return NULL;
    const char *text = header->value + strlen(BEARER);
    return text + strspn(text, " ");
}

static bool is_ours(const struct http_header *header)
{
    return strcmp(header->name, "authorization") == 0 || strcmp(header->name, "x-api-key") == 0 ||
           offer_of(header);
}

struct verdict {
    enum keyring_kind kind;
    struct credential_id id; /* of KEYRING_KEY */
    struct json_doc *claims; /* of KEYRING_TOKEN */
};

/* What a header proves. The text of an offered credential is wiped before Lua, which may raise, is
 * entered again. */
static void judge(const struct keyring *keyring, const struct http_header *header,
                  struct verdict *out)
{
    struct buf room = {0};
    const char *text = credential_of(header, &room);
    out->kind = text ? keyring_judge(keyring, text, strlen(text), &out->id, out->claims)
                     : KEYRING_WRONG;
    if (room.data)
        sodium_memzero(room.data, room.len);
    buf_clear(&room);
}

static void push_verdict(lua_State *L, const struct verdict *verdict)
{
    static const char *const kinds[] = {[KEYRING_ADMIN] = "admin",
                                        [KEYRING_KEY] = "key",
                                        [KEYRING_TOKEN] = "token"};
    if (verdict->kind == KEYRING_WRONG) {
        lua_pushboolean(L, false);
        return;
    }
    lua_createtable(L, 0, 2);
    lua_pushstring(L, kinds[verdict->kind]);
    lua_setfield(L, -2, "kind");
    if (verdict->kind == KEYRING_KEY) {
        lua_pushstring(L, verdict->id.text);
        lua_setfield(L, -2, "id");
    } else if (verdict->kind == KEYRING_TOKEN) {
        value_push(L, &verdict->claims->root);
        lua_setfield(L, -2, "claims");
    }
}

/* Two of them are two stories about who asks: refused, whatever they are. */
void l_keyring_push_verdict(lua_State *L, struct bind *bind, const struct keyring *keyring,
                      const struct http_request *request)
{
    const struct http_header *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        if (is_ours(&request->headers[i])) {
            found = &request->headers[i];
            count++;
        }
    if (count == 0) {
        lua_pushnil(L);
        return;
    }
    struct verdict verdict = {.kind = KEYRING_WRONG, .claims = bind_tree(bind)};
    if (count == 1)
        judge(keyring, found, &verdict);
    push_verdict(L, &verdict);
}

/* keyring:add(dir, id) -> true | nil, message, code, fix   this access key is good from now on */
static int l_add(lua_State *L)
{
    struct keyring *keyring = luaL_checkudata(L, 1, KEYRING_TYPE);
    struct err err = {0};
    if (keyring_add(keyring, luaL_checkstring(L, 2), luaL_checkstring(L, 3), &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* keyring:drop(id)   and it is not any more */
static int l_drop(lua_State *L)
{
    keyring_drop(luaL_checkudata(L, 1, KEYRING_TYPE), luaL_checkstring(L, 2));
    return 0;
}

/* keyring:sign(claims: JSON text) -> token: secret */
static int l_sign(lua_State *L)
{
    size_t len;
    const struct keyring *keyring = luaL_checkudata(L, 1, KEYRING_TYPE);
    const char *claims = luaL_checklstring(L, 2, &len);
    struct buf *out = bind_text(bind_of(L));
    keyring_sign(keyring, claims, len, out);
    if (!buf_ok(out))
        return luaL_error(L, "out of memory");
    secret_text_push(L, out->data, out->len);
    return 1;
}

static int l_gc(lua_State *L)
{
    keyring_clear(luaL_checkudata(L, 1, KEYRING_TYPE));
    return 0;
}

static const luaL_Reg methods[] = {
    {"add", l_add},
    {"drop", l_drop},
    {"sign", l_sign},
    {NULL, NULL},
};

void l_keyring_open(lua_State *L)
{
    bind_type(L, KEYRING_TYPE, methods, l_gc);
}
