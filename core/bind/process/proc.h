/* proc.h: a program in a jail for other files of this floor. */
#ifndef BIND_PROC_H
#define BIND_PROC_H

#include "bind/bind.h"
#include "io/process/proc.h"

/* Starts it with what proc.hide hides (ERR_JAIL before that was said); the function at done_idx is
 * called once from the loop with the result, as proc.run tells it. On 0 the function that
 * cancels it is pushed. The context is an upvalue. */
int bind_run(lua_State *L, const struct proc_spec *spec, int done_idx, struct err *err) MUST_CHECK;

/* proc.c: fields of the table at idx, checked; each pushes what it answers. A list of texts and the
 * entries of an environment end with NULL; both are NULL when absent. */
const char *proc_l_take_text(lua_State *L, const char *what);
const char **proc_l_list(lua_State *L, int idx, const char *name);
const char **proc_l_env(lua_State *L, int idx);
uint64_t proc_l_number(lua_State *L, int idx, const char *name, double unit);

/* proc_egress.c: the field `egress` of the table at idx (pushed), or NULL; and what was requested,
 * as fields of the table at the top. */
const struct egress_spec *proc_l_egress(lua_State *L, int idx);
void proc_push_requests(lua_State *L, const struct proc_result *result);

/* What the root (`orket.core.fs`) at idx is as the tree of a program: sets cwd of the spec, which
 * the caller owns, also on failure (-1: none), and of a union the layers, in values that it pushes.
 * The union rests from then on: it must not wake before the program has ended. */
int bind_give_tree(lua_State *L, int idx, struct proc_spec *spec, struct err *err) MUST_CHECK;

/* hidden.c: functions of the module, and the list that proc.hide set (pushed), or NULL. */
int proc_l_hide(lua_State *L);
int proc_l_real(lua_State *L);
int proc_l_visible(lua_State *L);
const char *const *proc_push_hidden(lua_State *L, const struct bind *bind);

#endif
