/* auth.c: `orket.core.auth`: passwords and access keys as they are kept; signed tokens and HMACs
 * for tests of them. What the service itself signs and checks is in bind/http/keyring.c. */
#include <sodium.h>
#include <time.h>

#include "bind/auth/passwords.h"
#include "bind/auth/secret.h"
#include "bind/process/pending.h"
#include "io/auth/credential.h"
#include "io/auth/jwt.h"
#include "script/value.h"

static struct jwt_secret check_secret(lua_State *L, int idx)
{
    struct jwt_secret secret;
    secret.bytes = luaL_checklstring(L, idx, &secret.len);
    return secret;
}

/* The field of the table at 3 in the tree's arena; NULL where there is none. */
static const struct json *names_of(lua_State *L, const char *field, struct json_doc *doc,
                                   struct json *room)
{
    lua_getfield(L, 3, field);
    bool is_given = !lua_isnil(L, -1);
    if (is_given && value_read(L, -1, doc, NULL, room, NULL))
        luaL_error(L, "%s is no plain value", field);
    lua_pop(L, 1);
    return is_given ? room : NULL;
}

static double now_of(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    lua_getfield(L, 3, "now");
    double at = luaL_optnumber(L, -1, (double)now.tv_sec + (double)now.tv_nsec / 1e9);
    lua_pop(L, 1);
    return at;
}

/* auth.verify_jwt(token, secret, {now?: number, iss?: string|string[], aud?: string|string[]})
 * -> claims | nil, message, code */
static int l_verify_jwt(lua_State *L)
{
    static const char *const known[] = {"now", "iss", "aud", NULL};
    size_t len;
    const char *token = luaL_checklstring(L, 1, &len);
    struct jwt_secret secret = check_secret(L, 2);
    bind_check_options(L, 3, known);
    struct json_doc *names = bind_new_doc(L), *claims = bind_new_doc(L);
    struct json iss, aud;
    struct jwt_wanted wanted = {.now = now_of(L),
                                .iss = names_of(L, "iss", names, &iss),
                                .aud = names_of(L, "aud", names, &aud)};
    struct err err = {0};
    if (jwt_verify(token, len, &secret, &wanted, claims, &err))
        return bind_fail(L, &err);
    value_push(L, &claims->root);
    return 1;
}

/* auth.hmac_fits(bytes, secret, signature) -> boolean; signature: hexadecimal HMAC-SHA256, with or
 * without "sha256=" */
static int l_hmac_fits(lua_State *L)
{
    size_t len, signature_len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    struct jwt_secret secret = check_secret(L, 2);
    const char *signature = luaL_checklstring(L, 3, &signature_len);
    lua_pushboolean(L, hmac_fits(bytes, len, &secret, signature, signature_len));
    return 1;
}

/* auth.make_key(dir) -> id, key: secret | nil, message, code, fix   its hash is kept in dir/people/
 */
static int l_make_key(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    struct credential_id id;
    char text[CREDENTIAL_KEY + 1];
    struct err err = {0};
    if (access_key_make(dir, &id, text, &err))
        return bind_fail(L, &err);
    lua_pushstring(L, id.text);
    secret_text_push(L, text, CREDENTIAL_KEY);
    sodium_memzero(text, sizeof text);
    return 2;
}

/* auth.forget(dir, id)   what was kept under this id */
static int l_forget(lua_State *L)
{
    credential_remove(luaL_checkstring(L, 1), luaL_checkstring(L, 2));
    return 0;
}

static const luaL_Reg functions[] = {
    {"check_password", l_check_password},
    {"forget", l_forget},
    {"hmac_fits", l_hmac_fits},
    {"keep_password", l_keep_password},
    {"make_key", l_make_key},
    {"read_password", l_read_password},
    {"verify_jwt", l_verify_jwt},
    {NULL, NULL},
};

int luaopen_orket_auth(lua_State *L)
{
    secret_text_open(L);
    pending_open(L);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
