/* hole.c: where a text ends that a model wrote between two marks. */
#include "model/dialect/hole.h"

#define MARK_MIN 2  /* a single byte at the beginning of a line ends no {rest} */
#define ANY_MAX 256 /* bytes that {any} passes over */
#define LOOKS_MAX 64 /* beginnings of parameters inside a call's values that are thought about */

/* ---- what stands behind ---- */

/* The text behind item i, or none. */
struct text hole_behind(const struct template *t, size_t i)
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

static bool is_wrapped(const char *text, size_t len)
{
    bool before = len > 1 && (text[0] == '\n' || (text[0] == '\r' && text[1] == '\n'));
    return before && text[len - 1] == '\n';
}

/* The line ends that a template sets around the value are not of it. */
static void inside_lines(const char **text, size_t *len)
{
    size_t before = *len > 1 && (*text)[0] == '\r' && (*text)[1] == '\n' ? 2 : *len && **text == '\n';
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

static void member(struct match *m, const char *text, size_t len)
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
    param_value(&m->arguments, text, len, tool_parameter(m->calls->tools, m->name, m->name_len, key, key_len),
                written(m));
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

/* Is it another parameter of this tool, of which nothing was said before? A tool that is not known may have
 * any. */
static bool is_missing(struct match *m, const char *key, size_t len)
{
    struct buf member = {0};
    if ((len == m->key_len && memcmp(key, m->key, len) == 0) || m->looks++ > LOOKS_MAX)
        return false;
    if (tool_named(m->calls->tools, m->name, m->name_len) && !tool_parameter(m->calls->tools, m->name, m->name_len, key, len).schema)
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
    while (m->looks <= LOOKS_MAX && (at = memmem(at, (size_t)(to - at), mark->text, mark->len))) {
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

static bool drifts(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Where a value ends that was not closed, or with what was meant for its mark: </parameter1>, </parameter_x>, </parameter. */
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
    to = unclosed_end(from, to, close);
    if (!m->form->lines && to > from && to[-1] == '\n') /* the next mark's line begins behind it */
        to -= to - from > 1 && to[-2] == '\r' ? 2 : 1;
    m->s->repaired = m->unclosed = true;
    member(m, from, (size_t)(to - from));
}

/* Behind blanks, the text: where it ends, or NULL. */
static const char *behind_text(const struct match *m, const char *at, struct text text)
{
    while (at < m->s->end && scan_blank(*at))
        at++;
    return at && text.len && stands_at(m->s, at, text) == FOUND_YES ? at + text.len : NULL;
}

/* The last parameter has no end, but the reply ends with those of its call and of what is around it, each once and
 * on a line of its own: where they begin, or NULL. */
static const char *left_open(const struct match *m, const char *from, const struct template *outer)
{
    size_t i = 0, marks = 1;
    while (i < outer->count && outer->items[i].kind != ITEM_PARAMS)
        i++;
    struct text mark = hole_behind(outer, i);
    const char *end = m->s->end, *at = mark.len ? memmem(from, (size_t)(end - from), mark.at, mark.len) : NULL;
    if (!at || at == from || at[-1] != '\n' || memmem(at + 1, (size_t)(end - at - 1), mark.at, mark.len))
        return NULL;
    const char *behind = at + mark.len, *next;
    for (i = i + 1; i < outer->count; i++)
        if (outer->items[i].kind == ITEM_TEXT && outer->items[i].text != mark.at
            && (next = behind_text(m, behind, (struct text){outer->items[i].text, outer->items[i].len})))
            behind = next, marks++;
    if ((next = behind_text(m, behind, m->form->close)))
        behind = next, marks++;
    while (behind < end && scan_blank(*behind))
        behind++;
    return marks > 1 && behind == end ? at : NULL;
}

/* Text up to `close`, the first that ends it. */
enum found hole_value(struct match *m, struct text close, const struct template *outer)
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
            unclosed(m, from, line, close);
            s->at = line;
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
    const char *last = outer && s->final ? left_open(m, from, outer) : NULL;
    if (last) {
        unclosed(m, from, last, close);
        s->at = last;
        return FOUND_YES;
    }
    if (s->final)
        member(m, from, (size_t)(s->end - from));
    return FOUND_MORE;
}

enum found hole_line(struct match *m)
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
enum found hole_rest(struct match *m)
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

enum found hole_any(struct match *m, struct text until)
{
    struct scan *s = m->s;
    size_t left = scan_left(s) < ANY_MAX + until.len ? scan_left(s) : ANY_MAX + until.len;
    const char *end = memmem(s->at, left, until.at, until.len);
    if (!end)
        return left < ANY_MAX + until.len ? FOUND_MORE : FOUND_NO;
    s->at = end;
    return FOUND_YES;
}

/* Up to what stands behind it in the template, on this line. */
enum found hole_key(struct match *m, struct text until)
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
    return len && !memchr(m->key, '<', len) && utf8_valid(m->key, len) ? FOUND_YES : FOUND_NO;
}

enum found hole_string(struct match *m)
{
    enum found yes = scan_text(m->s, "true", 4);
    enum found no = yes == FOUND_YES ? FOUND_NO : scan_text(m->s, "false", 5);
    m->is_string = yes == FOUND_YES;
    return yes > no ? yes : no;
}

enum found hole_type(struct match *m)
{
    const char *name;
    size_t len;
    enum found found = scan_name(m->s, &name, &len);
    if (found == FOUND_YES)
        m->is_string = len == 6 && memcmp(name, "string", 6) == 0;
    return found;
}

enum found hole_params(struct match *m, const struct template *outer)
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
        enum found found = first == FOUND_YES ? match_template(m, &m->form->param, outer) : FOUND_MORE;
        if (found != FOUND_YES)
            return found;
    }
}
