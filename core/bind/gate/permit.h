/* permit.h: a permit from the inside: for permit.c, which uses it up, and operation.c, the only one
 * that makes any. */
#ifndef BIND_GATE_PERMIT_H
#define BIND_GATE_PERMIT_H

#include "bind/gate/gate.h"

enum permit_slot { PERMIT_CALL = 1, PERMIT_DOC, PERMIT_NAME, PERMIT_SLOTS = PERMIT_NAME };

struct permit {
    const struct permit *self;
    bool used;
    bool wrote;                /* an fs.write was performed with it */
    bool asked;                /* a person has to say yes before it works */
    const struct call *call;   /* kept alive by PERMIT_CALL */
    const struct json *fields; /* the operation, in PERMIT_DOC */
    const char *kind;
    size_t kind_len;
    enum gate_want want;
    bool runs;                 /* a program, whose file is the name */
    struct resolved *resolved; /* owned, gone when used; NULL without a path */
    const char *name;          /* the resolved name, "" without one; in PERMIT_NAME */
    size_t name_len;
};

/* Pushes one for nothing yet, which keeps the call at call_idx alive. */
struct permit *permit_new(lua_State *L, const struct call *call, int call_idx);

/* The descriptor of the call's tree; -1 without one. */
int permit_root(lua_State *L, int call_idx);

/* Closes what was judged. */
void permit_drop(struct permit *permit);

bool permit_is_kind(const struct permit *permit, const char *kind);
const struct json *permit_field(const struct permit *permit, const char *name);

#endif
