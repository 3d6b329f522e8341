/* passwords.h: the part of `orket.core.auth` that hashes, on the pool, and reads from a terminal.
 */
#ifndef BIND_AUTH_PASSWORDS_H
#define BIND_AUTH_PASSWORDS_H

#include "bind/bind.h"

int l_check_password(lua_State *L);
int l_keep_password(lua_State *L);
int l_read_password(lua_State *L);

#endif
