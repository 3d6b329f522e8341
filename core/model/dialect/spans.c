/* spans.c: what a reply says that is no answer. */
#include "model/dialect/walk.h"

#define TICKS_MAX 32 /* of a fence or code that is thought about */

/* What is thought, and the marks of a chat template that were sent as text. */
static enum found span(struct dialect *d, const struct span *span, const struct scan *at)
{
    const bool final = at->final;
    struct scan s = *at;
    enum found found = scan_text(&s, span->open.at, span->open.len);
    if (found != FOUND_YES)
        return found == FOUND_MORE && final ? FOUND_NO : found;
    if (!span->close.len) {
        if (span->open.at[span->open.len - 1] == '\n')
            quote_taken(&d->quote, d->text.data, d->at, d->at + span->open.len);
        d->at += span->open.len;
        return FOUND_YES;
    }
    const char *close = memmem(s.at, scan_left(&s), span->close.at, span->close.len);
    if (!close && !final)
        return FOUND_MORE;
    const char *end = close ? close : s.end;
    d->thinks |= span->ends_alone;
    buf_put(&d->reasoning, s.at, (size_t)(end - s.at));
    d->at = (size_t)(end - d->text.data) + (close ? span->close.len : 0);
    return FOUND_YES;
}

/* Does the code end behind `at` that is open there? */
static bool code_ends(const struct quote *q, const char *at, const char *end)
{
    char marks[TICKS_MAX];
    size_t len = q->fence ? q->fence_len : q->ticks;
    memset(marks, q->fence ? q->fence : '`', sizeof marks);
    return len > TICKS_MAX || memmem(at, (size_t)(end - at), marks, len);
}

/* In code, the end of a thought is one where nothing but blanks is left of its line and the code
 * does not end any more: a thought may leave it open.
 * That can be told of a whole text, and is asked once. */
static enum found ends_in_code(const struct dialect *d, const struct scan *s)
{
    const char *at = s->at;
    if (d->thinks || d->asked || (!d->quote.fence && !d->quote.ticks))
        return FOUND_NO;
    while (at < s->end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    if (!s->final)
        return FOUND_MORE;
    return at < s->end && *at == '\n' && !code_ends(&d->quote, at, s->end) ? FOUND_YES : FOUND_NO;
}

/* What came before was thought: nothing of it is said, called or broken. */
static void was_thought(struct dialect *d)
{
    buf_put(&d->reasoning, d->content.data, d->content.len);
    d->content.len = d->fence_at = d->fence_body = 0;
    d->thought = d->calls.count;
    d->broken_count = 0;
    d->any = d->lost = false;
    d->quote = (struct quote){.line = d->at, .before = d->at, .before_end = d->at};
}

/* The end of a thought whose beginning the server or the prompt has written: what came before was
 * thought, unless one was begun or ended already. */
static enum found ends_thought(struct dialect *d, const struct span *span, const struct scan *at,
                               bool quoted)
{
    struct scan s = *at;
    enum found found = scan_text(&s, span->close.at, span->close.len);
    if (found == FOUND_YES && quoted) {
        found = ends_in_code(d, &s);
        d->asked |= found == FOUND_NO;
    }
    if (found != FOUND_YES)
        return found == FOUND_MORE && s.final ? FOUND_NO : found;
    d->at += span->close.len;
    if (!d->thinks)
        was_thought(d);
    d->thinks = true;
    return FOUND_YES;
}

enum found walk_spans(struct dialect *d, const struct scan *s, bool quoted)
{
    const struct lead_word here = lead_at(s->at, scan_left(s));
    const struct grammar *g = d->grammar;
    struct candidates all = candidates(&g->span_leads, s);
    enum found best = FOUND_NO;
    for (const struct lead *lead = all.at; lead < all.end && best != FOUND_YES; lead++) {
        const struct span *each = &g->spans[lead->of];
        if (!lead_may_stand(lead->word, here) || (quoted && !lead->closes))
            continue;
        enum found found = lead->closes ? ends_thought(d, each, s, quoted) : span(d, each, s);
        best = found > best ? found : best;
    }
    return best;
}
