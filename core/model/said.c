/* said.c: an array that grows by doubling. */
#include "model/said.h"

#include <stdlib.h>

static int grow(struct said *s)
{
    if (s->count & (s->count - 1) || (s->count && s->count < 4))
        return 0; // there is room up to the next power of two, and for four at first
    size_t room = s->count ? s->count * 2 : 4;
    struct said_part *parts = realloc(s->parts, room * sizeof *parts);
    if (!parts)
        return ERR_MEMORY;
    s->parts = parts;
    return 0;
}

int said_begin(struct said *s, enum said_kind kind, int64_t index, size_t at)
{
    s->lost = s->lost || s->count == SAID_MAX;
    if (s->lost)
        return 0;
    if (grow(s))
        return ERR_MEMORY;
    s->parts[s->count++] = (struct said_part){.kind = kind, .index = index, .at = at};
    return 0;
}

int said_more(struct said *s, enum said_kind kind, int64_t index, size_t at)
{
    const struct said_part *last = s->count ? &s->parts[s->count - 1] : NULL;
    if (last && last->kind == kind && last->index == index && !last->mark.len)
        return 0;
    return said_begin(s, kind, index, at);
}

int said_mark(struct said *s, const char *text, size_t len)
{
    if (s->lost || !s->count)
        return 0;
    struct buf *mark = &s->parts[s->count - 1].mark;
    buf_reset(mark);
    buf_put(mark, text, len);
    return buf_ok(mark) ? 0 : ERR_MEMORY;
}

size_t said_len(const struct said *s, size_t position, size_t len)
{
    for (size_t i = position + 1; i < s->count; i++)
        if (s->parts[i].kind == s->parts[position].kind)
            return s->parts[i].at - s->parts[position].at;
    return len - s->parts[position].at;
}

void said_clear(struct said *s)
{
    for (size_t i = 0; i < s->count; i++)
        buf_clear(&s->parts[i].mark);
    free(s->parts);
    *s = (struct said){0};
}
