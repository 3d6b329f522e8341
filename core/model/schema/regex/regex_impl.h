/* regex_impl.h: what the two halves of the pattern parser share: regex_parse.c reads structure
 * (groups, alternatives, repeats), regex_atom.c what stands for itself (characters, escapes,
 * classes). */
#ifndef MODEL_SCHEMA_REGEX_IMPL_H
#define MODEL_SCHEMA_REGEX_IMPL_H

#include "model/schema/regex/regex.h"

struct regex_parser {
    struct json_doc *arena;
    const char *text;
    size_t len, at;
    struct buf code; /* struct regex_inst */
    unsigned depth, looks, deepest_look;
    struct err *err;
    int error;
    bool folds; /* a letter of ASCII stands for both of its cases */
};

/* Keeps the first failure, with its offset; answers its code. */
int regex_fail(struct regex_parser *p, int code, const char *why);

/* Reading: anything left; the text ahead; the text ahead, taken. */
bool regex_more(const struct regex_parser *p);
bool regex_ahead(const struct regex_parser *p, const char *text);
bool regex_take(struct regex_parser *p, const char *text);

/* Appends one instruction; fails when the program is too large. */
void regex_emit(struct regex_parser *p, struct regex_inst one);

/* One group of the text behind its (; answers whether it may be repeated. In regex_parse.c. */
bool regex_group(struct regex_parser *p);

/* One atom of the text; answers whether it may be repeated. In regex_atom.c. */
bool regex_atom(struct regex_parser *p);

#endif
