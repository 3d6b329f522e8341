/* section.c: the calls of one form, alone or between the marks of a section: what was read becomes
 * a call, or what is left of one is passed over. */
#include "model/dialect/bounds.h"
#include "model/dialect/form/capture.h"

#define GARBAGE_MAX 64 /* bytes between two calls that may be a misspelled mark */

/* The call of a form that names it; lists have added theirs. */
static bool add_named(struct match *m, bool cut)
{
    struct buf text = {0};
    if (!m->object && !m->arguments.len && m->calls->tools
        && !tool_named(m->calls->tools, m->name, m->name_len))
        return false; /* a word between marks */
    if (!m->object)
        buf_putc(&text, '{');
    buf_put(&text, m->arguments.data, m->arguments.len);
    if (!m->object || !text.len)
        buf_puts(&text, m->object ? "{}" : "}");
    m->calls->starved |= !buf_ok(&text) || !buf_ok(&m->arguments);
    bool added = !m->calls->starved
        && calls_add(m->calls, m->name, m->name_len, text.data, text.len, match_state(m, cut));
    buf_clear(&text);
    return added;
}

/* A mark that was missed makes the calls before it repaired ones. Where it has to be there, no
 * call before it is whole. */
static void settle(struct match *m, bool cut)
{
    bool open = cut && (m->form->where != WHERE_MARK || m->form->strict);
    for (size_t i = m->first; i < m->calls->count; i++) {
        struct dialect_call *call = &m->calls->items[i];
        if (open)
            call->state = DIALECT_PARTIAL;
        else if (m->s->repaired && call->state == DIALECT_COMPLETE)
            call->state = DIALECT_REPAIRED;
    }
}

static enum found one_call(const struct form *form, struct scan *s, struct calls *calls)
{
    struct match m = {.form = form, .s = s, .calls = calls, .first = calls->count, .is_string = -1};
    const char *from = s->at;
    s->repaired = s->held = s->whole = s->wrong = false;
    s->doubt = NULL;
    s->form = form;
    s->tools = calls->tools;
    enum found found = match_template(&m, &form->call, NULL);
    bool cut = found == FOUND_MORE && s->final;
    if (cut)
        s->at = s->end; /* more text might have made all of it this call */
    if (m.astray && found == FOUND_YES) {
        calls_note(calls, from, DIALECT_HOLDS);
        calls_cut(calls, m.first);
        s->whole = true;
    } else if (m.name && (found == FOUND_YES || cut) && !add_named(&m, cut)) {
        s->whole = s->wrong = found == FOUND_YES;
        found = FOUND_NO;
    }
    calls->starved |= !buf_ok(&m.arguments);
    buf_clear(&m.arguments);
    settle(&m, cut);
    if (found == FOUND_NO || (found == FOUND_MORE && !cut))
        calls_cut(calls, m.first);
    return found;
}

/* The section's mark, or the first of its calls', said twice. */
static bool pass_doubled(const struct form *form, struct scan *s)
{
    const struct item *mark = &form->call.items[0];
    bool stands = scan_text(s, form->open.at, form->open.len) == FOUND_YES
        || (mark->len && scan_text(s, mark->text, mark->len) == FOUND_YES);
    s->repaired |= stands;
    return stands;
}

/* A mark between the section's calls that is none: another call may begin right behind it. */
static bool is_short(const struct form *form, const char *from, const char *to)
{
    size_t open = form->open.len;
    while (to > from && scan_blank(to[-1]))
        to--;
    if ((size_t)(to - from) > open && memcmp(to - open, form->open.at, open) == 0)
        to -= open;
    while (to > from && scan_blank(to[-1]))
        to--;
    return to - from <= GARBAGE_MAX && !memchr(from, '\n', (size_t)(to - from));
}

/* Behind a call of the section that is none, where the section goes on.
 * NO: what follows may be quoted by it. */
static enum found behind_broken(const struct form *form, struct scan *s, const struct scan *broke,
                                struct calls *calls)
{
    enum found begun = bounds_begin_own(form, s->at, s->end), found = FOUND_YES;
    const char *to = broke->at;
    if (begun == FOUND_MORE && !s->final)
        return FOUND_MORE;
    if (begun != FOUND_YES && pass_doubled(form, s))
        return FOUND_YES;
    enum found others = begun == FOUND_YES ? FOUND_NO : bounds_begin(form, s->at, s->end);
    if (others == FOUND_MORE && !s->final)
        return FOUND_MORE;
    if (others == FOUND_YES || (begun != FOUND_YES && *s->at != *form->call.items[0].text))
        return FOUND_NO;
    if (!broke->whole)
        found = bounds_skip(form, broke->doubt ? broke->doubt : broke->at, s->end, s->final, &to);
    if (found == FOUND_MORE)
        return FOUND_MORE;
    if (found == FOUND_NO && begun != FOUND_YES && is_short(form, s->at, to))
        found = FOUND_YES;
    else
        calls_note(calls, s->at, broke->doubt ? DIALECT_HOLDS : DIALECT_UNREADABLE);
    s->lost = found == FOUND_NO;
    if (!s->lost && to <= s->at)
        return FOUND_NO; /* it would be taken for ever */
    s->at = s->lost ? broke->at : to;
    return found;
}

static enum found section(const struct form *form, struct scan *s, struct calls *calls)
{
    size_t first = calls->count;
    enum found found = scan_text(s, form->open.at, form->open.len);
    while (found == FOUND_YES) {
        scan_blanks(s);
        if (s->at == s->end)
            return FOUND_MORE;
        if (form->close.len) {
            found = scan_text(s, form->close.at, form->close.len);
            if (found != FOUND_NO)
                return found;
        }
        struct scan next = *s;
        size_t noted = calls->broken_count;
        found = one_call(form, &next, calls);
        if (found != FOUND_NO) {
            *s = next;
            continue;
        }
        calls->broken_count = noted;
        found = behind_broken(form, s, &next, calls);
        if (found == FOUND_NO && calls->count > first)
            return FOUND_YES;
        if (found == FOUND_NO)
            s->at = s->lost ? s->at : next.at;
    }
    return found;
}

enum found match_form(const struct form *form, struct scan *s, struct calls *calls)
{
    size_t first = calls->count;
    enum found found = form->open.len ? section(form, s, calls) : one_call(form, s, calls);
    if (found == FOUND_MORE && !s->final)
        calls_cut(calls, first);
    return found;
}
