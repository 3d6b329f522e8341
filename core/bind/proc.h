/* proc.h: a program in a jail for other files of this floor. */
#ifndef BIND_PROC_H
#define BIND_PROC_H

#include "bind/bind.h"
#include "io/proc.h"

/* Starts it; the function at done_idx is called once from the loop with the result, as proc.run tells
 * it. On 0 the function that cancels it is pushed. The context is an upvalue. */
int bind_run(lua_State *L, const struct proc_spec *spec, int done_idx, struct err *err) MUST_CHECK;

#endif
