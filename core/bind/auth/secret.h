/* secret.h: a text that Lua hands on without having it: a password on its way in, a new key or
 * token on its way out. In Lua it is a userdata, and a word that stands for it (its mark).
 */
#ifndef BIND_AUTH_SECRET_H
#define BIND_AUTH_SECRET_H

#include "bind/bind.h"

struct secret_text {
    char *text; /* owned, NUL-terminated, wiped when it goes */
    size_t len;
    char mark[48];
};

/* Registers the type. */
void secret_text_open(lua_State *L);

/* Pushes a copy of the text. Raises without memory. */
struct secret_text *secret_text_push(lua_State *L, const char *text, size_t len);

/* The one at idx; raises otherwise. */
struct secret_text *secret_text_check(lua_State *L, int idx);

/* Appends the text with the secret in the place of each of its marks. */
void secret_text_put(const struct secret_text *secret, const char *text, size_t len,
                     struct buf *out);

#endif
