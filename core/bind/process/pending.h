/* pending.h: something outside that runs for a while and then answers a Lua function, once.
 *
 * It is a userdata, kept in the registry while it lasts: it owns the way back to Lua, and what its
 * user values hold. When the state closes first, its __gc abandons what runs. */
#ifndef BIND_PENDING_H
#define BIND_PENDING_H

#include "bind/bind.h"

struct pending {
    struct bind *bind;
    void *what;                  /* set by whoever starts it; NULL when it has ended */
    void (*abandon)(void *what); /* ends it without an answer */
    int self, done;              /* registry: this userdata, the callback */
    int on_output;               /* likewise: gets its output meanwhile; LUA_NOREF */
};

/* Makes its metatable. */
void pending_open(lua_State *L);

/* Pushes one that will call the function at done_idx. The context is an upvalue. */
struct pending *pending_new(lua_State *L, int done_idx, void (*abandon)(void *what));

/* Takes back what did not start: the function is not called. */
void pending_drop(struct pending *pending);

/* It has ended: calls done with what `push` makes of the result (a C function that finds it as
 * light userdata; it is protected, because making values may raise), or with nil, message, code
 * from err when the result is NULL. */
void pending_end(struct pending *pending, lua_CFunction push, const void *result,
                 const struct err *err);

/* The one at idx. */
struct pending *pending_check(lua_State *L, int idx);

#endif
