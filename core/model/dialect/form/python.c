/* python.c: calls as Python writes them. Only keywords name arguments. */
#include "model/dialect/form/match.h"
#include "model/dialect/text/lenient_json.h"

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
    found = lenient_python(s, out);
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

/* What is wrong in one call of a list leaves the others what they are, where its end is known; but
 * where a broken text ends may be read otherwise with more of it, so that what follows is no
 * more than repaired. at: its bracket. */
static enum found pass_broken(struct scan *s, struct calls *calls, const char *name)
{
    enum found found = scan_brackets(s);
    s->repaired = true;
    if (found == FOUND_YES)
        calls_note(calls, name, DIALECT_UNREADABLE);
    return found;
}

static enum found one(struct scan *s, struct calls *calls)
{
    const char *name = s->at;
    size_t len;
    struct buf arguments = {0};
    enum found found = scan_name(s, &name, &len);
    struct scan bracket = *s;
    if (found == FOUND_YES)
        found = scan_text(s, "(", 1);
    if (found != FOUND_YES)
        return found;
    found = keywords(s, &arguments);
    bool cut = found == FOUND_MORE && s->final;
    calls->starved |= !buf_ok(&arguments);
    if ((found == FOUND_YES || cut) && !calls->starved &&
        !calls_add(calls, name, without_call(calls, name, len), arguments.data, arguments.len,
                   state_of(s, cut)))
        found = FOUND_NO;
    buf_clear(&arguments);
    if (found == FOUND_NO && !s->doubt) {
        *s = bracket;
        found = pass_broken(s, calls, name);
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
            if (comma && !scan_is(s, ']'))
                calls_note(calls, s->at, next.doubt ? DIALECT_HOLDS : DIALECT_UNREADABLE);
            s->at = behind;
            s->doubt = next.doubt;
            s->repaired |= comma;
            return calls->count > before ? FOUND_YES : FOUND_NO;
        }
        *s = next;
    }
    return found;
}
