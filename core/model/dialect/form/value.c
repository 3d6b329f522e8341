/* value.c: a parameter's value that is text: where it ends. What stands in it may look like any
 * mark; where it holds a whole beginning of something else, or an end that fits nothing, it may
 * have taken in what is behind it, and is none. */
#include "model/dialect/bounds.h"
#include "model/dialect/form/capture.h"

#define LOOKS_MAX 64 /* beginnings of parameters inside a call's values that are thought about */
#define OPEN_MIN  4  /* bytes of a mark that may be said twice */

/* A value that is read. */
struct value {
    struct match *m;
    const struct template *outer; /* the call's */
    struct text close;
    const char *from;
    size_t depth; /* elements that the value has opened itself, of the close mark's name */
    size_t marks; /* of its call that stand in it */
    bool leads[256]; /* first bytes of marks */
};

/* ---- what stands behind ---- */

/* Does any of the texts behind the parameters stand here? The first of them may have been left out.
 * Of a template that has none, any place is the end. */
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
            : capture_stands(s, at, (struct text){item->text, item->len});
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
    enum found a = capture_stands(m->s, at, next), b = call_ends(outer, m->s, at);
    return a > b ? a : b;
}

/* ---- a parameter that is not closed ---- */

/* A parameter's beginning up to its value. */
static enum found opens(const struct match *m, const char *at, const char **key, size_t *key_len,
                        const char **behind)
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
            found = item->kind == ITEM_KEY ? scan_name(&look, key, key_len)
                                           : scan_name(&look, &other, &len);
    }
    *behind = look.at;
    return found;
}

/* Is it another parameter of this tool, of which nothing was said before? A tool that is not known
 * may have any. */
static bool is_missing(struct match *m, const char *key, size_t len)
{
    struct buf member = {0};
    if ((len == m->key_len && memcmp(key, m->key, len) == 0) || m->looks++ > LOOKS_MAX)
        return false;
    if (tool_named(m->calls->tools, m->name, m->name_len) &&
        !tool_parameter(m->calls->tools, m->name, m->name_len, key, len).schema)
        return false;
    json_write_string(&member, key, len);
    buf_putc(&member, ':');
    m->calls->starved |= !buf_ok(&member);
    bool given = m->arguments.len && member.len
        && memmem(m->arguments.data, m->arguments.len, member.data, member.len);
    buf_clear(&member);
    return !given;
}

static bool drifts(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Where a value ends that was not closed, or with what was meant for its mark: </parameter1>,
 * </parameter_x>, </parameter. */
static const char *unclosed_end(const char *from, const char *to, struct text close)
{
    const char *at = to;
    while (at > from && scan_blank(at[-1]))
        at--;
    at -= at > from && at[-1] == '>';
    while (at > from && drifts(at[-1]))
        at--;
    size_t head = 0, len = close.len;
    while (head < len && !drifts(close.at[head])) /* "</" of "</parameter>" */
        head++;
    bool marked = len > head + 1 && close.at[len - 1] == '>' && (size_t)(at - from) >= head
        && (size_t)(to - at) >= len - 1 - head && memcmp(at - head, close.at, len - 1) == 0;
    return marked ? at - head : to;
}

static void unclosed(struct match *m, const char *from, const char *to, struct text close)
{
    const char *drifted = unclosed_end(from, to, close);
    const char *last = to;
    while (last > from && scan_blank(last[-1]))
        last--;
    size_t wrong = drifted == to ? bounds_misspelled(close, from, last, true) : 0;
    to = wrong ? last - wrong : drifted;
    if (!m->form->lines && to > from && to[-1] == '\n') /* the next mark's line begins behind it */
        to -= to - from > 1 && to[-2] == '\r' ? 2 : 1;
    m->s->repaired = m->unclosed = true;
    capture_member(m, from, (size_t)(to - from));
}

/* Before `at` the value ends, though its mark is missing;
 * not where it holds others: it may be anybody's. */
static enum found ends_unclosed(struct value *v, const char *at)
{
    struct scan *s = v->m->s;
    if (v->marks) {
        s->doubt = v->from;
        s->at = at;
        return FOUND_NO;
    }
    unclosed(v->m, v->from, at, v->close);
    s->at = at;
    return FOUND_YES;
}

/* ---- marks inside a value ---- */

/* What a look at one mark came to. */
enum look { LOOK_ON, LOOK_MORE, LOOK_ENDS, LOOK_BREAKS };

static enum look decided(enum found found)
{
    return found == FOUND_YES ? LOOK_ENDS : LOOK_BREAKS;
}

/* Behind further marks like the one before `at`, which is said twice. */
static const char *behind_doubled(const struct value *v, const char *at, enum found *found)
{
    const char *behind = at;
    do {
        at = behind;
        const char *next = at;
        while (next < v->m->s->end && scan_blank(*next))
            next++;
        *found = capture_stands(v->m->s, next, v->close);
        behind = next + v->close.len;
    } while (*found == FOUND_YES);
    return at;
}

/* The mark that ends a parameter: of this one, of an element in it, or a word. */
static enum look at_close(struct value *v, const char *at)
{
    struct match *m = v->m;
    const char *behind = at + v->close.len;
    enum found ends = param_ends(m, behind, v->outer);
    if (ends == FOUND_NO && !v->depth) {
        enum found more;
        const char *last = behind_doubled(v, behind, &more);
        if (more == FOUND_MORE && !m->s->final)
            return LOOK_MORE;
        if (last > behind)
            ends = param_ends(m, last, v->outer), behind = last;
        m->s->repaired |= last > at + v->close.len && ends == FOUND_YES;
    }
    if (ends == FOUND_MORE)
        return LOOK_MORE;
    if (ends == FOUND_YES) {
        capture_member(m, v->from, (size_t)(at - v->from));
        m->s->at = behind - v->close.len; /* the template goes on with the mark */
        return LOOK_ENDS;
    }
    if (v->depth)
        v->depth--;
    else if (!bounds_set_off(v->from, at)) {
        m->astray = true;
        v->marks++;
    }
    return LOOK_ON;
}

/* The beginning of a parameter: this one again, the next while this one was not closed,
 * or no one's. */
static enum look at_param(struct value *v, const char *at, const char **next)
{
    struct match *m = v->m;
    const char *key = NULL, *behind, *p = v->from;
    size_t len = 0;
    enum found found = opens(m, at, &key, &len, &behind);
    if (found == FOUND_MORE && !m->s->final)
        return LOOK_MORE;
    if (found != FOUND_YES || !key)
        return LOOK_ON;
    while (p < at && scan_blank(*p))
        p++;
    if (p == at && m->key && len == m->key_len && memcmp(key, m->key, len) == 0) {
        m->s->repaired = true;
        *next = v->from = behind;
        return LOOK_ON;
    }
    if (at > v->from && at[-1] == '\n' && is_missing(m, key, len))
        return decided(ends_unclosed(v, at));
    m->astray = true;
    v->marks++;
    return LOOK_ON;
}

/* Behind the marks that end a call and its section,
 * as far as they stand here in their order; how many. */
static const char *behind_ends(const struct value *v, const char *at, size_t *count)
{
    const struct template *t = v->outer;
    size_t i = 0;
    *count = 0;
    while (i < t->count && t->items[i].kind != ITEM_PARAMS)
        i++;
    for (i++; i <= t->count; i++) {
        struct text mark =
            i < t->count ? (struct text){t->items[i].text, t->items[i].len} : v->m->form->close;
        const char *p = at;
        while (p < v->m->s->end && scan_blank(*p))
            p++;
        if (mark.len && capture_stands(v->m->s, p, mark) == FOUND_YES)
            at = p + mark.len, ++*count;
    }
    return at;
}

/* A mark that ends the call: the value ends before it where the call's end and another call, or the
 * reply's end, stand behind each other. */
static enum look at_call_end(struct value *v, const char *at)
{
    const struct scan *s = v->m->s;
    size_t count;
    const char *behind = behind_ends(v, at, &count);
    const struct text open = v->m->form->open;
    while (behind < s->end && scan_blank(*behind))
        behind++;
    if (open.len && capture_stands(s, behind, open) == FOUND_YES)
        behind += open.len;
    while (behind < s->end && scan_blank(*behind))
        behind++;
    if (behind == s->end && !s->final)
        return LOOK_MORE;
    enum found begun = behind < s->end ? bounds_begin(v->m->form, behind, s->end) : FOUND_NO;
    if (begun == FOUND_MORE && !s->final)
        return LOOK_MORE;
    bool last = behind == s->end && count > 1 && at > v->from && at[-1] == '\n';
    if (begun == FOUND_YES || last)
        return decided(ends_unclosed(v, at));
    v->marks++;
    v->m->astray |= count > 1;
    return LOOK_ON;
}

/* Where another call begins, this one is none. */
static enum look at_call(struct value *v, const char *at)
{
    struct scan *s = v->m->s;
    enum found begun = bounds_begin(v->m->form, at, s->end);
    if (begun == FOUND_NO || (begun == FOUND_MORE && s->final))
        return LOOK_ON;
    if (begun == FOUND_MORE)
        return LOOK_MORE;
    s->doubt = v->from;
    s->at = at;
    return LOOK_BREAKS;
}

/* An element that has the name of the close mark: <parameter> where the marks are <parameter=a>
 * and </parameter>. */
static bool opens_element(const struct value *v, const char *at)
{
    size_t len = v->close.len;
    if (len < 4 || memcmp(v->close.at, "</", 2) != 0 || (size_t)(v->m->s->end - at) < len)
        return false;
    return *at == '<' && memcmp(at + 1, v->close.at + 2, len - 3) == 0 &&
           (at[len - 2] == '>' || scan_blank(at[len - 2]));
}

static enum look look_at(struct value *v, const char *at, const char **next)
{
    struct match *m = v->m;
    struct text param = {m->form->param.items[0].text, m->form->param.items[0].len};
    enum found close = capture_stands(m->s, at, v->close), opened = capture_stands(m->s, at, param);
    enum found ends = call_ends(v->outer, m->s, at);
    if ((close == FOUND_MORE || opened == FOUND_MORE || ends == FOUND_MORE) && !m->s->final)
        return LOOK_MORE;
    if (close == FOUND_YES)
        return at_close(v, at);
    if (opened == FOUND_YES)
        return at_param(v, at, next);
    if (ends == FOUND_YES)
        return at_call_end(v, at);
    v->depth += opens_element(v, at);
    return at_call(v, at);
}

static void add_lead(struct value *v, struct text mark)
{
    if (mark.len)
        v->leads[(unsigned char)*mark.at] = true;
}

static void add_leads(struct value *v)
{
    const struct form *form = v->m->form;
    add_lead(v, v->close);
    add_lead(v, (struct text){form->param.items[0].text, form->param.items[0].len});
    for (size_t i = 0; i < v->outer->count; i++)
        add_lead(v, (struct text){v->outer->items[i].text, v->outer->items[i].len});
    for (const struct form *f = form - form->before; f <= form + form->behind; f++)
        add_lead(v, (struct text){f->call.items[0].text, f->call.items[0].len});
}

/* Behind the mark before the value where it is said again. */
static const char *behind_opening(const struct match *m, const char *from, enum found *found)
{
    const struct template *t = &m->form->param;
    const char *at = from;
    size_t i = 0;
    *found = FOUND_NO;
    while (i < t->count && t->items[i].kind != ITEM_VALUE)
        i++;
    if (i == 0 || i == t->count || t->items[i - 1].kind != ITEM_TEXT ||
        t->items[i - 1].len < OPEN_MIN)
        return from;
    while (at < m->s->end && scan_blank(*at))
        at++;
    *found = capture_stands(m->s, at, (struct text){t->items[i - 1].text, t->items[i - 1].len});
    return *found == FOUND_YES ? at + t->items[i - 1].len : from;
}

static enum found param_value_text(struct match *m, struct text close, const struct template *outer)
{
    struct scan *s = m->s;
    enum found doubled;
    s->at = behind_opening(m, s->at, &doubled);
    if (doubled == FOUND_MORE && !s->final)
        return FOUND_MORE;
    s->repaired |= doubled == FOUND_YES;
    struct value v = {.m = m, .outer = outer, .close = close, .from = s->at};
    add_leads(&v);
    for (const char *at = s->at; at < s->end;) {
        const char *next = at + 1;
        enum look look = v.leads[(unsigned char)*at] ? look_at(&v, at, &next) : LOOK_ON;
        if (look == LOOK_MORE)
            return FOUND_MORE;
        if (look != LOOK_ON)
            return look == LOOK_ENDS ? FOUND_YES : FOUND_NO;
        at = next;
    }
    s->at = s->end;
    if (s->final)
        capture_member(m, v.from, (size_t)(s->end - v.from));
    return FOUND_MORE;
}

enum found capture_value(struct match *m, struct text close, const struct template *outer)
{
    struct scan *s = m->s;
    if (outer)
        return param_value_text(m, close, outer);
    const char *from = s->at,
               *end = close.len ? memmem(s->at, scan_left(s), close.at, close.len) : NULL;
    s->at = end ? end : s->end;
    if (end || s->final)
        capture_member(m, from, (size_t)(s->at - from));
    return end ? FOUND_YES : FOUND_MORE;
}
