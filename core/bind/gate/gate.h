/* gate.h: what bind/gate/gate.c and the files beside this one share: the call that was allowed, and
 * how a permit for one of its operations is made.
 * Nothing else may include it: there is no other way to a permit. */
#ifndef BIND_GATE_GATE_H
#define BIND_GATE_GATE_H

#include "base/hash.h"
#include "bind/bind.h"
#include "io/fs/fs.h"
#include "model/gate.h"

#define CALL_TYPE   "orket.gate.call"
#define PERMIT_TYPE "orket.gate.permit"

/* User values of a call: what its pointers point into. */
enum call_slot {
    CALL_ROOT = 1,
    CALL_ARGUMENTS,
    CALL_TOOL,
    CALL_ROLE,
    CALL_CARD,
    CALL_CARD_TYPE,
    CALL_CARD_STATUS,
    CALL_SCOPE,
    CALL_SLOTS = CALL_SCOPE
};

/* What a path was resolved to, or why it cannot be opened (nothing there, no file). */
struct resolved {
    enum gate_want want;
    const struct json *path; /* as it was written */
    struct fs_target target; /* without descriptors after a failure */
    struct err failure;
};

/* A call that was allowed, or is asked about: then nothing comes of it before it was accepted.
 * `self` tells a real one from any other userdata with its metatable. */
struct call {
    const struct call *self;
    struct gate *gate; /* held */
    struct gate_call gate_call;
    const char *card;
    struct gate_scope *scope; /* owned; NULL without one */
    bool asked, accepted;     /* a person has to say yes; somebody did */
    struct resolved *first;   /* owned: the first path, until the first operation has been judged */
};

/* Pushes the call that the table at 2 describes; what is wrong with its arguments stays in err,
 * which the call points to until it was judged. */
struct call *bind_read_call(lua_State *L, struct gate *gate, struct err *err);

/* The call at idx; raises when it is none. */
struct call *bind_check_call(lua_State *L, int idx);

/* Resolves, judges and, when nothing denies, pushes the permit for the operation (a table or doc)
 * at idx for the call at call_idx; a permit that a person is asked about works when it was
 * accepted. Otherwise pushes nothing; *verdict says why. With `dry` nothing is pushed in any case,
 * and without a root paths are judged by their text. Raises when the machine failed. */
bool bind_permit(lua_State *L, int call_idx, int idx, bool dry, struct gate_verdict *verdict);

/* True when a text of the tree holds a key that this process uses. */
bool bind_holds_key(const struct bind *bind, const struct json *tree);

/* Pushes the hash of the parts in hex; the last part is the tree's canonical text. */
void bind_push_hash(lua_State *L, struct hash_part *parts, size_t count, const struct json *tree);

/* True when the text at idx is the hash in hex on the top of the stack, which is popped. */
bool bind_is_hash(lua_State *L, int idx);

/* Pushes {decision, rule, why, fix, where?}. */
void bind_push_verdict(lua_State *L, const struct gate_verdict *verdict);

/* Resolves one path as the gate wants it. *record gets the canonical name, which lives in the
 * target, also when it cannot be opened. With root < 0 nothing exists and only the text counts. */
void bind_resolve(int root, enum gate_want want, const struct json *path, struct resolved *out,
                  struct gate_path *record);

/* The same on the heap; NULL without memory. */
struct resolved *bind_resolve_new(int root, enum gate_want want, const struct json *path,
                                  struct gate_path *record) MUST_CHECK;

/* Closes and frees it; NULL is fine. */
void bind_resolved_free(struct resolved *resolved);

/* Resolves the paths in the arguments of the call on the top of the stack and judges them. An
 * allowed call keeps its first one. Raises when the machine failed, which is no verdict. */
void bind_judge_reach(lua_State *L, struct call *call, struct gate_verdict *verdict);

/* The same, and pushes the list of everything that the gate has against the call. */
void bind_explain(lua_State *L, struct call *call);

/* True when one of the call's path arguments is the name of the record. */
bool bind_names_path(const struct call *call, const struct gate_path *record);

/* Takes what the call was judged on when the path is the same and is wanted for the same, else
 * drops it: only the first operation may go on with it, a later one may find another tree. */
struct resolved *bind_take_first(struct call *call, enum gate_want want, const struct json *path,
                                 struct gate_path *record);

/* Performs fs.read, fs.write, fs.delete or fs.list on its target; on 0 the result is pushed last.
 */
int bind_perform(lua_State *L, const char *kind, const struct fs_target *target,
                 const struct json *fields, struct err *err) MUST_CHECK;

/* The integer of a field, at most max; max when there is none. */
size_t bind_bounded(const struct json *value, size_t max);

/* gate.rates(list, where) -> rates | nil, message, code   (list: see model/rate.h; where: its
 * place)
 */
int bind_l_rates(lua_State *L);

void bind_open_call(lua_State *L);
void bind_open_rates(lua_State *L);
void bind_open_perform(lua_State *L);
void bind_open_permit(lua_State *L);

#endif
