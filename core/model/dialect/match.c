/* match.c: a template is read item by item; what it says is a call in the end, or a part of one when the
 * text was cut. */
#include "model/dialect/match.h"

#include "model/dialect/loose.h"

#define MARK_MIN 2  /* a single byte at the beginning of a line ends no {rest} */
#define ANY_MAX 256 /* bytes that {any} passes over */

struct match {
    const struct form *form;
    struct scan *s;
    struct calls *calls;
    size_t first;     /* the calls before this form's */
    const char *name; /* borrowed from the text; NULL: not yet */
    size_t name_len;
    const char *key;
    size_t key_len;
    struct buf arguments; /* JSON members, without the braces; or an object from {json} */
    bool object;          /* the latter */
    bool heart;           /* the call itself was read, what is left are the marks behind it */
    int is_string;        /* what {string} said of the value; -1: nothing */
    size_t values;        /* {value}s so far */
    bool keyed;           /* calls are {name: arguments} */
    bool unclosed;        /* the mark behind this value is missing */
};

static enum found template(struct match *m, const struct template *t, const struct template *outer);

/* ---- what stands behind ---- */

/* The text behind item i, or none. */
static struct text behind(const struct template *t, size_t i)
{
    while (++i < t->count && t->items[i].kind == ITEM_BLANKS)
        ;
    if (i < t->count && (t->items[i].kind == ITEM_TEXT || t->items[i].kind == ITEM_MAYBE))
        return (struct text){t->items[i].text, t->items[i].len};
    return (struct text){NULL, 0};
}

static enum found stands_at(const struct scan *s, const char *at, struct text text)
{
    struct scan look = {.at = at, .end = s->end};
    return text.len ? scan_text(&look, text.at, text.len) : FOUND_NO;
}

/* Does any of the texts behind the parameters stand here? The first of them may have been left out. Of a
 * template that has none, any place is the end. */
static enum found call_ends(const struct template *outer, const struct scan *s, const char *at)
{
    enum found best = FOUND_NO;
    size_t i = 0, texts = 0;
    while (i < outer->count && outer->items[i].kind != ITEM_PARAMS)
        i++;
    while (++i < outer->count && best != FOUND_YES) {
        const struct item *item = &outer->items[i];
        enum found found = item->kind == ITEM_BLANKS
            ? FOUND_NO
            : stands_at(s, at, (struct text){item->text, item->len});
        best = found > best ? found : best;
        texts += item->kind != ITEM_BLANKS;
    }
    return texts ? best : FOUND_YES;
}

/* Behind the end of a parameter comes the next one, or what follows them all. */
static enum found param_ends(const struct match *m, const char *at, const struct template *outer)
{
    struct text next = {m->form->param.items[0].text, m->form->param.items[0].len};
    while (at < m->s->end && scan_blank(*at))
        at++;
    if (at == m->s->end)
        return m->s->final ? FOUND_YES : FOUND_MORE;
    enum found a = stands_at(m->s, at, next), b = call_ends(outer, m->s, at);
    return a > b ? a : b;
}

/* ---- holes ---- */

static void member_key(struct match *m, const char *key, size_t len)
{
    if (m->arguments.len)
        buf_putc(&m->arguments, ',');
    json_write_string(&m->arguments, key, len);
    buf_putc(&m->arguments, ':');
}

/* What stands in <![CDATA[ ]]>, when all of it does. */
static void inside_cdata(const char **text, size_t *len)
{
    static const char open[] = "<![CDATA[", close[] = "]]>";
    const size_t open_len = sizeof open - 1, close_len = sizeof close - 1;
    if (*len < open_len + close_len || memcmp(*text, open, open_len) != 0
        || memcmp(*text + *len - close_len, close, close_len) != 0)
        return;
    *text += open_len;
    *len -= open_len + close_len;
}

static void member(struct match *m, const char *text, size_t len)
{
    const struct json *schema = NULL;
    size_t key_len = m->key_len;
    const char *key = m->key;
    if (!key)
        key = json_string(json_at(m->form->arguments, m->values), &key_len);
    if (!key)
        return;
    if (m->form->cdata)
        inside_cdata(&text, &len);
    if (m->is_string < 0)
        schema = tool_parameter(m->calls->tools, m->name, m->name_len, key, key_len);
    member_key(m, key, key_len);
    param_value(&m->arguments, text, len, schema, m->is_string < 0 ? m->form->typed : !m->is_string);
    m->values++;
    m->key = NULL;
    m->is_string = -1;
}

/* A parameter's beginning up to its value. */
static enum found opens(const struct match *m, const char *at, const char **key, size_t *key_len)
{
    struct scan look = {.at = at, .end = m->s->end, .final = m->s->final};
    const struct template *t = &m->form->param;
    enum found found = FOUND_YES;
    const char *other;
    size_t len;
    for (size_t i = 0; found == FOUND_YES && t->items[i].kind != ITEM_VALUE; i++) {
        const struct item *item = &t->items[i];
        if (item->kind == ITEM_BLANKS)
            scan_blanks(&look);
        else if (item->kind == ITEM_TEXT)
            found = scan_text(&look, item->text, item->len);
        else
            found = item->kind == ITEM_KEY ? scan_name(&look, key, key_len) : scan_name(&look, &other, &len);
    }
    return found;
}

/* Is it another parameter of this tool, of which nothing was said before? */
static bool is_missing(struct match *m, const char *key, size_t len)
{
    struct buf member = {0};
    if ((len == m->key_len && memcmp(key, m->key, len) == 0)
        || !tool_parameter(m->calls->tools, m->name, m->name_len, key, len))
        return false;
    json_write_string(&member, key, len);
    buf_putc(&member, ':');
    bool given = !buf_ok(&member)
        || (m->arguments.len && memmem(m->arguments.data, m->arguments.len, member.data, member.len));
    buf_clear(&member);
    return !given;
}

/* The line in [at, to) on which the next parameter begins, while this one was not closed. */
static enum found next_param(struct match *m, const char *from, const char *at, const char *to,
                             const char **line)
{
    const struct item *mark = &m->form->param.items[0];
    const char *key = NULL;
    size_t len = 0;
    while (m->calls->tools && (at = memmem(at, (size_t)(to - at), mark->text, mark->len))) {
        bool begins = at > from && at[-1] == '\n';
        enum found found = begins ? opens(m, at, &key, &len) : FOUND_NO;
        if (found == FOUND_MORE && !m->s->final)
            return FOUND_MORE;
        *line = at;
        if (found == FOUND_YES && key && is_missing(m, key, len))
            return FOUND_YES;
        at++;
    }
    return FOUND_NO;
}

/* Text up to `close`, the first that ends it. */
static enum found value(struct match *m, struct text close, const struct template *outer)
{
    const char *line;
    struct scan *s = m->s;
    const char *from = s->at;
    while (s->at < s->end) {
        const char *end = memmem(s->at, scan_left(s), close.at, close.len);
        enum found next = outer ? next_param(m, from, s->at, end ? end : s->end, &line) : FOUND_NO;
        if (next == FOUND_MORE)
            return FOUND_MORE;
        if (next == FOUND_YES) {
            s->at = line;
            s->repaired = m->unclosed = true;
            member(m, from, (size_t)(line - from));
            return FOUND_YES;
        }
        if (!end)
            break;
        enum found ends = outer ? param_ends(m, end + close.len, outer) : FOUND_YES;
        if (ends == FOUND_MORE)
            return FOUND_MORE;
        s->at = end + (ends == FOUND_NO);
        if (ends == FOUND_YES) {
            member(m, from, (size_t)(end - from));
            return FOUND_YES;
        }
    }
    s->at = s->end;
    if (s->final)
        member(m, from, (size_t)(s->end - from));
    return FOUND_MORE;
}

static enum found line(struct match *m)
{
    struct scan *s = m->s;
    const char *end = memchr(s->at, '\n', scan_left(s));
    if (!end)
        return FOUND_MORE;
    const char *last = end;
    while (last > s->at && scan_blank(last[-1]))
        last--;
    member(m, s->at, (size_t)(last - s->at));
    s->at = end;
    return FOUND_YES;
}

/* Up to the line on which the next call begins. Only then it is known to be whole. */
static enum found rest(struct match *m)
{
    struct scan *s = m->s;
    const struct text mark = form_mark(m->form);
    s->at += scan_is(s, ' ');
    const char *from = s->at, *end = s->end;
    for (const char *at = from; mark.len >= MARK_MIN && (at = memchr(at, '\n', (size_t)(s->end - at)));) {
        enum found next = stands_at(s, ++at, mark);
        if (next == FOUND_MORE && !s->final)
            return FOUND_MORE;
        if (next == FOUND_YES) {
            end = at;
            break;
        }
    }
    if (end == s->end && !s->final)
        return FOUND_MORE;
    s->repaired |= end == s->end;
    s->at = end;
    member(m, from, (size_t)(end - from));
    return FOUND_YES;
}

static enum found any(struct match *m, struct text until)
{
    struct scan *s = m->s;
    size_t left = scan_left(s) < ANY_MAX + until.len ? scan_left(s) : ANY_MAX + until.len;
    const char *end = memmem(s->at, left, until.at, until.len);
    if (!end)
        return left < ANY_MAX + until.len ? FOUND_MORE : FOUND_NO;
    s->at = end;
    return FOUND_YES;
}

static enum found said_string(struct match *m)
{
    enum found yes = scan_text(m->s, "true", 4);
    enum found no = yes == FOUND_YES ? FOUND_NO : scan_text(m->s, "false", 5);
    m->is_string = yes == FOUND_YES;
    return yes > no ? yes : no;
}

static enum found said_type(struct match *m)
{
    const char *name;
    size_t len;
    enum found found = scan_name(m->s, &name, &len);
    if (found == FOUND_YES)
        m->is_string = len == 6 && memcmp(name, "string", 6) == 0;
    return found;
}

static enum found params(struct match *m, const struct template *outer)
{
    struct scan *s = m->s;
    for (;;) {
        const char *from = s->at;
        scan_blanks(s);
        enum found first = stands_at(s, s->at, (struct text){m->form->param.items[0].text,
                                                            m->form->param.items[0].len});
        if (first == FOUND_NO) {
            s->at = from;
            return FOUND_YES;
        }
        enum found found = first == FOUND_YES ? template(m, &m->form->param, outer) : FOUND_MORE;
        if (found != FOUND_YES)
            return found;
    }
}

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

/* In prose a value is one; between marks more may follow. */
static enum found json_calls(struct match *m)
{
    struct scan *s = m->s;
    if (m->form->where == WHERE_MARK && stray_before(s) == FOUND_MORE)
        return FOUND_MORE;
    if (s->at < s->end && *s->at != '{' && *s->at != '[')
        return FOUND_NO;
    enum found found = json_call(m);
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
        found = *s->at == '{' || *s->at == '[' ? json_call(m) : FOUND_NO;
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
    struct text close = behind(t, i);
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
        return scan_name(s, &m->key, &m->key_len);
    case ITEM_JSON:
        return arguments(m);
    case ITEM_KEYED:
    case ITEM_CALLS:
        m->keyed = t->items[i].kind == ITEM_KEYED;
        return json_calls(m);
    case ITEM_PYTHON:
        return python_calls(s, m->calls);
    case ITEM_PARAMS:
        return params(m, t);
    case ITEM_VALUE:
        return value(m, close, outer);
    case ITEM_REST:
        return rest(m);
    case ITEM_LINE:
        return line(m);
    case ITEM_STRING:
        return said_string(m);
    case ITEM_TYPE:
        return said_type(m);
    default:
        return any(m, close);
    }
}

/* A name without parameters may still be a word of prose. */
static bool is_heart(const struct match *m, enum item_kind kind)
{
    return kind == ITEM_JSON || kind == ITEM_CALLS || kind == ITEM_KEYED || kind == ITEM_PYTHON
        || (kind == ITEM_PARAMS && m->arguments.len);
}

static enum found template(struct match *m, const struct template *t, const struct template *outer)
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

/* A mark that was missed makes the calls before it repaired ones. */
static void settle(struct match *m, bool cut)
{
    for (size_t i = m->first; i < m->calls->count; i++) {
        struct dialect_call *call = &m->calls->items[i];
        if (cut && m->form->where != WHERE_MARK)
            call->state = DIALECT_PARTIAL;
        else if (m->s->repaired && call->state == DIALECT_COMPLETE)
            call->state = DIALECT_REPAIRED;
    }
}

static enum found one_call(const struct form *form, struct scan *s, struct calls *calls)
{
    struct match m = {.form = form, .s = s, .calls = calls, .first = calls->count, .is_string = -1};
    s->repaired = false;
    enum found found = template(&m, &form->call, NULL);
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
