/* merge.h: three-way merge of one text, line by line, as `git merge-file` does it; pure.
 *
 * A change of one side is taken; equal changes of both are taken once; different changes of the
 * same or of touching lines are a conflict, and both stand in the text between markers. Bytes with
 * a NUL and texts over MERGE_MAX are not merged by line: changed on both sides, they conflict.
 */
#ifndef MODEL_MERGE_H
#define MODEL_MERGE_H

#include "base/buf.h"
#include "base/err.h"

#define MERGE_MAX ((size_t)1 << 20)

struct merge_text {
    const char *bytes; /* borrowed */
    size_t len;
    const char *label; /* for the marker; may be NULL */
    bool wins;         /* of theirs: takes every conflict, without markers */
};

struct merge_result {
    struct buf text;  /* owned by the caller; for a whole conflict the bytes of ours */
    size_t conflicts; /* 0: clean */
    bool whole;       /* not merged by line: the one conflict has no markers */
};

/* Merges into *out ({0} or cleared before). ERR_MEMORY. */
int merge3(const struct merge_text *base, const struct merge_text *ours,
           const struct merge_text *theirs, struct merge_result *out) MUST_CHECK;

#endif
