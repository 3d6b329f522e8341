/* dialect.h: the tool calls that a model writes as text, found while the text comes.
 *
 * A dialect is data: templates as the model's chat template writes them
 * ("<tool_call>{calls}</tool_call>"), compiled once (dialect/grammar.h). A parser reads one reply
 * with one family of them, or with all; the family that matches first is the one from then on.
 *
 * What holds, whatever the text:
 *  - The pieces that it is fed in change nothing.
 *  - A call that is told as complete stays so, whatever comes behind it.
 *  - Nothing that was cut off is complete.
 *  - No value holds another call: a call is made of one text between its own marks, or it is none.
 *  - A quotation (code, quotes, a quoted line, a text that is called an example) is no call.
 *  - The time is linear in the text.
 */
#ifndef MODEL_DIALECT_H
#define MODEL_DIALECT_H

#include "base/err.h"
#include "base/json.h"

#define DIALECT_CALLS_MAX 1024             /* of one reply; the rest is text */
#define DIALECT_TEXT_MAX  (16u * 1024 * 1024) /* bytes of one reply */

enum dialect_state { DIALECT_COMPLETE, DIALECT_REPAIRED, DIALECT_PARTIAL };

/* Why a call that was begun is none: it could not be read; a value of it holds the marks of calls,
 * so that it may have taken in what stands behind it;
 * or it stands behind such a call and may be quoted by it. */
enum dialect_why { DIALECT_UNREADABLE, DIALECT_HOLDS, DIALECT_BEHIND };

#define DIALECT_BROKEN_MAX 8 /* that are reported one by one */

struct dialect_broken {
    size_t at; /* where it begins in the text */
    enum dialect_why why;
};

struct dialect_call {
    struct buf name;
    struct buf arguments; /* JSON text: an object */
    enum dialect_state state;
};

struct grammar; /* dialect/grammar.h */
struct dialect;

/* A parser. family NULL: whichever matches first. tools: NULL, or the tools that the model was told
 * of, an array as OpenAI takes it or of {name, parameters?}; borrowed until dialect_close, like the
 * grammar. A family that the grammar does not have is ERR_NOT_FOUND. */
int dialect_open(struct dialect **out, const struct grammar *grammar, const char *family,
                 const struct json *tools, struct err *err) MUST_CHECK;
void dialect_close(struct dialect *d);

/* The next bytes. ERR_LIMIT beyond DIALECT_TEXT_MAX, ERR_MEMORY. */
int dialect_feed(struct dialect *d, const char *text, size_t len) MUST_CHECK;
/* The text is whole. Nothing is fed afterwards. */
int dialect_end(struct dialect *d) MUST_CHECK;

/* What has been found so far; valid until the next call. */
const char *dialect_family(const struct dialect *d); /* NULL: no call yet */
const struct dialect_call *dialect_calls(const struct dialect *d, size_t *count);
/* How many of the calls, from the first, stand in a thought whose beginning the prompt has written:
 * they are none. Only its end tells that it was one, so that they may have been told before. */
size_t dialect_thought(const struct dialect *d);
const struct buf *dialect_content(const struct dialect *d);   /* what is no call */
const struct buf *dialect_reasoning(const struct dialect *d); /* what the model marks as thought */
/* Calls begun that are none: how many, of which as many as there is room for are in the list. */
size_t dialect_broken(const struct dialect *d, const struct dialect_broken **list);

#endif
