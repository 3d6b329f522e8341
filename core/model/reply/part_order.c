/* part_order.c: an array that grows by doubling. */
#include "model/reply/part_order.h"

#include <stdlib.h>

static int grow(struct part_order *s)
{
    if (s->count & (s->count - 1) || (s->count && s->count < 4))
        return 0; // there is room up to the next power of two, and for four at first
    size_t room = s->count ? s->count * 2 : 4;
    struct part *parts = realloc(s->parts, room * sizeof *parts);
    if (!parts)
        return ERR_MEMORY;
    s->parts = parts;
    return 0;
}

int part_order_begin(struct part_order *s, enum part_kind kind, int64_t index, size_t at)
{
    s->lost = s->lost || s->count == PART_ORDER_MAX;
    if (s->lost)
        return 0;
    if (grow(s))
        return ERR_MEMORY;
    s->parts[s->count++] = (struct part){.kind = kind, .index = index, .at = at};
    return 0;
}

int part_order_more(struct part_order *s, enum part_kind kind, int64_t index, size_t at)
{
    const struct part *last = s->count ? &s->parts[s->count - 1] : NULL;
    if (last && last->kind == kind && last->index == index && !last->mark.len)
        return 0;
    return part_order_begin(s, kind, index, at);
}

int part_order_mark(struct part_order *s, const char *text, size_t len)
{
    if (s->lost || !s->count)
        return 0;
    struct buf *mark = &s->parts[s->count - 1].mark;
    buf_reset(mark);
    buf_put(mark, text, len);
    return buf_ok(mark) ? 0 : ERR_MEMORY;
}

size_t part_order_len(const struct part_order *s, size_t position, size_t len)
{
    for (size_t i = position + 1; i < s->count; i++)
        if (s->parts[i].kind == s->parts[position].kind)
            return s->parts[i].at - s->parts[position].at;
    return len - s->parts[position].at;
}

void part_order_clear(struct part_order *s)
{
    for (size_t i = 0; i < s->count; i++)
        buf_clear(&s->parts[i].mark);
    free(s->parts);
    *s = (struct part_order){0};
}
