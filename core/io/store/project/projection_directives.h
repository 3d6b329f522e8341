/* projection_directives.h: what the comments above a statement of projections.sql say of it, which
 * the head of that file tells. */
#ifndef IO_STORE_PROJECTION_DIRECTIVES_H
#define IO_STORE_PROJECTION_DIRECTIVES_H

#include "base/base.h"

/* x of an object, or x::y: the field y of its object x. */
struct field {
    const char *name; /* borrowed; NULL is none */
    size_t len;
    const char *inner; /* y, or NULL */
    size_t inner_len;
};
struct field directives_field(const char *name, size_t len);

/* The names lie in the text that was read. */
struct directives {
    bool must;
    struct field each; /* the array whose items it is run for */
    struct field with; /* the field without which it is not run */
    const char *is;    /* what that has to be, or NULL */
    size_t is_len;
};

/* Skips blanks and comments, reads the directives among them; answers the statement behind them, or
 * end. */
const char *directives_read(const char *p, const char *end, struct directives *directives);
/* Behind the semicolon of the statement at p, or end. */
const char *directives_statement_end(const char *p, const char *end);

#endif
