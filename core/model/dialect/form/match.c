/* match.c: a template is read item by item; what it says is a call in the end, or a part of one
 * when the text was cut. */
#include "model/dialect/form/capture.h"

#include "model/dialect/bounds.h"
#include "model/dialect/text/lenient_json.h"

/* ---- calls as lists ---- */

enum dialect_state match_state(const struct match *m, bool cut)
{
    if (cut)
        return DIALECT_PARTIAL;
    return m->s->repaired ? DIALECT_REPAIRED : DIALECT_COMPLETE;
}

/* What had to be repaired while a string of it holds marks may have taken in what stands behind
 * it. */
static enum found unless_held(struct scan *s, const char *from, enum found found)
{
    if (found != FOUND_YES || !s->held || !s->repaired)
        return found;
    s->doubt = from;
    return FOUND_NO;
}

static bool is_json(struct calls *calls, const struct buf *text)
{
    struct json_doc doc = {0};
    bool json = text->len && scan_json(&doc, text->data, text->len, &calls->starved);
    json_doc_clear(&doc);
    return json;
}

static enum found json_call(struct match *m)
{
    struct buf text = {0};
    const char *from = m->s->at;
    size_t before = m->calls->count;
    enum found found = unless_held(m->s, from, lenient_value(m->s, &text));
    bool cut = found == FOUND_MORE && m->s->final;
    if (found == FOUND_YES || cut)
        (m->keyed ? calls_of_keyed : calls_of_json)(m->calls, &text, match_state(m, cut));
    m->s->whole = found == FOUND_YES && m->calls->count == before;
    m->s->wrong = m->s->whole && !is_json(m->calls, &text);
    m->calls->starved |= !buf_ok(&text);
    buf_clear(&text);
    return m->s->whole ? FOUND_NO : found;
}

/* One of several calls that stand between the same marks: what is wrong in it takes nothing away
 * from the others, where its end is known. */
static enum found one_of_many(struct match *m)
{
    struct scan *s = m->s, before = *s;
    bool begins = *s->at == '{' || *s->at == '[';
    enum found found = begins ? json_call(m) : FOUND_NO;
    if (found != FOUND_NO)
        return found;
    calls_note(m->calls, before.at, s->doubt ? DIALECT_HOLDS : DIALECT_UNREADABLE);
    s->repaired = true;
    if (s->doubt || !begins)
        return FOUND_NO;
    before.repaired = true;
    struct scan broke = *s;
    *s = before;
    found = scan_brackets(s);
    if (found == FOUND_YES || (found == FOUND_MORE && !s->final))
        return found;
    *s = broke;
    return FOUND_NO;
}

/* Between marks each call of a list is read on its own. */
static enum found json_list(struct match *m)
{
    struct scan *s = m->s;
    size_t before = m->calls->count;
    enum found found = FOUND_YES;
    s->at++;
    while (found == FOUND_YES) {
        enum found closed = lenient_next(s);
        if (closed == FOUND_YES)
            return m->calls->count > before ? FOUND_YES : FOUND_NO;
        found = closed == FOUND_MORE ? FOUND_MORE : one_of_many(m);
    }
    return found == FOUND_MORE || m->calls->count == before ? found : FOUND_YES;
}

static enum found json_value(struct match *m)
{
    bool list = m->form->where == WHERE_MARK && !m->keyed && *m->s->at == '[';
    return list ? json_list(m) : json_call(m);
}

/* A byte order mark, and braces too many: no object begins with another. What it closes is passed
 * over with the marks behind. */
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

/* A key without quotes that its colon, a blank or a comment cannot follow any more. */
static bool is_no_key(struct scan look)
{
    const char *key;
    size_t len;
    enum found found = scan_name(&look, &key, &len);
    return found == FOUND_NO ||
           (found == FOUND_YES && *look.at != ':' && *look.at != '/' && !scan_blank(*look.at));
}

/* A key, or what may stand before one; a list of calls begins with one, with a list,
 * a text or a comment. */
bool match_holds_none(const struct scan *s)
{
    struct scan look = *s;
    look.at++;
    scan_blanks(&look);
    if (look.at == look.end)
        return false;
    if (*s->at == '{')
        return !memchr("\"',/", *look.at, 4) && is_no_key(look);
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
    size_t before = m->calls->count;
    bool many = m->form->where == WHERE_MARK && !m->keyed;
    enum found found = many && *s->at == '{' ? one_of_many(m) : json_value(m);
    while (found == FOUND_YES && m->form->where == WHERE_MARK) {
        struct scan next = *s;
        scan_blanks(&next);
        if (scan_is(&next, ',') || scan_is(&next, ';'))
            next.at++;
        scan_blanks(&next);
        if (next.at == next.end)
            return s->final && m->calls->count > before ? FOUND_YES : FOUND_MORE;
        if (*next.at != '{' && *next.at != '[')
            break;
        struct scan here = *s;
        size_t noted = m->calls->broken_count;
        bool object = many && *next.at == '{';
        *s = next;
        found = object ? one_of_many(m) : json_value(m);
        if (found == FOUND_NO && m->calls->count > before) {
            m->calls->broken_count = object ? m->calls->broken_count : noted;
            here.repaired |= object;
            here.doubt = object ? s->doubt : NULL;
            *s = here;
            return FOUND_YES;
        }
    }
    return found == FOUND_YES && m->calls->count == before ? FOUND_NO : found;
}

static enum found arguments(struct match *m)
{
    const char *from = m->s->at;
    m->object = true;
    if (m->s->at < m->s->end && *m->s->at != '{')
        return FOUND_NO;
    return unless_held(m->s, from, lenient_value(m->s, &m->arguments));
}

/* ---- templates ---- */

/* Parameters do not tell where they end: a mark behind them may be missing only where the next one,
 * the end of the section, another call or the reply's end stands instead. */
static enum found ends_otherwise(const struct match *m, const struct template *t, size_t i)
{
    struct scan look = *m->s;
    scan_blanks(&look);
    enum found best = FOUND_NO;
    if (look.at == look.end)
        best = look.final ? FOUND_YES : FOUND_MORE;
    for (i++; i <= t->count && best != FOUND_YES; i++) {
        struct text mark =
            i < t->count ? (struct text){t->items[i].text, t->items[i].len} : m->form->close;
        struct scan next = look;
        enum found found = mark.len ? scan_text(&next, mark.at, mark.len) : FOUND_NO;
        best = found > best ? found : best;
    }
    enum found begun = best == FOUND_YES ? FOUND_YES : bounds_begin(m->form, look.at, look.end);
    best = begun > best ? begun : best;
    return best == FOUND_MORE && look.final ? FOUND_NO : best;
}

/* The mark behind the parameters with a letter or two wrong. */
static enum found misspelled(struct match *m, const struct item *item)
{
    struct scan look = *m->s;
    scan_blanks(&look);
    if (!look.final && scan_left(&look) < 2 * item->len)
        return FOUND_MORE;
    size_t len = bounds_misspelled((struct text){item->text, item->len}, look.at, look.end, false);
    if (len)
        m->s->at = look.at + len;
    m->ended |= len != 0;
    return len ? FOUND_YES : FOUND_NO;
}

/* A text of the template. Behind the call itself it may be missing: a stop word that was not sent,
 * or a bracket too many before it. */
static enum found literal(struct match *m, const struct template *t, size_t i)
{
    const struct item *item = &t->items[i];
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
        m->ended = m->heart && found == FOUND_YES;
        return found;
    }
    if (found == FOUND_MORE && !s->final)
        return FOUND_MORE;
    if (found == FOUND_NO && (scan_is(&look, '}') || scan_is(&look, ']'))) {
        *s = look;
        s->at++;
        s->repaired = true;
        return literal(m, t, i);
    }
    if (m->form->where != WHERE_MARK || m->form->strict)
        return FOUND_NO;
    if (m->open_ended && !m->ended) {
        found = misspelled(m, item);
        if (found == FOUND_NO)
            found = ends_otherwise(m, t, i);
        if (found != FOUND_YES)
            return found;
    }
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

static enum found capture(struct match *m, const struct template *t, size_t i,
                          const struct template *outer)
{
    struct scan *s = m->s;
    struct text close = capture_behind(t, i);
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
        return capture_key(m, close);
    case ITEM_JSON:
        return arguments(m);
    case ITEM_KEYED:
    case ITEM_CALLS:
        m->keyed = t->items[i].kind == ITEM_KEYED;
        return json_calls(m);
    case ITEM_PYTHON:
        return python_calls(s, m->calls);
    case ITEM_PARAMS:
        return capture_params(m, t);
    case ITEM_VALUE:
        return capture_value(m, close, outer);
    case ITEM_REST:
        return capture_rest(m);
    case ITEM_LINE:
        return capture_line(m);
    case ITEM_TAGS:
        return capture_tags(m);
    case ITEM_STRING:
        return capture_string(m);
    case ITEM_TYPE:
        return capture_type(m);
    default:
        return capture_any(m, close);
    }
}

/* A name without parameters may still be a word of prose. */
static bool is_heart(const struct match *m, enum item_kind kind)
{
    return kind == ITEM_JSON || kind == ITEM_CALLS || kind == ITEM_KEYED || kind == ITEM_PYTHON ||
           kind == ITEM_TAGS || (kind == ITEM_PARAMS && m->arguments.len);
}

enum found match_template(struct match *m, const struct template *t, const struct template *outer)
{
    enum found found = FOUND_YES;
    for (size_t i = 0; found == FOUND_YES && i < t->count; i++) {
        const struct item *item = &t->items[i];
        if (item->kind == ITEM_BLANKS)
            scan_blanks(m->s);
        else if (item->kind == ITEM_TEXT)
            found = literal(m, t, i);
        else if (item->kind == ITEM_MAYBE)
            found = maybe(m, item);
        else
            found = capture(m, t, i, outer);
        m->heart |= found == FOUND_YES && is_heart(m, item->kind);
        m->open_ended |= m->heart && (item->kind == ITEM_PARAMS || item->kind == ITEM_TAGS);
    }
    return found;
}
