/* bind.h: the only floor where Lua meets model and io. One file per module of `orket.core.*`.
 *
 * C enters Lua at exactly one place, bind_call and bind_try. Functions that wait take a callback as
 * their last argument, called exactly once from the loop; Lua waits for it in lua/orket/async.lua.
 * Failures of the world are answered as nil, message, code (code = "ERR_..."), see bind_fail.
 */
#ifndef BIND_BIND_H
#define BIND_BIND_H

#include <lauxlib.h>
#include <lua.h>
#include <uv.h>

#include "base/err.h"
#include "base/json.h"
#include "bind/modules.h"

/* What modules need from the process; one per trusted state, an upvalue of every function. */
struct bind {
    uv_loop_t *loop;
    lua_State *L;    /* the trusted main thread */
    struct buf text; /* see bind_text */
    struct json_doc tree;
    struct json_text encoder;      /* of Lua values; see value_encode */
    const struct secrets *secrets; /* the keys of the models' providers, when some may be known */
    int hidden; /* registry: what every jail hides, when that was said; else 0 */
    int jail;   /* the jail program's descriptor + 1, when a program was run; else 0 */
};

/* Registers all modules as package.preload entries of L. */
void bind_open(lua_State *L, struct bind *bind);

/* Frees what the context holds, after its state was closed. */
void bind_close(struct bind *bind);

/* The context: upvalue 1 of the running function. */
struct bind *bind_of(lua_State *L);

/* Sets the functions of a module table (at the top) with the context as upvalue 1. */
void bind_functions(lua_State *L, const luaL_Reg *functions);

/* Makes the metatable `type`: methods (context as upvalue 1), __index, __gc = __close = gc. */
void bind_type(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction gc);

/* pcall with traceback of the function below nargs arguments; drops the results (nresults = 0) or
 * leaves them. An error goes to the program's handler (lua/orket/async.lua), which ends it:
 * somebody may wait for this call for ever. It is answered as a negative code with nothing left on
 * the stack. */
int bind_call(lua_State *L, int nargs, int nresults);
/* The same where the one who waits is told by the code: an error is printed, and the program goes
 * on. */
int bind_try(lua_State *L, int nargs, int nresults);

/* Pushes nil, message, code[, fix] from err; returns the number of values. For callbacks from the
 * loop, which may not raise; a function uses bind_fail. */
int bind_push_failure(lua_State *L, const struct err *err);

/* The same as a function's answer. ERR_MEMORY is raised, as Lua itself raises it: a caller could
 * take the nil for "not there" or "not valid", and go on. */
int bind_fail(lua_State *L, const struct err *err);

/* Raises err as {code, class, message, fix}: a failure of the environment where an answer would be
 * taken for a decision. The task ends with it (lua/orket/async.lua). */
int bind_raise(lua_State *L, const struct err *err);

/* Raises when the options table at idx has a key that is not in the NULL-terminated list. */
void bind_check_options(lua_State *L, int idx, const char *const *known);

/* A function kept for a later callback. luaL_ref in the registry of the main state. */
int bind_keep(lua_State *L, int idx);
/* Pushes the kept function on bind->L and forgets it. */
void bind_take(struct bind *bind, int ref);

/* The context's own buffer and tree, empty: for what a function makes and is done with before Lua
 * runs again. A large one is given back at the next use. */
struct buf *bind_text(struct bind *bind);
struct json_doc *bind_tree(struct bind *bind);

/* Pushes an empty buffer that is released by the collector, so that raising cannot leak it. */
struct buf *bind_scratch(lua_State *L);

/* A JSON tree as userdata (`orket.core.doc`): owns its doc. Its user value 1 keeps the doc alive
 * that a part of the tree was borrowed from (json_add_tree), 2 another one. */
struct json_doc *bind_new_doc(lua_State *L); /* pushes an empty one */
const struct json *bind_to_doc(lua_State *L, int idx); /* NULL when it is none */

/* The descriptor of a root (`orket.core.fs`), owned by the root; -1 when it is none or closed. */
int bind_to_root(lua_State *L, int idx);

/* Where the root at idx is for programs, absolute; out has FS_PATH_MAX + 1 bytes. False with errno
 * when the kernel does not tell. */
bool bind_root_path(lua_State *L, int idx, char *out);

#endif
