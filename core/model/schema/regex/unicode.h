/* unicode.h: the general categories that \p{...} knows, as runs of code points. Generated from the
 * Unicode Character Database 14.0; see unicode.c. */
#ifndef MODEL_SCHEMA_UNICODE_H
#define MODEL_SCHEMA_UNICODE_H

#include "base/base.h"

/* count ranges of `width` code points, the first at lo, each `stride` after the one before. */
struct unicode_run {
    uint32_t lo;
    uint16_t width, count, stride;
};

/* The runs of a property by its short or long name ("Lu", "Uppercase_Letter",
 * "General_Category=Lu"), in rising order; NULL when it is none of ours. */
const struct unicode_run *unicode_property(const char *name, size_t len, size_t *count);

#endif
