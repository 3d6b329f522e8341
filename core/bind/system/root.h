/* root.h: the roots of `orket.core.fs`, for fs.c and union.c. */
#ifndef BIND_SYSTEM_ROOT_H
#define BIND_SYSTEM_ROOT_H

#include "bind/bind.h"
#include "io/fs/fs.h"
#include "io/union/union.h"

#define ROOT_TYPE  "orket.fs.root"
#define ROOT_ABOVE 1 /* user value of a union: the root beneath which its layers lie */

struct root {
    int fd;                  /* -1: closed, or a union that rests */
    struct root_union *tree; /* of a union, in the same memory; NULL */
};

struct root_union {
    struct union_spec spec;
    const char *place; /* beneath ROOT_ABOVE: where jails show it */
    const char *below[UNION_MAX + 1];
};

/* Pushes a new one with room for texts; fd is -1. */
struct root *root_new(lua_State *L, size_t room);

/* The methods and functions of unions (union.c). */
int root_l_union(lua_State *L);
int root_l_rest(lua_State *L);
int root_l_wake(lua_State *L);
int root_l_census(lua_State *L);
int root_l_publish(lua_State *L);

#endif
