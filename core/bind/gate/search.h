/* search.h: looking for a text in the files beneath a resolved target, for permit.c. Runs in
 * the pool; files that the call may not read are passed over, as if they were not there. */
#ifndef BIND_GATE_SEARCH_H
#define BIND_GATE_SEARCH_H

#include "bind/bind.h"
#include "io/fs/fs_list.h"
#include "model/gate.h"

#define SEARCH_MATCHES 200                /* matches of one answer */
#define SEARCH_LINE    200                /* bytes of a line that are shown */
#define SEARCH_FILES   5000               /* files that are looked into */
#define SEARCH_BYTES   ((size_t)32 << 20) /* bytes that are read in all */

struct search_wish {
    struct fs_target target; /* taken: FS_LIST: all files below it, FS_READ: this file */
    struct gate *gate;
    const struct gate_call *call; /* who searches */
    const char *text;
    size_t text_len, limit; /* limit: matches, at most SEARCH_MATCHES */
};

/* Starts it; on 0 the function at callback_idx is called once from the loop with
 * {matches = {{path, line, text}...}, files, more?} or nil, message, code. The target is taken in
 * any case. Must run in a function that has the context as upvalue. */
int search_start(lua_State *L, struct search_wish *wish, int callback_idx,
                 struct err *err) MUST_CHECK;

void search_open(lua_State *L);

#endif
