/* pool.h: what takes longer than the loop may wait, on a thread of the pool, with a text as its
 * answer. */
#ifndef BIND_POOL_H
#define BIND_POOL_H

#include "base/buf.h"
#include "bind/bind.h"

/* On a thread: appends the answer to `text`; 0 or a negative ERR_* with err. */
typedef int pool_run(void *data, struct buf *text, struct err *err);

/* Runs it, then calls the Lua function at idx from the loop with the text, or with nil, message,
 * code. Takes `data` over; `clear` frees it, whatever happens, also when the Lua state closes
 * first. `data` may be NULL when its maker had no memory. Pushes what the Lua function that starts
 * it answers: nothing, or nil, message, code; raises without memory. */
int bind_pool(lua_State *L, int idx, pool_run *run, void (*clear)(void *data), void *data);

#endif
