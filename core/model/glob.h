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
    size_t literal; /* bytes before the first wildcard: most names fail there */
};

/* Checks the pattern and makes *out, which borrows text. ERR_CONFIG. */
int glob_init(struct glob *out, const char *text, size_t len, struct err *err) MUST_CHECK;

/* True when the whole name fits. At most pattern length times name length steps. */
bool glob_match(const struct glob *glob, const char *name, size_t len);

#endif
