/* parser.h: what stands in a source text, by real parsing, in a process of its own.
 *
 * The process is core/parser/, a static program carried inside the binary. It can read, compute and
 * write, nothing else, within 2 s of CPU time and 256 MiB; here it gets a deadline and a limit for
 * its answer. A text that breaks it, or breaks a limit, has no facts: that is an error like any
 * other, and whoever asked decides what an unread text may do (nothing). */
#ifndef IO_PARSER_H
#define IO_PARSER_H

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

#define PARSER_WALL_MS 10000
#define PARSER_ANSWER  ((size_t)1 << 20)

struct parser;

/* The facts as JSON (parser/parser.h), borrowed during the call; or err: ERR_LIMIT when the text is
 * too much for the parser, ERR_JAIL when the process cannot be shut in. */
typedef void parser_done(void *ctx, const struct buf *facts, const struct err *err);

/* The program as a descriptor, owned by the caller; or a negative code. */
int parser_program(struct err *err) MUST_CHECK;

/* Parses `text` (well-formed UTF-8, copied) as `language`; with `symbols` the facts are what it
 * defines and uses. done is called once, from the loop, and
 * *out is gone then. */
int parser_begin(uv_loop_t *loop, int program, const char *language, bool symbols, const char *text,
                 size_t len, parser_done *done, void *ctx, struct parser **out,
                 struct err *err) MUST_CHECK;

/* Ends it; done will not be called. */
void parser_abandon(struct parser *p);

#endif
