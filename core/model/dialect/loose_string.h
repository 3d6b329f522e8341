/* loose_string.h: the strings of a loose value; loose.c has the rest. */
#ifndef MODEL_DIALECT_LOOSE_STRING_H
#define MODEL_DIALECT_LOOSE_STRING_H

#include "model/dialect/loose.h"

struct loose {
    struct scan *s;
    struct buf *out;
    unsigned depth;
    bool python;
    const char *key; /* where the key that is read began; NULL: none is */
    bool mended;     /* a quote stands inside this string, or a raw line end, which Python may have */
};

/* Where a string stands decides what may follow its last quote. */
enum place { PLACE_KEY, PLACE_MEMBER, PLACE_ITEM, PLACE_ALONE };

/* Blanks, and comments between them: // to the end of the line, and what stands in slashes and stars. */
void loose_blanks(struct loose *l);
/* A string in quotes, which stand at the scan. */
enum found loose_string(struct loose *l, enum place place);
/* One of Python, also in three quotes. */
enum found loose_python_string(struct loose *l);
/* One as it is, between the two marks that the scan has for its strings. */
enum found loose_marked_string(struct loose *l);

#endif
