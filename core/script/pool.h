/* pool.h: a prepared script: its text, and the boxes it runs in.
 *
 * One box serves all calls, one after the other. A session keeps its box for as long as it lives,
 * so a script gets more boxes when sessions overlap, each prepared from the same text, up to
 * SCRIPT_BOXES. Boxes are never shared between scripts; only what is done to a script before it
 * serves happens in a box that was restored to the prelude. */
#ifndef SCRIPT_POOL_H
#define SCRIPT_POOL_H

#include "script/prelude.h"

#define SCRIPT_BOXES 32

struct script;

/* What to prepare; the text is copied, the prelude held. */
struct script_source {
    struct box_text text;
    struct prelude *prelude; /* loaded before the text; NULL = none */
    size_t mem;              /* of each box, 0 = default */
};

/* Loads the text to see what it returns; most scripts of a project never run, so the boxes are made
 * when they are taken. Errors as box_load and box_seal; ERR_SCRIPT_CONTRACT when it
 * does not return a table. Owned by the caller. */
int script_new(struct script **script, const struct script_source *source,
               struct err *err) MUST_CHECK;

/* Frees it with all of its boxes, or when the last taken box is given back. */
void script_free(struct script *script);

/* What the script returned, as plain data; borrowed. */
const struct json *script_value(const struct script *script);

/* Calls a function in a box that is not kept, for scripts that may never run. Its result is
 * dropped. Errors of box_load and box_call. */
int script_try(struct script *script, const struct box_call *call, struct err *err) MUST_CHECK;

/* Takes a box, just reset. ERR_LIMIT when all are taken; errors of box_load. */
int script_take(struct script *script, struct box **box, struct err *err) MUST_CHECK;

/* Gives it back, in whatever state. */
void script_give(struct script *script, struct box *box);

#endif
