/* box.h: a Lua state that forgets: one fixed region of memory, prepared once, restored by a copy.
 *
 * region  mmap'd memory of the box: heap, Lua state, everything a script can touch
 * image   a copy of the used part of the region, taken once the script is loaded (box_seal)
 * entry   one run from a restored region: load a text, or call one function of the script
 * session an entry that may perform operations: it yields each to the host and goes on with the
 *         answer; its box is taken until it ends or is given up
 *
 * A script's text returns a table of functions and plain data. Arguments and results cross as C
 * trees. Nothing outside points into the region, nothing of a script survives box_reset, and a box
 * that hit a limit, failed, or was given up in the middle needs nothing but box_reset.
 */
#ifndef SCRIPT_BOX_H
#define SCRIPT_BOX_H

#include <lua.h>

#include "base/json.h"

#define BOX_MEM       (16u << 20) /* default size of the region */
#define BOX_MEM_MIN   (128u << 10)
#define BOX_MEM_MAX   (1u << 30)
#define BOX_STEPS     INT64_C(10000000) /* default budget of an entry */
#define BOX_MS        100u              /* default deadline of an entry */
#define BOX_NO_STEPS  INT64_MAX         /* no budget: only the deadline counts */
#define BOX_IMAGE_MAX (1u << 20)        /* what a loaded script may keep */
#define BOX_TEXT_MAX  (1u << 20)        /* bytes of a script */

struct box;

/* A text to load; name appears in error messages ("roles/coder.lua:3: ..."). Borrowed. */
struct box_text {
    const char *name;
    const char *bytes;
    size_t len;
    bool compiled; /* bytecode of prelude.h */
};

/* Bounds of one entry. Zero fields mean the defaults above. */
struct box_limits {
    int64_t steps;
    unsigned ms; /* of running; a session's waiting does not count */
    bool strict; /* on the clock, also when the machine is busy with others */
};

/* Which function to call with what. Borrowed until the entry ends or yields for the first time. */
struct box_call {
    const char *function;
    const struct json *const *args;
    const struct json *const *masks; /* of each argument (value_push_some); NULL: all are whole */
    size_t count;
    bool session; /* perform() is allowed */
};

enum { BOX_DONE = 0, BOX_YIELD = 1 };

/* Makes a box of mem bytes (0 = default) with the library and nothing else. ERR_USAGE for a size
 * out of range, ERR_MEMORY. Owned by the caller. */
int box_new(struct box **box, size_t mem, struct err *err) MUST_CHECK;
void box_free(struct box *box);

/* Runs a text and keeps its first value as the script. ERR_SCRIPT_SYNTAX, ERR_SCRIPT, and the three
 * limits ERR_SCRIPT_MEMORY, ERR_SCRIPT_STEPS, ERR_SCRIPT_TIME;
 * ERR_IO when the kernel gives no timer to hold it to its time. */
int box_load(struct box *box, const struct box_text *text, const struct box_limits *limits,
             struct err *err) MUST_CHECK;

/* Collects garbage and looks at what is left. ERR_SCRIPT_MEMORY when it is above BOX_IMAGE_MAX. */
int box_settle(struct box *box, struct err *err) MUST_CHECK;

/* box_settle, then takes the image. */
int box_seal(struct box *box, struct err *err) MUST_CHECK;

/* Restores the image: the box is as it was when sealed. */
void box_reset(struct box *box);

/* Gives memory that an idle box does not need back to the system; after that only box_reset. */
void box_rest(struct box *box);

/* Begins an entry in a box that was just reset. BOX_DONE with the result, or BOX_YIELD with an
 * operation, in box_value; or an error: as box_load, and ERR_SCRIPT_CONTRACT when there is no such
 * function or its result is not plain data. */
int box_call(struct box *box, const struct box_call *call, const struct box_limits *limits,
             struct err *err) MUST_CHECK;

/* The names of the function's parameters; its value is null when there may be any number of them,
 * or when the text has no such function of its own. */
int box_parameters(struct box *box, const char *function, struct err *err) MUST_CHECK;

/* The same as box_call, and notes in *trace which lines of the script ran. */
struct meter_trace;
int box_trace(struct box *box, const struct box_call *call, const struct box_limits *limits,
              struct meter_trace *trace, struct err *err) MUST_CHECK;

/* Goes on after BOX_YIELD with the operation's answer; results as box_call. */
int box_resume(struct box *box, const struct json *answer, struct err *err) MUST_CHECK;

/* The result or the operation; borrowed until the next entry. */
const struct json *box_value(const struct box *box);

/* The same, moved into an empty doc that the caller owns. */
void box_move_value(struct box *box, struct json_doc *doc);

/* Did the text loaded last return a table? */
bool box_returned_table(const struct box *box);

/* The script's value in box_value; what is no plain data shows as {"type":"function"} and the like.
 * An entry of its own, with the default limits. */
int box_describe(struct box *box, struct err *err) MUST_CHECK;

/* Figures of the entries since the last reset: most bytes in use, milliseconds of running. */
size_t box_peak(const struct box *box);
double box_ms(const struct box *box);

/* Bytes of the image. */
size_t box_image(const struct box *box);

/* ---- for the library inside ---- */

/* perform(operation) -> answer: the only door outward. */
int box_perform(lua_State *L);

/* The argument as canonical JSON text; the box's half of cjson.encode. */
int box_encode(lua_State *L);

/* Bounds of values that cross the boundary. */
extern const struct json_limits box_value_limits;

/* For tests: the main thread, to look around in. */
lua_State *box_state(struct box *box);

#endif
