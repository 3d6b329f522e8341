/* match.h: one form of a grammar held against text. */
#ifndef MODEL_DIALECT_MATCH_H
#define MODEL_DIALECT_MATCH_H

#include "model/dialect.h"
#include "model/dialect/grammar.h"
#include "model/dialect/schema_types.h"
#include "model/dialect/text/scan.h"

/* The calls of one place, collected while a form is read. */
struct calls {
    struct dialect_call *items; /* owned */
    size_t count;
    const struct json *tools; /* or NULL */
    bool known_only;          /* only tools that are declared */
    struct broken {
        const char *at;
        enum dialect_why why;
    } broken[DIALECT_BROKEN_MAX]; /* that stood with others and could not be read */
    size_t broken_count;          /* of those and more */
    bool starved;                 /* there was no memory: what was found says nothing */
};

/* Notes a call that begins at `at` and is none. */
void calls_note(struct calls *calls, const char *at, enum dialect_why why);

void calls_cut(struct calls *calls, size_t count); /* forgets those behind */
void calls_clear(struct calls *calls);

/* Adds a call; false: arguments is not the text of a JSON object, the tool is none of those that
 * may be called, there are DIALECT_CALLS_MAX already, or it has `starved`. */
bool calls_add(struct calls *calls, const char *name, size_t len, const char *arguments,
               size_t arguments_len, enum dialect_state state);
/* Adds every call of a JSON value as models write them: {name|tool|function,
 * arguments|args|parameters}, {function: {...}}, {tool_calls: [...]}, arrays of those.
 * Answers how many. */
size_t calls_of_json(struct calls *calls, const struct buf *text, enum dialect_state state);

/* Likewise where the key is the name: {f: {...}}, arrays of those. */
size_t calls_of_keyed(struct calls *calls, const struct buf *text, enum dialect_state state);

/* What a declared tool's parameters want, all of them or one. */
struct schema_ref tool_wants(const struct json *tool);
struct schema_ref tool_parameter(const struct json *tools, const char *tool, size_t tool_len,
                                 const char *key, size_t key_len);
/* The declared tool of a name, or NULL. */
const struct json *tool_named(const struct json *tools, const char *name, size_t len);

/* Reads the form that begins at s->at. FOUND_YES: calls were added, s->at is behind them;
 * FOUND_MORE: it goes on (of a final scan: it was cut, what there is was added as partial);
 * FOUND_NO: nothing was added, s->at is how far it looked. */
enum found match_form(const struct form *form, struct scan *s, struct calls *calls);

/* f(a=1, b="x"), g() up to what is none. */
enum found python_calls(struct scan *s, struct calls *calls);

/* How a parameter's text is written: as it is, as JSON where it can be, or as JSON.
 * Its schema decides first. */
enum param_written { PARAM_TEXT, PARAM_EITHER, PARAM_JSON };

/* Text as the value of a parameter, appended as JSON; without memory out has failed. */
void param_value(struct buf *out, const char *text, size_t len, struct schema_ref wanted,
                 enum param_written written);

/* No call and no list of calls begins at this bracket: what stands behind it begins neither. */
bool match_holds_none(const struct scan *s);

#endif
