/* quote.c: see quote.h. */
#include "model/dialect/text/quote.h"

#include <strings.h>

#define INDENT_MAX 64 /* blanks before what begins a line */
#define LOOK_BACK 400 /* bytes of a line that are searched for words */
#define CODE_INDENT 4 /* columns before what is code */

static bool blank_between(const char *text, size_t from, size_t to)
{
    while (from < to && scan_blank(text[from]))
        from++;
    return from == to;
}

bool quote_line_begins(const struct quote *q, const char *text, size_t at)
{
    return at - q->line <= INDENT_MAX && blank_between(text, q->line, at);
}

/* ---- examples ---- */

#define FOR_EXAMPLE                                                                                \
    "for example", "e.g.", "for instance", "zum beispiel", "z. b.", "z.b.", "par exemple",         \
        "por ejemplo", "por exemplo", "per esempio", "например", "Например", "例如", "比如",       \
        "例えば", "예를 들어"

static const char *const EXAMPLE[] = {
    FOR_EXAMPLE,  "example", "such as",   "like this",   "look like:", "would look",
    "looks like", "format:", "format is", "you could",   "you would",  "you can",
    "instead of", "as in",   "syntax",    "placeholder", NULL};

static bool says(const char *text, size_t len, const char *word)
{
    size_t want = strlen(word);
    for (size_t i = 0; i + want <= len; i++)
        if (strncasecmp(text + i, word, want) == 0)
            return true;
    return false;
}

/* A mark is rarely written for anything but a call: of it only these say so. */
static const char *const MARKED_EXAMPLE[] = {FOR_EXAMPLE,
                                             "example:",
                                             "like this:",
                                             "look like:",
                                             "you would write",
                                             "you'd write",
                                             "format is:",
                                             "example call",
                                             "example tool call",
                                             "example of a call",
                                             "example of a tool call",
                                             "call such as",
                                             NULL};

static bool is_example(const char *text, size_t from, size_t to, const char *const words[])
{
    if (to - from > LOOK_BACK)
        from = to - LOOK_BACK;
    for (size_t i = 0; words[i]; i++)
        if (says(text + from, to - from, words[i]))
            return true;
    return false;
}

/* ---- indented lines ---- */

/* The columns before what begins the line, which is at *first. */
static size_t indent(const struct quote *q, const char *text, size_t at, size_t *first)
{
    size_t columns = 0, i = q->line;
    for (; i < at && (text[i] == ' ' || text[i] == '\t') && columns < INDENT_MAX; i++)
        columns += text[i] == '\t' ? CODE_INDENT - columns % CODE_INDENT : 1;
    *first = i;
    return columns;
}

/* Bytes of the mark of a list's item and the blank behind it; 0: there is none. */
static size_t item_mark(const char *text, size_t len)
{
    size_t digits = 0;
    while (digits < len && digits < 9 && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    const char *marks = digits ? ".)" : "-*+";
    if (digits + 1 >= len || !memchr(marks, text[digits], strlen(marks)))
        return 0;
    return scan_blank(text[digits + 1]) ? digits + 2 : 0;
}

/* Behind the mark of an item; in one beneath another item, all of its line. */
static bool in_item(const char *text, size_t first, size_t at, bool nested)
{
    size_t mark = item_mark(text + first, at - first);
    if (mark && nested)
        return true;
    for (; mark; mark = item_mark(text + first, at - first)) {
        first += mark;
        while (first < at && scan_blank(text[first]))
            first++;
        if (first == at)
            return true;
    }
    return false;
}

static bool in_block(const struct quote *q, const char *text, size_t at)
{
    size_t first, columns = indent(q, text, at, &first);
    if (q->line < q->taken)
        return false;
    return columns >= CODE_INDENT || (first < at && text[first] == '|') ||
           in_item(text, first, at, columns >= 2);
}

/* ---- elements of HTML ---- */

/* block: it quotes where it begins a line, though its end mark never comes. */
static const struct element {
    const char *open, *close;
    bool block;
} ELEMENTS[] = {
    {"<!--", "-->", true},      {"<pre", "</pre", true},    {"<blockquote", "</blockquote", true},
    {"<code", "</code", false}, {"<samp", "</samp", false}, {"<q", "</q", false}};

#define ELEMENT_COUNT (sizeof ELEMENTS / sizeof *ELEMENTS)

static enum found mark_stands(const char *mark, const char *text, size_t len, bool final)
{
    size_t want = strlen(mark), have = len < want ? len : want;
    if (strncasecmp(text, mark, have) != 0 || (have < want && final))
        return FOUND_NO;
    return have < want ? FOUND_MORE : FOUND_YES;
}

/* A tag has its name, and a blank or its end behind it; a comment has no name. */
static enum found tag_stands(const char *mark, const char *text, size_t len, bool final)
{
    size_t want = strlen(mark);
    enum found found = mark_stands(mark, text, len, final);
    if (found != FOUND_YES || mark[1] == '!')
        return found;
    if (len == want)
        return final ? FOUND_NO : FOUND_MORE;
    return text[want] == '>' || scan_blank(text[want]) ? FOUND_YES : FOUND_NO;
}

static enum found open_element(struct quote *q, const char *text, size_t len, bool final, size_t at)
{
    enum found best = FOUND_NO;
    for (size_t i = 0; i < ELEMENT_COUNT && best != FOUND_YES; i++) {
        enum found found = tag_stands(ELEMENTS[i].open, text + at, len - at, final);
        best = found > best ? found : best;
        if (found != FOUND_YES)
            continue;
        q->element = &ELEMENTS[i];
        q->encloses = i == 0 || (ELEMENTS[i].block && quote_line_begins(q, text, at));
    }
    return best;
}

/* An element that begins or ends at `at`. */
static enum found element(struct quote *q, const char *text, size_t len, bool final, size_t at)
{
    if (!q->element)
        return text[at] == '<' ? open_element(q, text, len, final, at) : FOUND_NO;
    enum found found = mark_stands(q->element->close, text + at, len - at, final);
    if (found == FOUND_YES)
        q->element = NULL;
    return found;
}

/* Does an element that is open quote? Where it may be a word of prose, its end mark has to come. */
static enum found in_element(struct quote *q, const char *text, size_t len, bool final, size_t at)
{
    if (!q->element || q->encloses)
        return q->element ? FOUND_YES : FOUND_NO;
    const unsigned bit = 1u << (q->element - ELEMENTS);
    const size_t want = strlen(q->element->close);
    for (size_t i = at; !(q->unclosed & bit) && i + want <= len; i++)
        q->encloses |= text[i] == '<' && strncasecmp(text + i, q->element->close, want) == 0;
    if (q->encloses || !final)
        return q->encloses ? FOUND_YES : FOUND_MORE;
    q->unclosed |= bit;
    q->element = NULL;
    return FOUND_NO;
}

enum found quote_sets_apart(struct quote *q, const char *text, size_t len, bool final, size_t at)
{
    if (!q->fence && in_block(q, text, at))
        return FOUND_YES;
    return in_element(q, text, len, final, at);
}

/* ---- fences ---- */

static const char *const DATA[] = {"",     "json",      "jsonc",      "json5",
                                   "tool", "tool_call", "tool_calls", "tool_code",
                                   "text", "plaintext", "xml",        NULL};

static bool is_data(const char *info, size_t len)
{
    while (len && scan_blank(*info))
        info++, len--;
    while (len && scan_blank(info[len - 1]))
        len--;
    for (size_t i = 0; DATA[i]; i++)
        if (strlen(DATA[i]) == len && strncasecmp(info, DATA[i], len) == 0)
            return true;
    return false;
}

static size_t run(const char *text, size_t len, size_t at)
{
    size_t from = at;
    while (at < len && text[at] == text[from])
        at++;
    return at - from;
}

static void open_fence(struct quote *q, const char *text, size_t at, size_t ticks, size_t end)
{
    size_t first;
    bool quoted = q->quoting || indent(q, text, at, &first) >= CODE_INDENT;
    bool data = !quoted && is_data(text + at + ticks, end - at - ticks);
    q->fence = text[at];
    q->ticks = 0; /* no inline code goes into a fence */
    q->fence_len = ticks;
    q->fence_from = end;
    q->fence_data = data && !is_example(text, q->before, q->before_end, EXAMPLE);
}

/* A line of three marks or more at `at`. */
static enum found fence(struct quote *q, const char *text, size_t len, bool final, size_t *at)
{
    size_t ticks = run(text, len, *at);
    const char *newline = memchr(text + *at, '\n', len - *at);
    if (!newline && !final)
        return FOUND_MORE;
    size_t end = newline ? (size_t)(newline - text) : len;
    if (ticks < 3)
        return FOUND_NO;
    if (!q->fence && memchr(text + *at + ticks, text[*at], end - *at - ticks))
        return FOUND_NO; /* inline code of three marks */
    if (!q->fence)
        open_fence(q, text, *at, ticks, end);
    else if (text[*at] == q->fence && ticks >= q->fence_len
             && blank_between(text, *at + ticks, end))
        q->fence = 0;
    *at = end;
    return FOUND_YES;
}

/* ---- the walk ---- */

bool quote_in_line(const struct quote *q, const char *text, size_t at)
{
    size_t first = q->line, most = q->line + INDENT_MAX;
    while (first < at && first < most && scan_blank(text[first]))
        first++;
    return q->quoting || (first < at && text[first] == '>');
}

static void newline(struct quote *q, const char *text, size_t at)
{
    if (!blank_between(text, q->line, at)) {
        q->before = q->line;
        q->before_end = at;
        q->quoting = quote_in_line(q, text, at);
    } else {
        q->ticks = 0; /* inline code does not go past its paragraph */
        q->quoting = false;
    }
    q->line = at + 1;
    q->example = false;
}

static enum found inline_code(struct quote *q, const char *text, size_t len, bool final, size_t *at)
{
    size_t ticks = run(text, len, *at);
    if (*at + ticks == len && !final)
        return FOUND_MORE;
    if (!q->ticks)
        q->ticks = ticks;
    else if (q->ticks == ticks)
        q->ticks = 0;
    *at += ticks;
    return FOUND_YES;
}

enum found quote_step(struct quote *q, const char *text, size_t len, bool final, size_t *at)
{
    char c = text[*at];
    if ((c == '`' || c == '~') && q->ticks < 3 && quote_line_begins(q, text, *at)) {
        enum found found = fence(q, text, len, final, at);
        if (found != FOUND_NO)
            return found;
    }
    if (c == '`' && !q->fence)
        return inline_code(q, text, len, final, at);
    if (c == '\n')
        newline(q, text, *at);
    if (!q->fence && !q->ticks && (c == '<' || q->element) &&
        element(q, text, len, final, *at) == FOUND_MORE)
        return FOUND_MORE;
    ++*at;
    return FOUND_YES;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t want = strlen(end);
    return len >= want && memcmp(text + len - want, end, want) == 0;
}

/* Does the text, of a byte at least, end with a mark of HTML behind which something is quoted? */
static bool behind_tag(const char *text, size_t len)
{
    static const char *const tags[] = {"<code", "<pre", "<blockquote", "<samp", "<q", NULL};
    const char *open = text[len - 1] == '>' ? memrchr(text, '<', len) : NULL;
    for (size_t i = 0; open && tags[i]; i++) {
        size_t want = strlen(tags[i]);
        size_t left = (size_t)(text + len - open);
        if (left > want && strncasecmp(open, tags[i], want) == 0 &&
            (open[want] == '>' || scan_blank(open[want])))
            return true;
    }
    return text[len - 1] == '-' && ends_with(text, len, "<!--");
}

/* Does the text, of a byte at least, end with a quotation mark? */
static bool behind_mark(const char *text, size_t len)
{
    static const char *const marks[] = {"“", "„", "«", "‹", "‘", "‚", "「", "『", NULL};
    const char last = text[len - 1];
    if ((unsigned char)last < 0x80)
        return last == '"' || last == '\'';
    for (size_t i = 0; marks[i]; i++)
        if (ends_with(text, len, marks[i]))
            return true;
    return false;
}

static bool opens(const struct quote *q, const char *text, size_t at)
{
    const size_t from = at > INDENT_MAX ? at - INDENT_MAX : 0;
    if (at > q->line && behind_mark(text + q->line, at - q->line))
        return true;
    while (at > from && scan_blank(text[at - 1]))
        at--;
    return at > from && behind_tag(text + from, at - from);
}

bool quote_opens(struct quote *q, const char *text, size_t at)
{
    if (q->asked != at + 1) { /* each form that may begin there asks */
        q->opens = opens(q, text, at);
        q->asked = at + 1;
    }
    return q->opens;
}

static bool quoted_here(struct quote *q, const char *text, size_t at)
{
    return q->ticks || quote_in_line(q, text, at) || quote_opens(q, text, at);
}

bool quote_hides_mark(struct quote *q, const char *text, size_t at)
{
    return q->fence || quoted_here(q, text, at);
}

bool quote_hides_data(struct quote *q, const char *text, size_t at)
{
    return q->fence ? !q->fence_data || !blank_between(text, q->fence_from, at)
                    : quoted_here(q, text, at);
}

static bool introduced(const struct quote *q, const char *text, size_t at,
                       const char *const words[])
{
    return is_example(text, q->line, at, words)
        || (quote_line_begins(q, text, at) && is_example(text, q->before, q->before_end, words));
}

bool quote_is_example(struct quote *q, const char *text, size_t at)
{
    if (!q->fence && !q->example)
        q->example = introduced(q, text, at, EXAMPLE);
    return q->example;
}

bool quote_mark_is_example(const struct quote *q, const char *text, size_t at)
{
    return introduced(q, text, at, MARKED_EXAMPLE);
}

void quote_taken(struct quote *q, const char *text, size_t from, size_t to)
{
    const char *newline = memrchr(text + from, '\n', to - from);
    if (newline)
        q->line = (size_t)(newline - text) + 1;
    q->fence_from = q->taken = to;
}
