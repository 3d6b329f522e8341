/* regex_atom.c: what stands for itself in a pattern: characters, escapes, classes, assertions. */
#include <string.h>

#include "model/schema/regex/regex_impl.h"

static void emit_set(struct regex_parser *p, struct regex_ranges *ranges, bool negated)
{
    if (p->folds)
        regex_add_cases(ranges);
    const struct regex_set *set = regex_set_make(p->arena, ranges, negated);
    buf_clear(&ranges->items);
    if (!set)
        regex_fail(p, ERR_MEMORY, "out of memory");
    else
        regex_emit(p, (struct regex_inst){.op = REGEX_SET, .set = set});
}

static void emit_char(struct regex_parser *p, uint32_t code)
{
    bool letter = (code | 0x20) >= 'a' && (code | 0x20) <= 'z';
    if (!p->folds || !letter) {
        regex_emit(p, (struct regex_inst){.op = REGEX_CHAR, .x = (int32_t)code});
        return;
    }
    struct regex_ranges both = {0};
    regex_add(&both, code, code);
    emit_set(p, &both, false);
}

/* ---- escapes ---- */

/* Exactly n hexadecimal digits. */
static bool hex(struct regex_parser *p, int n, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, p->at++) {
        int digit = regex_more(p) ? hex_digit(p->text[p->at]) : -1;
        if (digit < 0)
            return false;
        *value = *value * 16 + (uint32_t)digit;
    }
    return true;
}

/* What follows \u: XXXX, a surrogate pair, or {X...}. */
static bool unicode_escape(struct regex_parser *p, uint32_t *code)
{
    if (regex_take(p, "{")) {
        *code = 0;
        size_t start = p->at;
        while (regex_more(p) && hex_digit(p->text[p->at]) >= 0 && *code <= REGEX_CODE_MAX)
            *code = *code * 16 + (uint32_t)hex_digit(p->text[p->at++]);
        return p->at > start && *code <= REGEX_CODE_MAX && regex_take(p, "}");
    }
    if (!hex(p, 4, code))
        return false;
    uint32_t low;
    if (*code >= 0xD800 && *code < 0xDC00 && regex_take(p, "\\u")) {
        if (!hex(p, 4, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    }
    return true;
}

/* A \ that stands for one code point; p->at is behind the \. */
static uint32_t char_escape(struct regex_parser *p, bool in_class)
{
    uint32_t code = 0;
    char c = p->text[p->at++];
    switch (c) {
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'v':
        return '\v';
    case 'f':
        return '\f';
    case 'r':
        return '\r';
    case '0':
        if (regex_more(p) && p->text[p->at] >= '0' && p->text[p->at] <= '9')
            regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "octal escapes are not supported");
        return 0;
    case 'c':
        if (!regex_more(p) || (p->text[p->at] | 0x20) < 'a' || (p->text[p->at] | 0x20) > 'z')
            regex_fail(p, ERR_SCHEMA, "\\c needs a letter");
        else
            code = (uint32_t)p->text[p->at++] & 31;
        return code;
    case 'x':
        if (!hex(p, 2, &code))
            regex_fail(p, ERR_SCHEMA, "\\x needs two hexadecimal digits");
        return code;
    case 'u':
        if (!unicode_escape(p, &code))
            regex_fail(p, ERR_SCHEMA, "\\u needs a code point");
        return code;
    default:
        if (in_class && c == 'b')
            return '\b';
        if ((c >= '1' && c <= '9') || c == 'k')
            regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "back references are not supported");
        else if ((unsigned char)c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "an unknown escape");
        return (uint32_t)(unsigned char)c;
    }
}

/* \d \w \s \p{..} and their capitals: adds to ranges and answers true; p->at is behind the \. */
static bool set_escape(struct regex_parser *p, struct regex_ranges *ranges)
{
    char c = p->text[p->at];
    if (strchr("dDwWsS", c) && c) {
        p->at++;
        regex_add_class(ranges, c);
        return true;
    }
    if (c != 'p' && c != 'P')
        return false;
    p->at++;
    const char *end = regex_take(p, "{") ? memchr(p->text + p->at, '}', p->len - p->at) : NULL;
    size_t len = end ? (size_t)(end - (p->text + p->at)) : 0;
    if (!end)
        regex_fail(p, ERR_SCHEMA, "\\p needs {a property}");
    else if (!regex_add_property(ranges, p->text + p->at, len, c == 'P'))
        regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "an unknown Unicode property");
    p->at += end ? len + 1 : 0;
    return true;
}

/* ---- classes ---- */

/* One end of a range; answers false when it was a whole class such as \d (already added). */
static bool class_atom(struct regex_parser *p, struct regex_ranges *ranges, uint32_t *code)
{
    if (!regex_take(p, "\\")) {
        *code = regex_next(p->text, p->len, &p->at);
        return true;
    }
    if (!regex_more(p)) {
        regex_fail(p, ERR_SCHEMA, "\\ at the end");
        return false;
    }
    if (set_escape(p, ranges))
        return false;
    *code = char_escape(p, true);
    return true;
}

/* Behind the [. */
static void class(struct regex_parser *p)
{
    struct regex_ranges ranges = {0};
    bool negated = regex_take(p, "^");
    while (!p->error && regex_more(p) && !regex_ahead(p, "]")) {
        uint32_t lo, hi;
        bool single = class_atom(p, &ranges, &lo);
        bool range = regex_ahead(p, "-") && p->at + 1 < p->len && p->text[p->at + 1] != ']';
        if (!range) {
            if (single)
                regex_add(&ranges, lo, lo);
            continue;
        }
        p->at++;
        if (!class_atom(p, &ranges, &hi) || !single)
            regex_fail(p, ERR_SCHEMA, "a class cannot be an end of a range");
        else if (lo > hi)
            regex_fail(p, ERR_SCHEMA, "a range that runs backwards");
        else
            regex_add(&ranges, lo, hi);
    }
    if (!regex_take(p, "]"))
        regex_fail(p, ERR_SCHEMA, "a [ without ]");
    emit_set(p, &ranges, negated);
}

static void any(struct regex_parser *p)
{
    struct regex_ranges ranges = {0};
    regex_add(&ranges, '\n', '\n');
    regex_add(&ranges, '\r', '\r');
    regex_add(&ranges, 0x2028, 0x2029);
    emit_set(p, &ranges, true);
}

/* Behind the \; answers whether it may be repeated. */
static bool escape(struct regex_parser *p)
{
    struct regex_ranges ranges = {0};
    if (!regex_more(p)) {
        regex_fail(p, ERR_SCHEMA, "\\ at the end");
    } else if (regex_ahead(p, "b") || regex_ahead(p, "B")) {
        regex_emit(p, (struct regex_inst){.op = REGEX_WORD, .x = p->text[p->at++] == 'b'});
        return false;
    } else if (set_escape(p, &ranges)) {
        emit_set(p, &ranges, false);
    } else {
        emit_char(p, char_escape(p, false));
    }
    buf_clear(&ranges.items);
    return true;
}

bool regex_atom(struct regex_parser *p)
{
    if (regex_take(p, "^"))
        return regex_emit(p, (struct regex_inst){.op = REGEX_BEGIN}), false;
    if (regex_take(p, "$"))
        return regex_emit(p, (struct regex_inst){.op = REGEX_END}), false;
    if (regex_take(p, "("))
        return regex_group(p);
    if (regex_take(p, "\\"))
        return escape(p);
    if (regex_take(p, "["))
        return class(p), true;
    if (regex_take(p, "."))
        return any(p), true;
    emit_char(p, regex_next(p->text, p->len, &p->at));
    return true;
}
