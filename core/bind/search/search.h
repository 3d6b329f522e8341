/* search.h: a search of the files beneath a resolved target as a job of the pool, for permit.c;
 * the search itself is search_tree.h. */
#ifndef BIND_SEARCH_H
#define BIND_SEARCH_H

#include "bind/bind.h"
#include "io/fs/fs_list.h"
#include "model/gate.h"

struct search_wish {
    struct fs_target target; /* taken: FS_LIST: all files below it, FS_READ: this file */
    int root;                /* the tree's, borrowed */
    struct gate *gate;
    const struct gate_call *call; /* who searches */
    const struct json *fields; /* of the operation: text, regex, any_case, glob, ignored, context,
                                  skip, limit */
    bool sources;              /* whole texts instead of lines */
};

/* Starts it and pushes the function that cancels it; on 0 the function at callback_idx is called
 * once from the loop with what search_run found, or nil, message, code. The target is taken in any
 * case. Must run in a function that has the context as upvalue. ERR_USAGE: an expression or a glob
 * that is none. */
int search_start(lua_State *L, struct search_wish *wish, int callback_idx,
                 struct err *err) MUST_CHECK;

void search_open(lua_State *L);

#endif
