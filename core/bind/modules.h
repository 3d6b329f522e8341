/* modules.h: the list of modules of `orket.core.*`, one line each. */
#ifndef BIND_MODULES_H
#define BIND_MODULES_H

#include <lua.h>

#define BIND_MODULES(X)                                                                            \
    X(auth)                                                                                        \
    X(base64)                                                                                      \
    X(bench)                                                                                       \
    X(box)                                                                                         \
    X(bundle)                                                                                      \
    X(dialect)                                                                                     \
    X(doc)                                                                                         \
    X(edit)                                                                                        \
    X(embed)                                                                                       \
    X(fs)                                                                                          \
    X(fsm)                                                                                         \
    X(gate)                                                                                        \
    X(glob)                                                                                        \
    X(hash)                                                                                        \
    X(http)                                                                                        \
    X(ignore)                                                                                      \
    X(json)                                                                                        \
    X(llm)                                                                                         \
    X(lock)                                                                                        \
    X(merge)                                                                                       \
    X(parser)                                                                                      \
    X(proc)                                                                                        \
    X(schema)                                                                                      \
    X(score)                                                                                       \
    X(sse)                                                                                         \
    X(store)                                                                                       \
    X(sys)                                                                                         \
    X(terminal)                                                                                    \
    X(vectors)

#define X(name) int luaopen_orket_##name(lua_State *L);
BIND_MODULES(X)
#undef X

#endif
