/* capture.c: where a text ends that a model wrote between two marks. */
#include "model/dialect/bounds.h"
#include "model/dialect/form/capture.h"

#define MARK_MIN 2  /* a single byte at the beginning of a line ends no {rest} */
#define ANY_MAX 256 /* bytes that {any} passes over */

/* ---- what stands behind ---- */

/* The text behind item i, or none. */
struct text capture_behind(const struct template *t, size_t i)
{
    while (++i < t->count && t->items[i].kind == ITEM_BLANKS)
        ;
    if (i < t->count && (t->items[i].kind == ITEM_TEXT || t->items[i].kind == ITEM_MAYBE))
        return (struct text){t->items[i].text, t->items[i].len};
    return (struct text){NULL, 0};
}

enum found capture_stands(const struct scan *s, const char *at, struct text text)
{
    struct scan look = {.at = at, .end = s->end};
    return text.len ? scan_text(&look, text.at, text.len) : FOUND_NO;
}

/* ---- captures ---- */

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

static bool is_wrapped(const char *text, size_t len)
{
    bool before = len > 1 && (text[0] == '\n' || (text[0] == '\r' && text[1] == '\n'));
    return before && text[len - 1] == '\n';
}

/* The line ends that a template sets around the value are not of it. */
static void inside_lines(const char **text, size_t *len)
{
    size_t before =
        *len > 1 && (*text)[0] == '\r' && (*text)[1] == '\n' ? 2 : *len && **text == '\n';
    *text += before;
    *len -= before;
    if (*len && (*text)[*len - 1] == '\n')
        *len -= *len > 1 && (*text)[*len - 2] == '\r' ? 2 : 1;
}

static enum param_written written(const struct match *m)
{
    if (m->is_string >= 0)
        return m->is_string ? PARAM_TEXT : PARAM_JSON;
    return m->form->typed ? PARAM_EITHER : PARAM_TEXT;
}

void capture_member(struct match *m, const char *text, size_t len)
{
    size_t key_len = m->key_len;
    const char *key = m->key;
    if (!key)
        key = json_string(json_at(m->form->arguments, m->values), &key_len);
    if (!key)
        return;
    if (m->form->cdata)
        inside_cdata(&text, &len);
    if (m->form->lines || (m->form->wrapped && is_wrapped(text, len)))
        inside_lines(&text, &len);
    member_key(m, key, key_len);
    param_value(&m->arguments, text, len,
                tool_parameter(m->calls->tools, m->name, m->name_len, key, key_len), written(m));
    m->values++;
    m->key = NULL;
    m->is_string = -1;
}

enum found capture_line(struct match *m)
{
    struct scan *s = m->s;
    const char *end = memchr(s->at, '\n', scan_left(s));
    if (!end)
        return FOUND_MORE;
    const char *last = end;
    while (last > s->at && scan_blank(last[-1]))
        last--;
    capture_member(m, s->at, (size_t)(last - s->at));
    s->at = end;
    return FOUND_YES;
}

/* Up to the line on which the next call begins. Only then it is known to be whole. */
enum found capture_rest(struct match *m)
{
    struct scan *s = m->s;
    const struct text mark = form_mark(m->form);
    s->at += scan_is(s, ' ');
    const char *from = s->at, *end = s->end;
    for (const char *at = from;
         mark.len >= MARK_MIN && (at = memchr(at, '\n', (size_t)(s->end - at)));) {
        enum found next = capture_stands(s, ++at, mark);
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
    capture_member(m, from, (size_t)(end - from));
    return FOUND_YES;
}

enum found capture_any(struct match *m, struct text until)
{
    struct scan *s = m->s;
    size_t left = scan_left(s) < ANY_MAX + until.len ? scan_left(s) : ANY_MAX + until.len;
    const char *end = memmem(s->at, left, until.at, until.len);
    if (!end)
        return left < ANY_MAX + until.len ? FOUND_MORE : FOUND_NO;
    enum found begun = bounds_begin_in(m->form, s->at, end, s->end);
    if (begun == FOUND_YES || (begun == FOUND_MORE && !s->final))
        return begun == FOUND_YES ? FOUND_NO : FOUND_MORE; /* the mark is the next call's */
    s->at = end;
    return FOUND_YES;
}

/* Up to what stands behind it in the template, on this line. */
enum found capture_key(struct match *m, struct text until)
{
    struct scan *s = m->s;
    size_t left = scan_left(s) < SCAN_NAME_MAX ? scan_left(s) : SCAN_NAME_MAX;
    const char *end = until.len ? memmem(s->at, left, until.at, until.len) : NULL;
    size_t len = end ? (size_t)(end - s->at) : left;
    if (!until.len)
        return scan_name(s, &m->key, &m->key_len);
    if (memchr(s->at, '\n', len) || (!end && left == SCAN_NAME_MAX))
        return FOUND_NO;
    if (!end)
        return FOUND_MORE;
    m->key = s->at;
    s->at = end;
    while (len && scan_blank(m->key[len - 1]))
        len--;
    m->key_len = len;
    return len && !memchr(m->key, '<', len) && !memchr(m->key, '"', len) && utf8_valid(m->key, len)
               ? FOUND_YES
               : FOUND_NO;
}

enum found capture_string(struct match *m)
{
    enum found yes = scan_text(m->s, "true", 4);
    enum found no = yes == FOUND_YES ? FOUND_NO : scan_text(m->s, "false", 5);
    m->is_string = yes == FOUND_YES;
    return yes > no ? yes : no;
}

enum found capture_type(struct match *m)
{
    const char *name;
    size_t len;
    enum found found = scan_name(m->s, &name, &len);
    if (found == FOUND_YES)
        m->is_string = len == 6 && memcmp(name, "string", 6) == 0;
    return found;
}

enum found capture_params(struct match *m, const struct template *outer)
{
    struct scan *s = m->s;
    for (;;) {
        const char *from = s->at;
        scan_blanks(s);
        enum found first = capture_stands(s, s->at, (struct text){m->form->param.items[0].text,
                                                            m->form->param.items[0].len});
        if (first == FOUND_NO) {
            s->at = from;
            return FOUND_YES;
        }
        enum found found =
            first == FOUND_YES ? match_template(m, &m->form->param, outer) : FOUND_MORE;
        if (found != FOUND_YES)
            return found;
    }
}
