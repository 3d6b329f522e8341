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

static const char *const EXAMPLE[] = {"example",   "e.g.",        "for instance", "such as",
                                      "like this", "would look",  "looks like",   "format:",     "format is",
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
static const char *const MARKED_EXAMPLE[] = {"for example", "e.g.", "for instance", "example:", "like this:", NULL};

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
    if ((c == '`' || c == '~') && !q->ticks && quote_line_begins(q, text, *at)) {
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

bool quote_opens(const struct quote *q, const char *text, size_t at)
{
    char before = at > q->line ? text[at - 1] : ' ';
    return before == '"' || before == '\''
        || (at >= q->line + 3 && memcmp(text + at - 3, "\xE2\x80\x9C", 3) == 0); /* “ */
}

static bool quoted_here(const struct quote *q, const char *text, size_t at)
{
    return q->ticks || (at > q->line && text[q->line] == '>') || quote_opens(q, text, at);
}

bool quote_hides_mark(const struct quote *q, const char *text, size_t at)
{
    return q->fence || quoted_here(q, text, at);
}

bool quote_hides_data(const struct quote *q, const char *text, size_t at)
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
