/* needle.h: what a search looks for in texts, as it stands or as a regular expression, with or
 * without regard to case. Case is that of ASCII letters. Any expression costs time in proportion to
 * the text; the cost of preparing it is bounded. */
#ifndef MODEL_NEEDLE_H
#define MODEL_NEEDLE_H

#include "base/json.h"
#include "model/schema/regex/regex.h"

struct automaton;

struct needle {
    const char *text; /* what every hit contains, as it stands; len 0: nothing is known */
    size_t len;
    const struct regex *regex; /* NULL: text is all */
    struct automaton *automaton;
    struct regex_scratch scratch;
    bool folds;        /* text is without capitals, and is looked for in such a copy */
    struct buf folded; /* that copy */
    size_t budget;     /* steps that expressions may still take */
};

struct needle_wish {
    const char *text; /* borrowed, of one byte at least */
    size_t len;
    bool regex, any_case;
};

/* Prepares it in the arena. ERR_USAGE: not an expression, one that is not supported, or one of
 * several lines. ERR_LIMIT, ERR_MEMORY. needle_clear afterwards, also on
 * failure. */
int needle_init(struct needle *out, struct json_doc *arena, const struct needle_wish *wish,
                struct err *err) MUST_CHECK;

/* The first line at or behind `from` (0 begins a text, else the beginning of a line) that has a hit
 * (a text of several lines begins in it): 1, and in *line where it begins, in *hit where the hit
 * does as far as that is known; 0; ERR_LIMIT when the budget ran out; ERR_MEMORY. */
int needle_find(struct needle *needle, const char *text, size_t len, size_t from, size_t *line,
                size_t *hit) MUST_CHECK;

void needle_clear(struct needle *needle);

#endif
