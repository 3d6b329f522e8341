/* part_order.h: in what order a reply said its parts, which a provider that signs some of them
 * wants back as they were: texts, thoughts, what of its thoughts cannot be read, calls. The texts
 * themselves are the reply's; here stands where each part begins in them. Pure.
 */
#ifndef MODEL_PART_ORDER_H
#define MODEL_PART_ORDER_H

#include "base/buf.h"
#include "base/err.h"

#define PART_ORDER_MAX 4096 /* parts; of a reply with more nobody is told the order */

enum part_kind { PART_TEXT, PART_THOUGHT, PART_REDACTED, PART_CALL };

struct part {
    enum part_kind kind;
    int64_t index;   /* the provider's, or -1 */
    size_t at;       /* where it begins in the text or the thoughts; a call's position */
    struct buf mark; /* its signature; of a redacted part its data */
};

/* {0} is empty. Embedded in a reply. */
struct part_order {
    struct part *parts; /* owned */
    size_t count;
    bool lost; /* there were more than PART_ORDER_MAX */
};

/* A part that begins here. ERR_MEMORY. */
int part_order_begin(struct part_order *order, enum part_kind kind, int64_t index,
                     size_t at) MUST_CHECK;

/* More of the last part when it is of this kind and index and not signed yet, or one that begins
 * here. ERR_MEMORY. */
int part_order_more(struct part_order *order, enum part_kind kind, int64_t index,
                    size_t at) MUST_CHECK;

/* Marks the last part. ERR_MEMORY. */
int part_order_mark(struct part_order *order, const char *text, size_t len) MUST_CHECK;

/* Bytes of a text or a thought, of all `len` bytes of its kind. */
size_t part_order_len(const struct part_order *order, size_t position, size_t len);

void part_order_clear(struct part_order *order);

#endif
