/* dialect.c: the walk over one reply. What may be a call is read from its beginning; when only more text
 * can tell, it is read again when the text has grown by half, so that the work stays linear. */
#include "model/dialect.h"

#include <stdlib.h>

#include "model/dialect/grammar.h"
#include "model/dialect/match.h"
#include "model/dialect/quote.h"

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
    size_t fence_at, fence_body; /* in content: where the open fence begins, and what stands in it */
    size_t fence_calls;          /* before it */
    size_t broken, broken_at;
};

int dialect_open(struct dialect **out, const struct grammar *grammar, const char *family,
                 const struct json *tools, struct err *err)
{
    int index = family ? grammar_family(grammar, family) : -1;
    if (family && index < 0)
        return err_set(err, ERR_NOT_FOUND, "no dialect is called %s", family);
    struct dialect *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(err, ERR_MEMORY, NULL);
    d->grammar = grammar;
    d->family = index;
    d->calls.tools = tools && tools->type == JSON_ARRAY ? tools : NULL;
    d->text.max = DIALECT_TEXT_MAX;
    *out = d;
    return 0;
}

void dialect_close(struct dialect *d)
{
    if (!d)
        return;
    calls_clear(&d->calls);
    buf_clear(&d->text);
    buf_clear(&d->content);
    buf_clear(&d->reasoning);
    free(d);
}

/* ---- what is no call ---- */

/* Up to `to` it is content. */
static void pass(struct dialect *d, size_t to)
{
    for (size_t i = d->at; i < to && !d->any; i++)
        d->any = !scan_blank(d->text.data[i]);
    buf_put(&d->content, d->text.data + d->at, to - d->at);
    d->at = to;
}

/* A fence in which nothing stood but calls is no content. `end` is where its last line begins. */
static void drop_fence(struct dialect *d, size_t end)
{
    if (d->calls.count == d->fence_calls)
        return;
    for (size_t i = d->fence_body; i < end; i++)
        if (!scan_blank(d->content.data[i]))
            return;
    d->content.len = d->fence_at;
}

/* Up to `to` it is content, in which a fence may have been opened or closed. */
static void pass_line(struct dialect *d, bool was_open, size_t to)
{
    size_t from = d->content.len;
    pass(d, to);
    if (!was_open && d->quote.fence) {
        d->fence_at = from;
        d->fence_body = d->content.len;
        d->fence_calls = d->calls.count;
    } else if (was_open && !d->quote.fence)
        drop_fence(d, from);
}

/* Up to d->plain it is content, whatever stands there: the lines and fences in it count. */
static enum found pass_text(struct dialect *d, bool final)
{
    enum found found = FOUND_YES;
    while (d->at < d->plain && found == FOUND_YES) {
        size_t at = d->at;
        bool was_open = d->quote.fence;
        found = quote_step(&d->quote, d->text.data, d->text.len, final, &at);
        if (found == FOUND_YES)
            pass_line(d, was_open, at);
    }
    return found;
}

/* What is thought, and the marks of a chat template that were sent as text. */
static enum found span(struct dialect *d, const struct span *span, const struct scan *at, bool final)
{
    struct scan s = *at;
    enum found found = scan_text(&s, span->open.at, span->open.len);
    if (found != FOUND_YES || !span->close.len) {
        d->at += found == FOUND_YES ? span->open.len : 0;
        return found == FOUND_MORE && final ? FOUND_NO : found;
    }
    const char *close = memmem(s.at, scan_left(&s), span->close.at, span->close.len);
    if (!close && !final)
        return FOUND_MORE;
    const char *end = close ? close : s.end;
    buf_put(&d->reasoning, s.at, (size_t)(end - s.at));
    d->at = (size_t)(end - d->text.data) + (close ? span->close.len : 0);
    return FOUND_YES;
}

/* The end of a thought whose beginning the server or the prompt has written: what came before was thought,
 * unless there was a thought or a call already. */
static enum found ends_thought(struct dialect *d, const struct span *span, const struct scan *at,
                               bool final)
{
    struct scan s = *at;
    enum found found = scan_text(&s, span->close.at, span->close.len);
    if (found == FOUND_MORE && final)
        return FOUND_NO;
    if (found == FOUND_YES && !d->reasoning.len && !d->calls.count) {
        buf_put(&d->reasoning, d->content.data, d->content.len);
        d->content.len = d->fence_at = d->fence_body = 0;
        d->any = false;
    }
    d->at += found == FOUND_YES ? span->close.len : 0;
    return found;
}

/* The marks that may stand at a place of two bytes and more; at the last one all of them. */
struct candidates {
    const struct lead *at, *end;
};

static struct candidates candidates(const struct leads *leads, const struct scan *s)
{
    if (scan_left(s) < 2)
        return (struct candidates){leads->list, leads->list + leads->first[LEAD_BUCKETS]};
    unsigned bucket = lead_bucket((unsigned char)s->at[0], (unsigned char)s->at[1]);
    return (struct candidates){leads->list + leads->first[bucket], leads->list + leads->first[bucket + 1]};
}

static enum found spans(struct dialect *d, const struct scan *s, bool final)
{
    const struct lead_word here = lead_at(s->at, scan_left(s));
    const struct grammar *g = d->grammar;
    struct candidates all = candidates(&g->span_leads, s);
    enum found best = FOUND_NO;
    for (const struct lead *lead = all.at; lead < all.end && best != FOUND_YES; lead++) {
        if (!lead_may_stand(lead->word, here))
            continue;
        enum found found = (lead->closes ? ends_thought : span)(d, &g->spans[lead->of], s, final);
        best = found > best ? found : best;
    }
    return best;
}

/* ---- forms ---- */

static bool in_question(const struct dialect *d, const struct form *form)
{
    return d->family >= 0 ? form->family == (size_t)d->family : !form->named;
}

/* May a form begin at this place? */
static bool allowed(struct dialect *d, const struct form *form)
{
    const char *text = d->text.data;
    switch (form->where) {
    case WHERE_MARK:
        return !quote_hides_mark(&d->quote, text, d->at);
    case WHERE_PROSE:
        return !quote_hides_data(&d->quote, text, d->at);
    case WHERE_LINE:
        return quote_line_begins(&d->quote, text, d->at)
            && !quote_hides_data(&d->quote, text, d->at);
    default:
        return !d->any && !quote_hides_mark(&d->quote, text, d->at);
    }
}

static enum found begins(const struct form *form, const struct scan *s)
{
    struct text mark = form_mark(form);
    struct scan look = {.at = s->at, .end = s->end};
    if (!mark.len) // bare JSON
        return match_holds_none(s) ? FOUND_NO : FOUND_YES;
    return scan_text(&look, mark.at, mark.len);
}

/* Here stands what should have been calls. */
static void note_broken(struct dialect *d, size_t count)
{
    if (count && !d->broken)
        d->broken_at = d->at;
    d->broken += count;
}

/* What came of the forms at one place. */
struct attempt {
    const char *reached; /* the farthest that any looked */
    bool marked;         /* the mark of one stood there */
};

/* What a quotation mark stands before is read as far as it goes, so that nothing in it is taken for a call. */
static enum found pass_quoted(struct dialect *d, const struct form *form, struct scan s,
                              struct attempt *attempt)
{
    size_t before = d->calls.count;
    enum found found = match_form(form, &s, &d->calls);
    calls_cut(&d->calls, before);
    if (found == FOUND_MORE && !s.final)
        return FOUND_MORE;
    if (s.at > attempt->reached)
        attempt->reached = s.at;
    return FOUND_NO;
}

/* Is what begins here introduced as an example? */
static bool is_example(struct dialect *d, const struct form *form)
{
    if (form->where != WHERE_MARK)
        return quote_is_example(&d->quote, d->text.data, d->at);
    return quote_mark_is_example(&d->quote, d->text.data, d->at);
}

/* One form that begins at this place. YES: calls were read. */
static enum found try_form(struct dialect *d, const struct form *form, struct scan s,
                           struct attempt *attempt)
{
    size_t before = d->calls.count;
    d->calls.known_only = form->where != WHERE_MARK;
    d->calls.broken = 0;
    enum found found = match_form(form, &s, &d->calls);
    if (found == FOUND_MORE && !s.final)
        return FOUND_MORE;
    bool example = d->calls.count > before && is_example(d, form);
    if (example)
        calls_cut(&d->calls, before);
    if (d->calls.count == before) {
        attempt->marked |= form->where == WHERE_MARK && !example;
        if (s.at > attempt->reached)
            attempt->reached = s.at;
        return FOUND_NO;
    }
    d->family = (int)form->family;
    d->any = true;
    note_broken(d, d->calls.broken);
    size_t behind = (size_t)(s.at - d->text.data);
    quote_taken(&d->quote, d->text.data, d->at, behind);
    d->at = behind;
    return FOUND_YES;
}

static enum found forms(struct dialect *d, const struct scan *s, struct attempt *attempt)
{
    const struct grammar *g = d->grammar;
    const struct lead_word here = lead_at(s->at, scan_left(s));
    struct candidates all = candidates(&g->form_leads, s);
    for (const struct lead *lead = all.at; lead < all.end; lead++) {
        if (!lead_may_stand(lead->word, here))
            continue;
        const struct form *form = &g->forms[lead->of];
        enum found found = in_question(d, form) ? begins(form, s) : FOUND_NO;
        bool may = found != FOUND_NO && allowed(d, form);
        if (found == FOUND_NO || (found == FOUND_MORE && s->final)
            || (!may && (form->where == WHERE_LINE || !quote_opens(&d->quote, d->text.data, d->at))))
            continue;
        if (found == FOUND_YES)
            found = (may ? try_form : pass_quoted)(d, form, *s, attempt);
        if (found != FOUND_NO)
            return found;
    }
    return FOUND_NO;
}

/* ---- the walk ---- */

static bool may_stand(const struct dialect *d, const uint8_t pairs[256][32], size_t at)
{
    int second = at + 1 < d->text.len ? (unsigned char)d->text.data[at + 1] : -1;
    return grammar_may_begin(pairs, (unsigned char)d->text.data[at], second);
}

/* The next byte that anything may begin with. */
static size_t next_begin(const struct dialect *d)
{
    size_t at = d->at;
    while (at < d->text.len && !may_stand(d, d->grammar->form_pairs, at)
           && !may_stand(d, d->grammar->span_pairs, at))
        at++;
    return at;
}

/* What begins at d->at, if anything does; else it is plain up to where it was looked at. */
static enum found look(struct dialect *d, bool final)
{
    struct scan s = {.at = d->text.data + d->at, .end = d->text.data + d->text.len, .final = final};
    struct attempt attempt = {.reached = s.at + 1};
    enum found found = may_stand(d, d->grammar->form_pairs, d->at) ? forms(d, &s, &attempt) : FOUND_NO;
    if (found == FOUND_NO && may_stand(d, d->grammar->span_pairs, d->at) && !quote_hides_mark(&d->quote, d->text.data, d->at))
        found = spans(d, &s, final);
    if (found != FOUND_NO)
        return found;
    note_broken(d, attempt.marked);
    d->plain = (size_t)(attempt.reached - d->text.data);
    return FOUND_YES;
}

static enum found step(struct dialect *d, bool final)
{
    if (d->at >= d->plain)
        d->plain = next_begin(d);
    return d->at < d->plain ? pass_text(d, final) : look(d, final);
}

static int run(struct dialect *d, bool final)
{
    while (d->at < d->text.len)
        if (step(d, final) == FOUND_MORE) {
            d->again = d->text.len + 1 + (d->text.len - d->at) / 2;
            break;
        }
    return buf_ok(&d->content) && buf_ok(&d->reasoning) ? 0 : ERR_MEMORY;
}

int dialect_feed(struct dialect *d, const char *text, size_t len)
{
    buf_put(&d->text, text, len);
    if (!buf_ok(&d->text))
        return d->text.beyond ? ERR_LIMIT : ERR_MEMORY;
    return d->text.len >= d->again ? run(d, false) : 0;
}

int dialect_end(struct dialect *d)
{
    int code = run(d, true);
    if (d->quote.fence)
        drop_fence(d, d->content.len);
    return code;
}

/* ---- asking ---- */

const char *dialect_family(const struct dialect *d)
{
    bool matched = d->calls.count > 0 && d->family >= 0;
    return matched ? d->grammar->families[d->family] : NULL;
}

const struct dialect_call *dialect_calls(const struct dialect *d, size_t *count)
{
    *count = d->calls.count;
    return d->calls.items;
}

const struct buf *dialect_content(const struct dialect *d)
{
    return &d->content;
}

const struct buf *dialect_reasoning(const struct dialect *d)
{
    return &d->reasoning;
}

size_t dialect_broken(const struct dialect *d, size_t *at)
{
    *at = d->broken_at;
    return d->broken;
}
