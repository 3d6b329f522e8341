/* diff.h: which lines of two texts differ. Lines are numbers here (equal lines, equal numbers);
 * pure, bounded in time and memory. */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include "base/base.h"

struct diff_side {
    const uint32_t *line; /* borrowed */
    size_t count;
    bool *changed; /* count + 2 flags, changed[i + 1] for line i; the outer two stay false */
};

/* Sets the flags of both sides: the lines without a flag are the same on both sides, in order. Few
 * flags (Myers), placed where a person and git would: as far down as they go, next to the other
 * side's. Texts that differ in more than the bounds allow are flagged wholly between their common
 * head and tail. False when out of memory. */
bool diff(struct diff_side *a, struct diff_side *b) MUST_CHECK;

#endif
