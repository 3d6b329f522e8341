/* lenient_string.h: the strings of a lenient value; lenient_json.c has the rest. */
#ifndef MODEL_DIALECT_LENIENT_STRING_H
#define MODEL_DIALECT_LENIENT_STRING_H

#include "model/dialect/text/lenient_json.h"

struct lenient {
    struct scan *s;
    struct buf *out;
    unsigned depth;
    bool python;
    const char *key; /* where the key that is read began; NULL: none is */
    /* a quote stands inside this string, or a raw line end, which Python may have */
    bool mended;
};

/* Where a string stands decides what may follow its last quote. */
enum place { PLACE_KEY, PLACE_MEMBER, PLACE_ITEM, PLACE_ALONE };

/* Blanks, and comments between them: // to the end of the line,
 * and what stands in slashes and stars. */
void lenient_blanks(struct lenient *l);
/* A string in quotes, which stand at the scan. */
enum found lenient_string(struct lenient *l, enum place place);
/* One of Python, also in three quotes. */
enum found lenient_python_string(struct lenient *l);
/* One as it is, between the two marks that the scan has for its strings. */
enum found lenient_marked_string(struct lenient *l);

#endif
