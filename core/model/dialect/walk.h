/* walk.h: where the walk over one reply stands:
 * dialect.c walks, spans.c takes what is no answer. */
#ifndef MODEL_DIALECT_WALK_H
#define MODEL_DIALECT_WALK_H

#include "model/dialect/form/match.h"
#include "model/dialect/text/quote.h"

struct dialect {
    const struct grammar *grammar;
    int family; /* index, or -1: any */
    struct calls calls;
    struct buf text, content, reasoning;
    size_t at;    /* what is before was read */
    size_t plain; /* what is before is no call */
    size_t again; /* length of the text at which to go on */
    struct quote quote;
    bool any;       /* something but blanks was read */
    /* in content: where the open fence begins, and what stands in it */
    size_t fence_at, fence_body;
    size_t fence_calls;          /* before it */
    struct dialect_broken broken[DIALECT_BROKEN_MAX];
    size_t broken_count;
    size_t thought;  /* of the calls, so many stand in a thought that the prompt has begun */
    bool thinks;     /* a thought was begun, or ended */
    bool asked;      /* whether one ended in code that it left open */
    bool lost;      /* what follows may be quoted by a call that could not be read */
    unsigned again_from; /* how often it was gone back into a call that could not be read */
};

/* The marks that may stand at a place of two bytes and more; at the last one all of them. */
struct candidates {
    const struct lead *at, *end;
};

static inline struct candidates candidates(const struct leads *leads, const struct scan *s)
{
    if (scan_left(s) < 2)
        return (struct candidates){leads->list, leads->list + leads->first[LEAD_BUCKETS]};
    unsigned bucket = lead_bucket((unsigned char)s->at[0], (unsigned char)s->at[1]);
    return (struct candidates){leads->list + leads->first[bucket],
                               leads->list + leads->first[bucket + 1]};
}

/* What begins at d->at and is no answer: a thought, another's turn, a mark that was not taken away.
 * Where it is quoted, only the end of a thought on a line's end that the prompt may have begun. */
enum found walk_spans(struct dialect *d, const struct scan *s, bool quoted);

#endif
