/* secret.c: see secret.h. */
#include "bind/auth/secret.h"

#include <sodium.h>
#include <string.h>

#define SECRET_TEXT_TYPE "orket.secret"

struct secret_text *secret_text_check(lua_State *L, int idx)
{
    return luaL_checkudata(L, idx, SECRET_TEXT_TYPE);
}

struct secret_text *secret_text_push(lua_State *L, const char *text, size_t len)
{
    unsigned char nonce[16];
    struct secret_text *secret = lua_newuserdatauv(L, sizeof *secret, 0);
    *secret = (struct secret_text){.len = len};
    luaL_setmetatable(L, SECRET_TEXT_TYPE);
    secret->text = malloc(len + 1);
    if (!secret->text)
        luaL_error(L, "out of memory");
    memcpy(secret->text, text, len);
    secret->text[len] = '\0';
    randombytes_buf(nonce, sizeof nonce);
    memcpy(secret->mark, "secret:", 7);
    sodium_bin2hex(secret->mark + 7, 2 * sizeof nonce + 1, nonce, sizeof nonce);
    return secret;
}

void secret_text_put(const struct secret_text *secret, const char *text, size_t len,
                     struct buf *out)
{
    const size_t size = strlen(secret->mark);
    const char *at;
    while ((at = memmem(text, len, secret->mark, size)) != NULL) {
        buf_put(out, text, (size_t)(at - text));
        buf_put(out, secret->text, secret->len);
        len -= (size_t)(at - text) + size;
        text = at + size;
    }
    buf_put(out, text, len);
}

/* secret:mark() -> what stands for it in an answer: response:send(…, secret) puts it there */
static int l_mark(lua_State *L)
{
    lua_pushstring(L, secret_text_check(L, 1)->mark);
    return 1;
}

/* secret:print() -> true | nil, message, code   a line on standard output */
static int l_print(lua_State *L)
{
    struct secret_text *secret = secret_text_check(L, 1);
    struct err err = {0};
    if (fwrite(secret->text, 1, secret->len, stdout) != secret->len || putchar('\n') == EOF ||
        fflush(stdout)) {
        err_set(&err, ERR_IO, "it could not be written to standard output");
        return bind_fail(L, &err);
    }
    lua_pushboolean(L, true);
    return 1;
}

/* secret:equals(other) -> boolean */
static int l_equals(lua_State *L)
{
    const struct secret_text *one = secret_text_check(L, 1), *other = secret_text_check(L, 2);
    lua_pushboolean(L, one->len == other->len &&
                           sodium_memcmp(one->text, other->text, one->len) == 0);
    return 1;
}

static int l_gc(lua_State *L)
{
    struct secret_text *secret = secret_text_check(L, 1);
    if (secret->text)
        sodium_memzero(secret->text, secret->len);
    free(secret->text);
    secret->text = NULL;
    secret->len = 0;
    return 0;
}

static const luaL_Reg methods[] = {
    {"equals", l_equals},
    {"mark", l_mark},
    {"print", l_print},
    {NULL, NULL},
};

void secret_text_open(lua_State *L)
{
    bind_type(L, SECRET_TEXT_TYPE, methods, l_gc);
}
