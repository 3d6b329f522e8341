/* quote.c: see quote.h. */
#include "model/dialect/quote.h"

#include <strings.h>

#define INDENT_MAX 64 /* blanks before what begins a line */
#define LOOK_BACK 400 /* bytes of a line that are searched for words */

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

#define FOR_EXAMPLE \
    "for example", "e.g.", "for instance", "zum beispiel", "z. b.", "z.b.", "par exemple", "por ejemplo", "por exemplo", \
        "per esempio", "например", "Например", "例如", "比如", "例えば", "예를 들어"

static const char *const EXAMPLE[] = {FOR_EXAMPLE, "example",     "such as",      "like this",  "look like:",
                                      "would look", "looks like", "format:",      "format is",
                                      "you could", "you would",   "you can",      "instead of", "as in",
                                      "syntax",    "placeholder", NULL};

static bool says(const char *text, size_t len, const char *word)
{
    size_t want = strlen(word);
    for (size_t i = 0; i + want <= len; i++)
        if (strncasecmp(text + i, word, want) == 0)
            return true;
    return false;
}

/* A mark is rarely written for anything but a call: of it only these say so. */
static const char *const MARKED_EXAMPLE[] = {FOR_EXAMPLE, "example:", "like this:", "look like:", "you would write", "you'd write",
                                             "format is:", "example call", "example tool call", "example of a call",
                                             "example of a tool call", "call such as", NULL};

static bool is_example(const char *text, size_t from, size_t to, const char *const words[])
{
    if (to - from > LOOK_BACK)
        from = to - LOOK_BACK;
    for (size_t i = 0; words[i]; i++)
        if (says(text + from, to - from, words[i]))
            return true;
    return false;
}

/* ---- fences ---- */

static const char *const DATA[] = {"", "json", "jsonc", "json5", "tool", "tool_call", "tool_calls", "tool_code",
                                   "text", "plaintext", "xml", NULL};

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
    bool data = is_data(text + at + ticks, end - at - ticks);
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

static void newline(struct quote *q, const char *text, size_t at)
{
    if (!blank_between(text, q->line, at)) {
        q->before = q->line;
        q->before_end = at;
    } else
        q->ticks = 0; /* inline code does not go past its paragraph */
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
        if (left > want && strncasecmp(open, tags[i], want) == 0 && (open[want] == '>' || scan_blank(open[want])))
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

/* Is what stands at `at` on a line that begins with >? */
static bool in_quoted_line(const struct quote *q, const char *text, size_t at)
{
    size_t first = q->line, most = q->line + INDENT_MAX;
    while (first < at && first < most && scan_blank(text[first]))
        first++;
    return first < at && text[first] == '>';
}

static bool quoted_here(struct quote *q, const char *text, size_t at)
{
    return q->ticks || in_quoted_line(q, text, at) || quote_opens(q, text, at);
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

static bool introduced(const struct quote *q, const char *text, size_t at, const char *const words[])
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
    q->fence_from = to;
}
