/* python.c: calls as Python writes them. Only keywords name arguments. */
#include "model/dialect/loose.h"
#include "model/dialect/match.h"

static enum found keyword(struct scan *s, struct buf *out, bool first)
{
    const char *name;
    size_t len, mark = out->len;
    enum found found = scan_name(s, &name, &len);
    if (found != FOUND_YES)
        return found;
    scan_blanks(s);
    found = scan_text(s, "=", 1);
    if (found != FOUND_YES)
        return found;
    scan_blanks(s);
    if (!first)
        buf_putc(out, ',');
    json_write_string(out, name, len);
    buf_putc(out, ':');
    size_t from = out->len;
    found = loose_python(s, out);
    if (found == FOUND_MORE && out->len == from)
        out->len = mark;
    return found;
}

/* Behind the opening bracket, up to and with the closing one. */
static enum found keywords(struct scan *s, struct buf *out)
{
    enum found found = FOUND_YES;
    buf_putc(out, '{');
    for (bool first = true; found == FOUND_YES; first = false) {
        scan_blanks(s);
        if (scan_is(s, ')')) {
            s->at++;
            break;
        }
        found = s->at == s->end ? FOUND_MORE : keyword(s, out, first);
        scan_blanks(s);
        if (found == FOUND_YES && !scan_is(s, ')'))
            found = scan_text(s, ",", 1);
    }
    buf_putc(out, '}');
    return found;
}

static enum dialect_state state_of(const struct scan *s, bool cut)
{
    if (cut)
        return DIALECT_PARTIAL;
    return s->repaired ? DIALECT_REPAIRED : DIALECT_COMPLETE;
}

/* `search.call(query="x")` is how Llama writes a tool that it was trained with. */
static size_t without_call(const struct calls *calls, const char *name, size_t len)
{
    static const char suffix[] = ".call";
    const size_t suffix_len = sizeof suffix - 1;
    bool ends = len > suffix_len && memcmp(name + len - suffix_len, suffix, suffix_len) == 0;
    return ends && !tool_named(calls->tools, name, len) ? len - suffix_len : len;
}

/* ---- a call that cannot be read ---- */

/* Behind a string whose first quote stands at the scan. */
static enum found pass_string(struct scan *s)
{
    const char quote = *s->at++;
    while (s->at < s->end && *s->at != quote)
        s->at += 1 + (*s->at == '\\' && s->at + 1 < s->end);
    if (s->at == s->end)
        return FOUND_MORE;
    s->at++;
    return FOUND_YES;
}

/* Behind the bracket that closes the one before the scan. */
static enum found pass_brackets(struct scan *s)
{
    char closes[LOOSE_DEPTH_MAX] = {')'};
    size_t depth = 1;
    for (enum found found = FOUND_YES; depth && found == FOUND_YES;) {
        if (s->at == s->end)
            return FOUND_MORE;
        const char c = *s->at;
        if (c == '"' || c == '\'') {
            found = pass_string(s);
            if (found == FOUND_MORE)
                return FOUND_MORE;
            continue;
        }
        s->at++;
        if (c == closes[depth - 1])
            depth--;
        else if (memchr(")]}", c, 3) || (memchr("([{", c, 3) && depth == LOOSE_DEPTH_MAX))
            return FOUND_NO;
        else if (memchr("([{", c, 3))
            closes[depth++] = c == '(' ? ')' : c == '[' ? ']' : '}';
    }
    return FOUND_YES;
}

/* What is wrong in one call of a list leaves the others what they are, where its end is known; but where a broken text
 * ends may be read otherwise with more of it, so that what follows is no more than repaired. */
static enum found pass_broken(struct scan *s, struct calls *calls)
{
    enum found found = pass_brackets(s);
    s->repaired = true;
    calls->broken += found == FOUND_YES;
    return found;
}

static enum found one(struct scan *s, struct calls *calls)
{
    const char *name;
    size_t len;
    struct buf arguments = {0};
    enum found found = scan_name(s, &name, &len);
    if (found == FOUND_YES)
        found = scan_text(s, "(", 1);
    if (found != FOUND_YES)
        return found;
    struct scan inside = *s;
    found = keywords(s, &arguments);
    bool cut = found == FOUND_MORE && s->final;
    if ((found == FOUND_YES || cut) && buf_ok(&arguments)
        && !calls_add(calls, name, without_call(calls, name, len), arguments.data, arguments.len, state_of(s, cut)))
        found = FOUND_NO;
    buf_clear(&arguments);
    if (found == FOUND_NO) {
        *s = inside;
        found = pass_broken(s, calls);
    }
    return found;
}

enum found python_calls(struct scan *s, struct calls *calls)
{
    size_t before = calls->count;
    enum found found = one(s, calls);
    while (found == FOUND_YES) {
        const char *behind = s->at;
        scan_blanks(s);
        bool comma = scan_is(s, ',') || scan_is(s, ';');
        s->at += comma;
        scan_blanks(s);
        if (s->at == s->end)
            return FOUND_MORE;
        struct scan next = *s;
        found = one(&next, calls);
        if (found == FOUND_NO) {
            s->at = behind;
            return calls->count > before ? FOUND_YES : FOUND_NO;
        }
        *s = next;
    }
    return found;
}
