/* lenient_string.c: where a string ends, and what in it has to be fixed. */
#include "model/dialect/text/lenient_string.h"

#include "base/json.h"
#include "base/text/sanitize.h"
#include "model/dialect/bounds.h"

static enum found more_or(const struct scan *s, enum found otherwise)
{
    return s->final ? otherwise : FOUND_MORE;
}

#define COMMENTS_MAX 256 /* bytes of comments that are passed over at a time */

/* Behind the comment that begins at `at`, or `at`. One that does not end is not passed over. */
static const char *behind_comment(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    if (left < 2 || at[0] != '/' || (at[1] != '/' && at[1] != '*'))
        return at;
    if (left > COMMENTS_MAX)
        left = COMMENTS_MAX;
    const char *close;
    if (at[1] == '/')
        close = memchr(at, '\n', left);
    else
        close = memmem(at + 2, left - 2, "*/", 2);
    if (!close)
        return at;
    return *close == '\n' ? close + 1 : close + 2;
}

/* Blanks, and at most so many bytes of comments and blanks between them. */
static const char *behind_blanks(const char *at, const char *end)
{
    const char *from = NULL;
    for (;;) {
        while (at < end && scan_blank(*at))
            at++;
        if (at == end || *at != '/' || (from && at - from > COMMENTS_MAX))
            return at;
        from = from ? from : at;
        const char *behind = behind_comment(at, end);
        if (behind == at)
            return at;
        at = behind;
    }
}

/* Does the text end at `at`, or with a comment that may begin there? What stands in that is
 * nothing yet. */
static bool ends_text(const struct scan *s, const char *at)
{
    size_t left = (size_t)(s->end - at);
    return !left ||
           (*at == '/' && (left == 1 || ((at[1] == '/' || at[1] == '*') && left < COMMENTS_MAX)));
}

void lenient_blanks(struct lenient *l)
{
    struct scan *s = l->s;
    scan_blanks(s);
    if (l->python || !scan_is(s, '/'))
        return;
    const char *behind = behind_blanks(s->at, s->end);
    s->repaired |= behind > s->at;
    s->at = ends_text(s, behind) ? s->end : behind;
}

/* Does what stands behind the whole value stand here? */
static enum found stops(const struct scan *s, const char *at)
{
    struct scan look = {.at = at, .end = s->end};
    enum found found = s->stop_len ? scan_text(&look, s->stop, s->stop_len) : FOUND_NO;
    return found == FOUND_MORE ? more_or(s, FOUND_YES) : found;
}

/* A key without quotes, with its colon. */
static enum found bare_key_at(const struct scan *s, const char *at)
{
    struct scan look = {.at = at, .end = s->end};
    const char *name;
    size_t len;
    enum found found = scan_name(&look, &name, &len);
    if (found == FOUND_NO)
        return FOUND_NO;
    look.at = behind_blanks(look.at, look.end);
    if (found == FOUND_MORE || look.at == look.end)
        return more_or(s, FOUND_NO);
    if (ends_text(s, look.at))
        return more_or(s, FOUND_YES);
    return *look.at == ':' ? FOUND_YES : FOUND_NO;
}

/* A key in quotes, with its colon. */
static enum found quoted_key_at(const struct scan *s, const char *at)
{
    const char *close = at + 1;
    while (close < s->end && *close != *at && *close != '\n' && close - at <= SCAN_NAME_MAX)
        close += 1 + (*close == '\\');
    if (close >= s->end)
        return more_or(s, FOUND_YES);
    const char *colon = behind_blanks(close + 1, s->end);
    if (*close == *at && ends_text(s, colon))
        return more_or(s, FOUND_YES);
    return *close == *at && *colon == ':' ? FOUND_YES : FOUND_NO;
}

/* Behind the comma of an object comes a key, or its end when the comma is one too many. */
static enum found comma_ends_member(const struct scan *s, const char *at)
{
    at = behind_blanks(at, s->end);
    if (ends_text(s, at))
        return more_or(s, FOUND_YES);
    if (*at == '"' || *at == '\'')
        return quoted_key_at(s, at);
    return *at == '}' || *at == ',' ? FOUND_YES : bare_key_at(s, at);
}

/* Does the quote before `at` end its string? */
static enum found ends_string(const struct scan *s, const char *at, enum place place)
{
    at = behind_blanks(at, s->end);
    if (place == PLACE_ALONE)
        return FOUND_YES;
    if (ends_text(s, at))
        return more_or(s, FOUND_YES);
    if (place == PLACE_KEY)
        return *at == ':' ? FOUND_YES : FOUND_NO;
    if (*at == '}' || *at == ']')
        return FOUND_YES;
    enum found found = stops(s, at);
    if (found != FOUND_NO || *at != ',')
        return found;
    return place == PLACE_ITEM ? FOUND_YES : comma_ends_member(s, at + 1);
}

/* In Python a quote ends its string, but where a word, a number or a path begins behind it, as no
 * expression has it. */
static enum found python_ends(const struct scan *s, const char *at)
{
    static const char *const words[] = {"if", "for", "in", "and", "or", "is", "not", "else", NULL};
    while (at < s->end && scan_blank(*at))
        at++;
    const char *to = at;
    while (to < s->end && to - at < 8 && ((*to >= 'a' && *to <= 'z') || (*to >= 'A' && *to <= 'Z')
                                          || (*to >= '0' && *to <= '9') || *to == '_'))
        to++;
    if (to == s->end)
        return more_or(s, FOUND_YES);
    for (size_t i = 0; words[i]; i++)
        if (strlen(words[i]) == (size_t)(to - at) && memcmp(at, words[i], (size_t)(to - at)) == 0)
            return FOUND_YES;
    return to > at || *at == '/' || *at == '$' ? FOUND_NO : FOUND_YES;
}

static int hex4(const struct scan *s, const char *at)
{
    int code = 0;
    for (int i = 0; i < 4; i++, at++) {
        if (at >= s->end)
            return -2;
        int digit = hex_digit(*at);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

/* \uXXXX, with its second half where it needs one; at stands on the backslash. */
static enum found unicode_escape(struct lenient *l)
{
    struct scan *s = l->s;
    int high = hex4(s, s->at + 2);
    if (high == -2)
        return FOUND_MORE;
    size_t len = 6;
    if (high >= 0xD800 && high < 0xDC00) {
        const char *next = s->at + 6;
        if (next >= s->end || (*next == '\\' && next + 1 >= s->end))
            return FOUND_MORE;
        int low = next[0] == '\\' && next[1] == 'u' ? hex4(s, next + 2) : -1;
        if (low == -2)
            return FOUND_MORE;
        len = low >= 0xDC00 && low < 0xE000 ? 12 : 6;
    }
    bool lone = high >= 0xD800 && high < 0xE000 && len == 6;
    if (high < 0)
        buf_puts(l->out, "\\\\u"), len = 2;
    else if (lone)
        buf_puts(l->out, "\\ufffd");
    else
        buf_put(l->out, s->at, len);
    s->repaired |= high < 0 || lone;
    s->at += len;
    return FOUND_YES;
}

/* \xHH of Python. */
static enum found hex_escape(struct lenient *l)
{
    struct scan *s = l->s;
    if (s->end - s->at < 4)
        return FOUND_MORE;
    char digits[5] = {'0', '0', s->at[2], s->at[3], 0};
    struct scan pair = {.end = digits + 4};
    int code = hex4(&pair, digits);
    if (code < 0)
        buf_puts(l->out, "\\\\x");
    else
        buf_printf(l->out, "\\u%04x", (unsigned)code);
    s->at += code < 0 ? 2 : 4;
    return FOUND_YES;
}

/* A backslash before what is no escape stands for itself, as in a path or a pattern. */
static enum found escape(struct lenient *l)
{
    struct scan *s = l->s;
    if (scan_left(s) < 2)
        return FOUND_MORE;
    char c = s->at[1];
    if (c == 'u')
        return unicode_escape(l);
    if (c == 'x' && l->python)
        return hex_escape(l);
    if (strchr("\"\\/bfnrt", c) && c)
        buf_put(l->out, s->at, 2);
    else if (c == '\'')
        buf_putc(l->out, c);
    else if (c == '\n')
        buf_puts(l->out, l->python ? "" : "\\n");
    else {
        buf_puts(l->out, "\\\\");
        s->at--;
    }
    s->repaired |= !strchr("\"\\/bfnrt", c) && !l->python;
    s->at += 2;
    return FOUND_YES;
}

/* The bytes up to the next that need a look. */
static void plain_bytes(struct lenient *l, char quote)
{
    struct scan *s = l->s;
    const char *from = s->at;
    while (s->at < s->end && *s->at != quote && *s->at != '"' && *s->at != '\\'
           && (unsigned char)*s->at >= 0x20)
        s->at++;
    size_t len = (size_t)(s->at - from);
    if (utf8_valid(from, len)) {
        buf_put(l->out, from, len);
        return;
    }
    /* the last letter may be half here; the reader of a text that goes on comes again */
    s->repaired = true;
    utf8_sanitize(l->out, from, len);
}

static void control(struct lenient *l, char c)
{
    static const char *const named[] = {['\n'] = "\\n", ['\r'] = "\\r", ['\t'] = "\\t"};
    if (c == '\n' || c == '\r' || c == '\t')
        buf_puts(l->out, named[(unsigned char)c]);
    else
        buf_printf(l->out, "\\u%04x", (unsigned)(unsigned char)c);
    l->s->repaired |= !l->python;
    l->mended |= !l->python;
}

static void quote_inside(struct lenient *l, char c, char quote)
{
    buf_puts(l->out, c == '"' ? "\\\"" : "'");
    l->s->repaired |= c == quote;
}

static bool next_is(const struct scan *s, char c)
{
    struct scan look = *s;
    scan_blanks(&look);
    return scan_is(&look, c);
}

/* One piece of a string whose first quote was read; YES: that was its last quote. */
static enum found string_piece(struct lenient *l, char quote, enum place place, bool *ended)
{
    struct scan *s = l->s;
    plain_bytes(l, quote);
    if (s->at == s->end)
        return FOUND_MORE;
    char c = *s->at;
    if (c == '\\')
        return escape(l);
    if (l->key && (c == '\n' || s->at - l->key > SCAN_NAME_MAX))
        return FOUND_NO;
    s->at++;
    if (c == quote) {
        enum found end = l->python ? python_ends(s, s->at) : ends_string(s, s->at, place);
        if (l->python && end == FOUND_YES && l->mended && next_is(s, ','))
            return FOUND_NO; /* the comma may be the string's or the call's */
        l->mended |= end == FOUND_NO;
        *ended = end == FOUND_YES;
        if (end == FOUND_MORE)
            s->at--;
        if (end != FOUND_NO)
            return end;
    }
    if (c == '"' || c == '\'')
        quote_inside(l, c, quote);
    else
        control(l, c);
    return FOUND_YES;
}

/* A string that had to be repaired may have taken in other calls. */
static bool has_swallowed(const struct lenient *l, const char *from, enum found found)
{
    const struct scan *s = l->s;
    bool ended = found == FOUND_YES || (found == FOUND_MORE && s->final);
    return ended && l->mended && s->form && bounds_hold(s, from, s->at, l->python);
}

enum found lenient_string(struct lenient *l, enum place place)
{
    struct scan *s = l->s;
    const char *from = s->at;
    char quote = *s->at++;
    l->mended = false;
    s->repaired |= quote == '\'' && !l->python;
    buf_putc(l->out, '"');
    enum found found = FOUND_YES;
    for (bool ended = false; !ended && found == FOUND_YES;)
        found = string_piece(l, quote, place, &ended);
    buf_putc(l->out, '"');
    if (!has_swallowed(l, from, found))
        return found;
    s->doubt = from;
    return FOUND_NO;
}

/* Three quotes of Python: the text up to the next three. */
static enum found triple(struct lenient *l)
{
    struct scan *s = l->s;
    char quote = *s->at;
    s->at += 3;
    buf_putc(l->out, '"');
    enum found found = FOUND_YES;
    for (bool ended = false; !ended && found == FOUND_YES;) {
        plain_bytes(l, quote);
        size_t left = scan_left(s);
        if (!left)
            found = FOUND_MORE;
        else if (*s->at == '\\')
            found = escape(l);
        else if (*s->at == quote && (left < 3 && !s->final))
            found = FOUND_MORE;
        else if (*s->at == quote && left >= 3 && s->at[1] == quote && s->at[2] == quote)
            s->at += 3, ended = true;
        else if (*s->at == '"' || *s->at == '\'')
            quote_inside(l, *s->at++, '\0');
        else
            control(l, *s->at++);
    }
    buf_putc(l->out, '"');
    return found;
}

enum found lenient_python_string(struct lenient *l)
{
    struct scan *s = l->s;
    if (scan_left(s) < 3 && !s->final)
        return FOUND_MORE;
    if (scan_left(s) >= 3 && s->at[1] == *s->at && s->at[2] == *s->at)
        return triple(l);
    return lenient_string(l, PLACE_ALONE);
}

enum found lenient_marked_string(struct lenient *l)
{
    struct scan *s = l->s;
    enum found found = scan_text(s, s->quote, s->quote_len);
    if (found != FOUND_YES)
        return found;
    const char *close = memmem(s->at, scan_left(s), s->quote, s->quote_len);
    size_t len = close ? (size_t)(close - s->at) : scan_left(s);
    bool holds = s->form && (close || s->final) && bounds_hold(s, s->at, s->at + len, false);
    s->held |= holds;
    if (holds && !close) {
        s->doubt = s->at;
        return FOUND_NO;
    }
    struct buf valid = {0};
    utf8_sanitize(&valid, s->at, len);
    json_write_string(l->out, valid.data ? valid.data : "", valid.len);
    l->out->failed |= valid.failed;
    buf_clear(&valid);
    s->at += len + (close ? s->quote_len : 0);
    return close ? FOUND_YES : FOUND_MORE;
}
