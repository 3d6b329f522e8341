/* dialect.c: the walk over one reply. What may be a call is read from its beginning; when only more
 * text can tell, it is read again when the text has grown by half,
 * so that the work stays linear. */
#include "model/dialect.h"

#include <stdlib.h>

#include "model/dialect/bounds.h"
#include "model/dialect/walk.h"

#define AGAIN_MAX 32 /* times that it is gone back; more would not be linear */

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

/* Here stands what should have been a call. */
static void note_broken(struct dialect *d, size_t at, enum dialect_why why)
{
    if (d->broken_count < DIALECT_BROKEN_MAX)
        d->broken[d->broken_count] = (struct dialect_broken){at, why};
    d->broken_count++;
}

/* What came of the forms at one place. */
struct attempt {
    const char *reached; /* the farthest that any looked */
    bool marked;         /* the mark of one stood there */
    bool told;           /* and it was noted what is wrong with it */
    const char *behind;  /* NULL, or where it goes on behind a call that was begun and broke */
    bool lost;
    /* those that broke: of the form that came farthest; nothing of it is owned */
    struct calls noted;
};

static void note_all(struct dialect *d, const struct calls *calls)
{
    for (size_t i = 0; i < calls->broken_count; i++)
        note_broken(d, (size_t)(calls->broken[i < DIALECT_BROKEN_MAX ? i : 0].at - d->text.data),
                    calls->broken[i < DIALECT_BROKEN_MAX ? i : 0].why);
}

/* What is quoted is read, so that nothing in it is taken for a call:
 * behind a quotation mark as far as it goes. */
static enum found pass_quoted(struct dialect *d, const struct form *form, struct scan s,
                              struct attempt *attempt)
{
    const bool opens = quote_opens(&d->quote, d->text.data, d->at);
    size_t before = d->calls.count;
    enum found found = match_form(form, &s, &d->calls);
    calls_cut(&d->calls, before);
    if (found == FOUND_MORE && !s.final)
        return FOUND_MORE;
    if ((found == FOUND_YES || opens) && s.at > attempt->reached)
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

/* A call was begun and is none: what stands in it is no call, up to its end.
 * MORE: only more text can tell. */
static enum found pass_broken(struct dialect *d, const struct form *form, const struct scan *s,
                              struct attempt *attempt)
{
    const char *here = d->text.data + d->at, *to;
    enum found began =
        form->where != WHERE_MARK || form->open.len ? FOUND_NO : bounds_begin(form, here, s->end);
    if (began == FOUND_MORE && !s->final)
        return FOUND_MORE;
    if (began != FOUND_YES) {
        attempt->lost |= s->lost || (s->doubt && form->where != WHERE_MARK);
        return FOUND_NO;
    }
    if (s->whole) {
        attempt->behind = s->at > attempt->behind ? s->at : attempt->behind;
        return FOUND_NO;
    }
    enum found found = bounds_skip(form, s->doubt ? s->doubt : s->at, s->end, s->final, &to);
    if (found == FOUND_MORE)
        return FOUND_MORE;
    attempt->lost |= found == FOUND_NO || to == s->doubt || d->again_from == AGAIN_MAX;
    if (found == FOUND_YES && to > attempt->behind)
        attempt->behind = to;
    return FOUND_NO;
}

/* A mark that is a word, as "function", means no call unless one begins. */
static bool is_marked(const struct dialect *d, const struct form *form, const struct scan *s)
{
    struct text mark = form_mark(form);
    return bounds_is_mark(mark.at, mark.len) ||
           bounds_begin_own(form, d->text.data + d->at, s->end) == FOUND_YES;
}

/* Without a mark, what names a declared tool is meant as a call where it is no example,
 * nor data that is whole. */
static bool is_meant(struct dialect *d, const struct form *form, const struct scan *s)
{
    return !(s->whole && !s->wrong) &&
           bounds_declared(form, d->calls.tools, d->text.data + d->at, s->end) &&
           !is_example(d, form);
}

/* No call: how far it was looked at. */
static enum found failed(struct dialect *d, const struct form *form, const struct scan *s,
                         struct attempt *attempt)
{
    if (!d->calls.broken_count && s->doubt)
        calls_note(&d->calls, d->text.data + d->at, DIALECT_HOLDS);
    if (d->calls.broken_count && (s->at >= attempt->reached || !attempt->noted.broken_count))
        attempt->noted = d->calls;
    if (attempt->noted.broken_count == 1)
        attempt->noted.broken[0].at = d->text.data + d->at; /* its marks are part of it */
    attempt->marked |= form->where == WHERE_MARK ? is_marked(d, form, s) : is_meant(d, form, s);
    if (s->at > attempt->reached)
        attempt->reached = s->at;
    return pass_broken(d, form, s, attempt);
}

/* One form that begins at this place. YES: calls were read. */
static enum found try_form(struct dialect *d, const struct form *form, struct scan s,
                           struct attempt *attempt)
{
    size_t before = d->calls.count;
    d->calls.known_only = form->where != WHERE_MARK;
    d->calls.broken_count = 0;
    enum found found = match_form(form, &s, &d->calls);
    if (found == FOUND_MORE && !s.final)
        return FOUND_MORE;
    bool example = d->calls.count > before && is_example(d, form),
         quoted = d->calls.count > before && d->lost;
    if (example || quoted)
        calls_cut(&d->calls, before);
    if (d->calls.count == before && !example && !quoted)
        return failed(d, form, &s, attempt);
    if (d->calls.count == before) {
        attempt->reached = s.at > attempt->reached ? s.at : attempt->reached;
        if (quoted && !attempt->told)
            note_broken(d, d->at, DIALECT_BEHIND);
        attempt->told |= quoted;
        return FOUND_NO;
    }
    d->family = (int)form->family;
    d->any = true;
    d->lost |= s.lost;
    note_all(d, &d->calls);
    size_t behind = (size_t)(s.at - d->text.data);
    quote_taken(&d->quote, d->text.data, d->at, behind);
    d->at = behind;
    return FOUND_YES;
}

/* Is what is quoted here read, so that nothing in it counts? In code nothing does. */
static bool is_read(struct dialect *d, enum found apart)
{
    return apart == FOUND_YES || quote_opens(&d->quote, d->text.data, d->at)
        || quote_in_line(&d->quote, d->text.data, d->at);
}

static enum found forms(struct dialect *d, const struct scan *s, struct attempt *attempt)
{
    const struct grammar *g = d->grammar;
    const struct lead_word here = lead_at(s->at, scan_left(s));
    struct candidates all = candidates(&g->form_leads, s);
    const enum found apart =
        quote_sets_apart(&d->quote, d->text.data, d->text.len, s->final, d->at);
    if (apart == FOUND_MORE)
        return FOUND_MORE;
    for (const struct lead *lead = all.at; lead < all.end; lead++) {
        if (!lead_may_stand(lead->word, here))
            continue;
        const struct form *form = &g->forms[lead->of];
        enum found found = in_question(d, form) ? begins(form, s) : FOUND_NO;
        bool may = found != FOUND_NO && apart == FOUND_NO && allowed(d, form);
        if (found == FOUND_NO || (found == FOUND_MORE && s->final)
            || (!may && (form->where == WHERE_LINE || !is_read(d, apart))))
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

/* What was looked at is text; what stands in a call that broke is no prose, in which fences and
 * code would count. */
static void pass_attempt(struct dialect *d, const struct attempt *attempt)
{
    size_t from = d->at;
    d->plain = (size_t)(attempt->reached - d->text.data);
    if (!attempt->behind)
        return;
    d->again_from += attempt->behind < attempt->reached;
    d->plain = (size_t)(attempt->behind - d->text.data);
    pass(d, d->plain);
    quote_taken(&d->quote, d->text.data, from, d->at);
}

/* What begins at d->at, if anything does; else it is plain up to where it was looked at. */
static enum found look(struct dialect *d, bool final)
{
    struct scan s = {.at = d->text.data + d->at, .end = d->text.data + d->text.len, .final = final};
    struct attempt attempt = {.reached = s.at + 1};
    enum found found =
        may_stand(d, d->grammar->form_pairs, d->at) ? forms(d, &s, &attempt) : FOUND_NO;
    if (found == FOUND_NO && may_stand(d, d->grammar->span_pairs, d->at))
        found = walk_spans(d, &s, quote_hides_mark(&d->quote, d->text.data, d->at));
    if (found != FOUND_NO)
        return found;
    if (!attempt.told)
        note_all(d, &attempt.noted);
    if (attempt.marked && !attempt.told && !attempt.noted.broken_count)
        note_broken(d, d->at, DIALECT_UNREADABLE);
    d->lost |= attempt.lost;
    pass_attempt(d, &attempt);
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
    while (d->at < d->text.len && !d->calls.starved)
        if (step(d, final) == FOUND_MORE) {
            d->again = d->text.len + 1 + (d->text.len - d->at) / 2;
            break;
        }
    return buf_ok(&d->content) && buf_ok(&d->reasoning) && !d->calls.starved ? 0 : ERR_MEMORY;
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

size_t dialect_thought(const struct dialect *d)
{
    return d->thought;
}

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

size_t dialect_broken(const struct dialect *d, const struct dialect_broken **list)
{
    *list = d->broken;
    return d->broken_count;
}
