/* lenient_json.c: one pass, a function for each kind of value; out is valid JSON whenever one
 * returns. Strings: lenient_string.c. */
#include "model/dialect/text/lenient_string.h"

#include "base/json.h"
#include "base/text/sanitize.h"

#define NUMBER_MAX 64 /* bytes of one */

static enum found value(struct lenient *l);

/* ---- numbers and words ---- */

static bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
        || c == '+' || c == '-' || c == '.';
}

/* Without memory the value has failed. */
static bool is_number(struct lenient *l, const char *text, size_t len)
{
    struct json_doc doc = {0};
    bool number = len && len <= NUMBER_MAX && (*text == '-' || (*text >= '0' && *text <= '9'))
        && scan_json(&doc, text, len, &l->out->failed);
    json_doc_clear(&doc);
    return number;
}

static const struct {
    const char *word, *json;
    bool python;
} WORDS[] = {{"true", "true", false}, {"false", "false", false}, {"null", "null", false},
             {"True", "true", true},  {"False", "false", true},  {"None", "null", true}};

/* What is no number of JSON: 108. is Python's, and zeros before a number mean nothing there. */
static bool odd_number(struct lenient *l, const char *text, size_t len)
{
    struct buf number = {0};
    size_t zeros = 0;
    if (!l->python && !l->s->quote_len)
        return false;
    while (zeros + 1 < len && text[zeros] == '0' && text[zeros + 1] >= '0' &&
           text[zeros + 1] <= '9')
        zeros++;
    buf_put(&number, text + zeros, len - zeros);
    if (len && text[len - 1] == '.')
        buf_putc(&number, '0');
    bool odd = number.len && is_number(l, number.data, number.len);
    if (odd)
        buf_put(l->out, number.data, number.len);
    l->s->repaired |= odd && zeros;
    l->out->failed |= number.failed;
    buf_clear(&number);
    return odd;
}

static enum found word(struct lenient *l)
{
    struct scan *s = l->s;
    const char *at = s->at;
    while (at < s->end && in_word(*at))
        at++;
    size_t len = (size_t)(at - s->at);
    if (at == s->end && !s->final)
        return FOUND_MORE;
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (len == strlen(WORDS[i].word) && memcmp(s->at, WORDS[i].word, len) == 0) {
            buf_puts(l->out, WORDS[i].json);
            s->repaired |= WORDS[i].python && !l->python;
            s->at = at;
            return FOUND_YES;
        }
    bool number = is_number(l, s->at, len);
    if (!number && !odd_number(l, s->at, len))
        return at == s->end ? FOUND_MORE : FOUND_NO;
    if (number)
        buf_put(l->out, s->at, len);
    s->at = at;
    return FOUND_YES;
}

/* ---- containers ---- */

static void cut_back(struct buf *out, size_t len)
{
    out->len = len;
    if (out->data)
        out->data[len] = '\0';
}

/* The text that stands behind the whole value stands here already: what is open and holds
 * something was left open. */
static enum found stop_here(struct lenient *l)
{
    struct scan *s = l->s;
    size_t have = scan_left(s) < s->stop_len ? scan_left(s) : s->stop_len;
    if (!have || memcmp(s->at, s->stop, have) != 0)
        return FOUND_NO;
    if (have < s->stop_len)
        return FOUND_MORE;
    s->repaired = true;
    return FOUND_YES;
}

/* A key without quotes. */
static enum found bare_key(struct lenient *l)
{
    const char *name;
    size_t len;
    enum found found = scan_name(l->s, &name, &len);
    if (found != FOUND_YES)
        return found;
    json_write_string(l->out, name, len);
    l->s->repaired |= !l->s->quote_len; /* where strings have marks, keys have none */
    return FOUND_YES;
}

static enum found key(struct lenient *l)
{
    struct scan *s = l->s;
    l->key = s->at;
    enum found found = s->quote_len ? lenient_marked_string(l) : FOUND_NO;
    if (found == FOUND_NO)
        found = scan_is(s, '"') || scan_is(s, '\'') ? lenient_string(l, PLACE_KEY) : bare_key(l);
    l->key = NULL;
    if (found != FOUND_YES)
        return found;
    lenient_blanks(l);
    if (s->at == s->end)
        return FOUND_MORE;
    if (*s->at != ':')
        return FOUND_NO;
    s->at++;
    buf_putc(l->out, ':');
    lenient_blanks(l);
    return s->at == s->end ? FOUND_MORE : FOUND_YES;
}

static enum found item(struct lenient *l, enum place place)
{
    struct scan *s = l->s;
    if (!l->python && (*s->at == '"' || *s->at == '\''))
        return lenient_string(l, place);
    return value(l);
}

/* One member or item at the end of out; a cut one stays when there is something of its value. One
 * that takes no byte is none: it would be taken for ever. */
static enum found element(struct lenient *l, char close)
{
    const char *at = l->s->at;
    size_t mark = l->out->len;
    size_t from = mark;
    enum found found = FOUND_YES;
    if (close == '}') {
        found = key(l);
        from = l->out->len;
    }
    if (found == FOUND_YES)
        found = item(l, close == '}' ? PLACE_MEMBER : PLACE_ITEM);
    if (found == FOUND_MORE && l->out->len == from)
        cut_back(l->out, mark);
    return found == FOUND_YES && l->s->at == at ? FOUND_NO : found;
}

/* The commas before the next element; how many there should be is 0 before the first, else 1. */
static void commas(struct lenient *l, bool first)
{
    struct scan *s = l->s;
    unsigned count = 0;
    for (lenient_blanks(l); scan_is(s, ','); lenient_blanks(l)) {
        s->at++;
        count++;
    }
    bool closed = s->at < s->end && memchr("}])", *s->at, 3);
    bool one_too_many = closed && count == 1 && !l->python;
    s->repaired |= count > 1 || one_too_many || (!closed && s->at < s->end && count == first);
}

static enum found container(struct lenient *l, char open, char close)
{
    struct scan *s = l->s;
    enum found found = FOUND_YES;
    s->at++;
    buf_putc(l->out, open);
    for (bool first = true;; first = false) {
        commas(l, first);
        if (s->at == s->end)
            found = FOUND_MORE;
        else if (*s->at == close) {
            s->at++;
            break;
        } else if (!first && s->stop_len && (found = stop_here(l)) == FOUND_YES)
            break;
        size_t mark = l->out->len;
        if (found != FOUND_MORE) {
            if (!first)
                buf_putc(l->out, ',');
            found = element(l, close);
        }
        if (found == FOUND_MORE && l->out->len == mark + !first)
            cut_back(l->out, mark);
        if (found != FOUND_YES)
            break;
    }
    buf_putc(l->out, open == '{' ? '}' : ']');
    return found;
}

/* A set of Python, as a list; what can stand in one holds nothing itself. */
static enum found set(struct lenient *l)
{
    struct scan *s = l->s;
    enum found found = FOUND_YES;
    s->at++;
    buf_putc(l->out, '[');
    for (bool first = true; found == FOUND_YES; first = false) {
        commas(l, first);
        if (scan_is(s, '}'))
            break;
        if (!first)
            buf_putc(l->out, ',');
        if (s->at == s->end)
            found = FOUND_MORE;
        else
            found = memchr("{[(", *s->at, 3) ? FOUND_NO : value(l);
        lenient_blanks(l);
        if (found == FOUND_YES && s->at < s->end && *s->at != ',' && *s->at != '}')
            found = FOUND_NO;
    }
    if (found == FOUND_YES)
        s->at++;
    buf_putc(l->out, ']');
    return found;
}

static enum found nested(struct lenient *l, char open, char close)
{
    if (l->depth == LENIENT_DEPTH_MAX)
        return FOUND_NO;
    struct scan before = *l->s;
    size_t mark = l->out->len;
    l->depth++;
    enum found found = container(l, open, close);
    if (found == FOUND_NO && l->python && open == '{') {
        *l->s = before;
        cut_back(l->out, mark);
        found = set(l);
    }
    l->depth--;
    return found;
}

/* Where strings have marks: one that lacks them, up to what ends a member.
 * What holds a comma could be two. */
static enum found bare_text(struct lenient *l)
{
    struct scan *s = l->s;
    const char *from = s->at;
    while (s->at < s->end && !memchr(",{}[]<>\"\n", *s->at, 9))
        s->at++;
    if (s->at == s->end)
        return FOUND_MORE;
    if (!memchr(",}]", *s->at, 3) || !utf8_valid(from, (size_t)(s->at - from)))
        return FOUND_NO;
    json_write_string(l->out, from, (size_t)(s->at - from));
    s->repaired = true;
    return FOUND_YES;
}

static enum found word_or_text(struct lenient *l)
{
    const char *from = l->s->at;
    enum found found = word(l);
    if (found != FOUND_NO || !l->s->quote_len)
        return found;
    l->s->at = from;
    return bare_text(l);
}

static enum found value(struct lenient *l)
{
    enum found found = l->s->quote_len ? lenient_marked_string(l) : FOUND_NO;
    if (found != FOUND_NO)
        return found;
    switch (*l->s->at) {
    case '{':
        return nested(l, '{', '}');
    case '[':
        return nested(l, '[', ']');
    case '"':
    case '\'':
        return l->python ? lenient_python_string(l) : lenient_string(l, PLACE_ALONE);
    default:
        return word_or_text(l);
    }
}

enum found lenient_next(struct scan *s)
{
    struct lenient l = {.s = s};
    commas(&l, s->at[-1] == '[');
    if (s->at == s->end)
        return FOUND_MORE;
    if (*s->at == ']') {
        s->at++;
        return FOUND_YES;
    }
    return s->stop_len ? stop_here(&l) : FOUND_NO;
}

static enum found whole(struct scan *s, struct buf *out, bool python)
{
    struct lenient l = {.s = s, .out = out, .python = python};
    size_t from = out->len;
    if (s->at == s->end)
        return FOUND_MORE;
    enum found found = value(&l);
    if (found == FOUND_NO)
        cut_back(out, from);
    return found;
}

enum found lenient_value(struct scan *s, struct buf *out)
{
    return whole(s, out, false);
}

enum found lenient_python(struct scan *s, struct buf *out)
{
    return whole(s, out, true);
}
