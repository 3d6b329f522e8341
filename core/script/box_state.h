/* box_state.h: what a box is made of; private to box.c (making, running) and entry.c (what runs).
 */
#ifndef SCRIPT_BOX_STATE_H
#define SCRIPT_BOX_STATE_H

#include "script/box.h"
#include "script/limits/meter.h"

struct box {
    struct meter meter; /* first: the library finds the box through its meter */
    lua_State *L;       /* main thread: never runs scripts */
    char *region, *image;
    size_t size, image_len;
    char name[64], function[64]; /* for messages: text and function of the running entry */
    bool may_perform, returned_table;
    bool dead; /* a limit, an error or a cut: only a reset helps */
    int64_t steps, steps_left;
    bool strict;
    uint64_t ns, ns_left, ns_used;
    struct err fault; /* set by an entry that fails for a reason of its own */
    /* what the running entry works on, all borrowed */
    const struct box_call *call;
    const struct box_text *text;
    size_t text_at;
    const struct json *answer;
    /* what it makes, in memory of the process */
    struct json_doc doc;
    struct json value;
    struct json_builder builder;
    struct json_text encoding;
    struct buf scratch;
};

static inline struct box *box_of(lua_State *L)
{
    return (struct box *)(void *)meter_of(L);
}

/* Runs a light C function in the script's thread, in a box that was reset. BOX_DONE, BOX_YIELD, or
 * an error. */
int box_enter(struct box *box, lua_CFunction entry, const struct box_limits *limits,
              struct err *err);

/* Runs the script's thread on, within what is left of its limits. */
int box_continue(struct box *box, struct err *err);

/* Drops the value of the last entry. */
void box_drop_values(struct box *box);

#endif
