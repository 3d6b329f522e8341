/* glob.h: patterns over canonical names ("src/app/main.c"; "" is the root itself). Pure text.
 *
 * ?    one character (UTF-8)          *    any run of characters inside one component
 * **   any number of whole components, also none: "src/" and then ** covers src itself
 *      and all below it
 *
 * Everything else is literal and case matters. Brackets, braces and backslashes are refused instead
 * of meaning something surprising; so are "", "." and ".." as components.
 */
#ifndef MODEL_GLOB_H
#define MODEL_GLOB_H

#include "base/err.h"

#define GLOB_MAX 1000 /* bytes of a pattern */

struct glob {
    const char *text; /* borrowed */
    size_t len;
    size_t literal;   /* bytes before the first wildcard */
    size_t tail;      /* bytes after the last */
    char first, last; /* of text, when it has such bytes: most names fail here */
};

/* Checks the pattern and makes *out, which borrows text. ERR_CONFIG. */
int glob_init(struct glob *out, const char *text, size_t len, struct err *err) MUST_CHECK;

/* False when the name surely does not fit, at the cost of two comparisons. */
static inline bool glob_may_match(const struct glob *glob, const char *name, size_t len)
{
    return len == 0 || ((glob->literal == 0 || name[0] == glob->first) &&
                        (glob->tail == 0 || name[len - 1] == glob->last));
}

/* True when the whole name fits. At most pattern length times name length steps. */
bool glob_match(const struct glob *glob, const char *name, size_t len);

#endif
