/* match.c: a template is read item by item; what it says is a call in the end, or a part of one when the
 * text was cut. */
#include "model/dialect/hole.h"

#include "model/dialect/loose.h"

/* ---- calls as lists ---- */

static enum dialect_state state_of(const struct match *m, bool cut)
{
    if (cut)
        return DIALECT_PARTIAL;
    return m->s->repaired ? DIALECT_REPAIRED : DIALECT_COMPLETE;
}

static enum found json_call(struct match *m)
{
    struct buf text = {0};
    size_t before = m->calls->count;
    enum found found = loose_value(m->s, &text);
    bool cut = found == FOUND_MORE && m->s->final;
    if (found == FOUND_YES || cut)
        (m->keyed ? calls_of_keyed : calls_of_json)(m->calls, &text, state_of(m, cut));
    buf_clear(&text);
    return found == FOUND_YES && m->calls->count == before ? FOUND_NO : found;
}

/* Between marks each call of a list is read on its own: what comes behind one takes nothing away from it. */
static enum found json_list(struct match *m)
{
    struct scan *s = m->s;
    size_t before = m->calls->count;
    enum found found = FOUND_YES;
    s->at++;
    while (found == FOUND_YES) {
        enum found closed = loose_next(s);
        if (closed == FOUND_YES)
            return m->calls->count > before ? FOUND_YES : FOUND_NO;
        found = closed == FOUND_MORE ? FOUND_MORE : *s->at == '{' || *s->at == '[' ? json_call(m) : FOUND_NO;
    }
    if (found == FOUND_MORE || m->calls->count == before)
        return found;
    m->calls->broken++;
    s->repaired = true;
    return FOUND_YES;
}

static enum found json_value(struct match *m)
{
    bool list = m->form->where == WHERE_MARK && !m->keyed && *m->s->at == '[';
    return list ? json_list(m) : json_call(m);
}

/* A byte order mark, and braces too many: no object begins with another. What it closes is passed over with
 * the marks behind. */
static enum found stray_before(struct scan *s)
{
    enum found mark = scan_is(s, '\xEF') ? scan_text(s, "\xEF\xBB\xBF", 3) : FOUND_NO;
    if (mark == FOUND_MORE)
        return FOUND_MORE;
    s->repaired |= mark == FOUND_YES;
    for (scan_blanks(s); scan_is(s, '{'); s->repaired = true) {
        struct scan next = *s;
        next.at++;
        scan_blanks(&next);
        if (!scan_is(&next, '{'))
            break;
        s->at = next.at;
    }
    return FOUND_YES;
}

/* A key, or what may stand before one; a list of calls begins with one, with a list, a text or a comment. */
bool match_holds_none(const struct scan *s)
{
    struct scan look = *s;
    look.at++;
    scan_blanks(&look);
    if (look.at == look.end)
        return false;
    if (*s->at == '{')
        return !memchr("\"',/", *look.at, 4) && !scan_begins_name(*look.at);
    return *look.at == '{' ? match_holds_none(&look) : !memchr("\"',/[", *look.at, 5);
}

/* In prose a value is one; between marks more may follow. */
static enum found json_calls(struct match *m)
{
    struct scan *s = m->s;
    if (m->form->where == WHERE_MARK && stray_before(s) == FOUND_MORE)
        return FOUND_MORE;
    if (s->at == s->end)
        return FOUND_MORE;
    if ((*s->at != '{' && *s->at != '[') || match_holds_none(s))
        return FOUND_NO;
    enum found found = json_value(m);
    while (found == FOUND_YES && m->form->where == WHERE_MARK) {
        struct scan next = *s;
        scan_blanks(&next);
        if (scan_is(&next, ',') || scan_is(&next, ';'))
            next.at++;
        scan_blanks(&next);
        if (next.at == next.end)
            return s->final ? FOUND_YES : FOUND_MORE;
        struct scan here = *s;
        *s = next;
        found = *s->at == '{' || *s->at == '[' ? json_value(m) : FOUND_NO;
        if (found == FOUND_NO) {
            *s = here;
            return FOUND_YES;
        }
    }
    return found;
}

static enum found arguments(struct match *m)
{
    m->object = true;
    if (m->s->at < m->s->end && *m->s->at != '{')
        return FOUND_NO;
    return loose_value(m->s, &m->arguments);
}

/* ---- templates ---- */

/* A text of the template. Behind the call itself it may be missing: a stop word that was not sent, or a
 * bracket too many before it. */
static enum found literal(struct match *m, const struct item *item)
{
    struct scan *s = m->s;
    struct scan look = *s;
    if (m->unclosed) {
        m->unclosed = false;
        return FOUND_YES;
    }
    if (m->heart)
        scan_blanks(&look);
    enum found found = scan_text(&look, item->text, item->len);
    if (found == FOUND_YES || !m->heart) {
        *s = found == FOUND_YES ? look : *s;
        return found;
    }
    if (found == FOUND_MORE && !s->final)
        return FOUND_MORE;
    if (found == FOUND_NO && (scan_is(&look, '}') || scan_is(&look, ']'))) {
        *s = look;
        s->at++;
        s->repaired = true;
        return literal(m, item);
    }
    if (m->form->where != WHERE_MARK || m->form->strict)
        return FOUND_NO;
    s->repaired = true;
    return FOUND_YES;
}

static enum found maybe(struct match *m, const struct item *item)
{
    struct scan look = *m->s;
    scan_blanks(&look);
    enum found found = scan_text(&look, item->text, item->len);
    if (found == FOUND_YES)
        *m->s = look;
    return found == FOUND_MORE && !m->s->final ? FOUND_MORE : FOUND_YES;
}

/* Of what is text, its blanks are part. */
static bool takes_blanks(enum item_kind kind)
{
    return kind == ITEM_VALUE || kind == ITEM_REST || kind == ITEM_LINE || kind == ITEM_ANY;
}

static enum found hole(struct match *m, const struct template *t, size_t i,
                       const struct template *outer)
{
    struct scan *s = m->s;
    struct text close = hole_behind(t, i);
    s->stop = close.at;
    s->stop_len = close.len;
    s->quote = m->form->quote.at;
    s->quote_len = m->form->quote.len;
    if (!takes_blanks(t->items[i].kind))
        scan_blanks(s);
    switch (t->items[i].kind) {
    case ITEM_NAME:
        return scan_name(s, &m->name, &m->name_len);
    case ITEM_KEY:
        return hole_key(m, close);
    case ITEM_JSON:
        return arguments(m);
    case ITEM_KEYED:
    case ITEM_CALLS:
        m->keyed = t->items[i].kind == ITEM_KEYED;
        return json_calls(m);
    case ITEM_PYTHON:
        return python_calls(s, m->calls);
    case ITEM_PARAMS:
        return hole_params(m, t);
    case ITEM_VALUE:
        return hole_value(m, close, outer);
    case ITEM_REST:
        return hole_rest(m);
    case ITEM_LINE:
        return hole_line(m);
    case ITEM_TAGS:
        return hole_tags(m);
    case ITEM_STRING:
        return hole_string(m);
    case ITEM_TYPE:
        return hole_type(m);
    default:
        return hole_any(m, close);
    }
}

/* A name without parameters may still be a word of prose. */
static bool is_heart(const struct match *m, enum item_kind kind)
{
    return kind == ITEM_JSON || kind == ITEM_CALLS || kind == ITEM_KEYED || kind == ITEM_PYTHON || kind == ITEM_TAGS
        || (kind == ITEM_PARAMS && m->arguments.len);
}

enum found match_template(struct match *m, const struct template *t, const struct template *outer)
{
    enum found found = FOUND_YES;
    for (size_t i = 0; found == FOUND_YES && i < t->count; i++) {
        const struct item *item = &t->items[i];
        if (item->kind == ITEM_BLANKS)
            scan_blanks(m->s);
        else if (item->kind == ITEM_TEXT)
            found = literal(m, item);
        else if (item->kind == ITEM_MAYBE)
            found = maybe(m, item);
        else
            found = hole(m, t, i, outer);
        m->heart |= found == FOUND_YES && is_heart(m, item->kind);
    }
    return found;
}

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
    bool added = buf_ok(&text) && buf_ok(&m->arguments)
        && calls_add(m->calls, m->name, m->name_len, text.data, text.len, state_of(m, cut));
    buf_clear(&text);
    return added;
}

/* A mark that was missed makes the calls before it repaired ones. Where it has to be there, no call before it is whole. */
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
    s->repaired = false;
    enum found found = match_template(&m, &form->call, NULL);
    bool cut = found == FOUND_MORE && s->final;
    if (cut)
        s->at = s->end; /* more text might have made all of it this call */
    if (m.name && (found == FOUND_YES || cut) && !add_named(&m, cut))
        found = FOUND_NO;
    buf_clear(&m.arguments);
    settle(&m, cut);
    if (found == FOUND_NO || (found == FOUND_MORE && !cut))
        calls_cut(calls, m.first);
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
        found = one_call(form, &next, calls);
        if (found != FOUND_NO)
            *s = next;
        else if (calls->count > first)
            return FOUND_YES;
        else
            s->at = next.at;
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
