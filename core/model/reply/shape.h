/* shape.h: where a provider puts things, as data: a field of a reply is a path into its JSON.
 *
 * A path is keys and array positions between dots ("choices.0.delta.content"); "*" is every item;
 * "?key" goes on only where key is there and true of it (not null, false, empty), "!key" only where
 * it is not, "?key=text" only where it is that text; "" is the value itself. A list of paths are
 * alternatives: the first that finds something counts; of token counts all that are found are added
 * up. `choices` finds the list of the replies that an event speaks of, each with its `index`; only
 * one is read, and the other paths find it at position 0. Where a provider says things in parts of
 * several kinds, `parts` finds them in their order, and the fields from content to index are looked
 * up in each. The fields from index to call_signature are looked up in each value that `calls`
 * finds; where `begins` finds something, a part of any kind begins,
 * and the call of the same index is over.
 */
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "base/json.h"

#define SHAPE_STEPS_MAX 8
#define SHAPE_PATHS_MAX 8 /* of one field */

/* X(FIELD, key in the shape's table) */
#define SHAPE_FIELDS(X)                                                                            \
    X(CHOICES, "choices")                                                                          \
    X(PARTS, "parts")                                                                              \
    X(CONTENT, "content")                                                                          \
    X(TEXT_SIGNATURE, "text_signature")                                                            \
    X(REASONING, "reasoning")                                                                      \
    X(SIGNATURE, "signature")                                                                      \
    X(REDACTED, "redacted")                                                                        \
    X(CALLS, "calls")                                                                              \
    X(INDEX, "index")                                                                              \
    X(ID, "id")                                                                                    \
    X(NAME, "name")                                                                                \
    X(ARGUMENTS, "arguments")                                                                      \
    X(BEGINS, "begins")                                                                            \
    X(CALL_SIGNATURE, "call_signature")                                                            \
    X(FINISH, "finish")                                                                            \
    X(PROMPT_TOKENS, "prompt_tokens")                                                              \
    X(COMPLETION_TOKENS, "completion_tokens")                                                      \
    X(CACHED_TOKENS, "cached_tokens")                                                              \
    X(MODEL, "model")                                                                              \
    X(END, "end")                                                                                  \
    X(ERROR, "error")

enum shape_field {
#define X(name, key) SHAPE_##name,
    SHAPE_FIELDS(X)
#undef X
        SHAPE_FIELD_COUNT
};

struct shape_path; /* private */

/* The paths of one kind of reply: streamed events, or a whole body. */
struct shape_paths {
    const struct shape_path *fields[SHAPE_FIELD_COUNT]; /* NULL: the provider has none */
};

struct shape {
    struct json_doc doc; /* owns everything */
    const char *done;    /* event data that ends a stream ("[DONE]"), or NULL */
    struct shape_paths stream, whole;
};

/* Compiles {done?, stream?, whole?}; an unknown field or a bad path is ERR_CONFIG with its name. On
 * failure nothing is owned. */
int shape_init(struct shape *shape, const struct json *spec, struct err *err) MUST_CHECK;
void shape_clear(struct shape *shape);

#define SHAPE_PASS 1 /* fn: not a value for me, as if it were not there */

/* Calls fn for each value that field finds below `at`, in order; null counts as absent. fn answers
 * 0 or SHAPE_PASS to go on; any other code stops and is the answer. */
typedef int shape_fn(void *ctx, const struct json *value);
int shape_each(const struct shape_paths *paths, enum shape_field field, const struct json *at,
               shape_fn *fn, void *ctx);

/* The first value that field finds, or NULL. */
const struct json *shape_first(const struct shape_paths *paths, enum shape_field field,
                               const struct json *at);

/* Is there a value, other than null, false and what is empty? */
bool shape_is_true(const struct json *value);

/* Takes the counts that the paths of field find into `known`, one for each last key, all 0 at
 * first: what is told again, wherever, counts as it was told last, but a 0 takes nothing back, and
 * what is no count from 0 to max, or makes their sum more than max, is not told. The sum, or -1
 * when nothing was found. */
int64_t shape_count(const struct shape_paths *paths, enum shape_field field, const struct json *at,
                    int64_t max, int64_t known[SHAPE_PATHS_MAX]);

#endif
