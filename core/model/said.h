/* said.h: in what order a reply said its parts, which a provider that signs some of them wants back
 * as they were: texts, thoughts, what of its thoughts cannot be read, calls. The texts themselves
 * are the reply's; here stands where each part begins in them. Pure.
 */
#ifndef MODEL_SAID_H
#define MODEL_SAID_H

#include "base/buf.h"
#include "base/err.h"

#define SAID_MAX 4096 /* parts; of a reply with more nobody is told the order */

enum said_kind { SAID_TEXT, SAID_THOUGHT, SAID_REDACTED, SAID_CALL };

struct said_part {
    enum said_kind kind;
    int64_t index;   /* the provider's, or -1 */
    size_t at;       /* where it begins in the text or the thoughts; a call's position */
    struct buf mark; /* its signature; of a redacted part its data */
};

/* {0} is empty. Embedded in a reply. */
struct said {
    struct said_part *parts; /* owned */
    size_t count;
    bool lost; /* there were more than SAID_MAX */
};

/* A part that begins here. ERR_MEMORY. */
int said_begin(struct said *said, enum said_kind kind, int64_t index, size_t at) MUST_CHECK;

/* More of the last part when it is of this kind and index and not signed yet, or one that begins
 * here. ERR_MEMORY. */
int said_more(struct said *said, enum said_kind kind, int64_t index, size_t at) MUST_CHECK;

/* Marks the last part. ERR_MEMORY. */
int said_mark(struct said *said, const char *text, size_t len) MUST_CHECK;

/* Bytes of a text or a thought, of all `len` bytes of its kind. */
size_t said_len(const struct said *said, size_t position, size_t len);

void said_clear(struct said *said);

#endif
