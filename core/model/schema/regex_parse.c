/* regex_parse.c: ECMA-262 syntax to a program. Fragments are emitted in place: jumps are relative, so
 * a fragment may be shifted (alternation, optional) or copied (counted repeats) as bytes. */
#include <string.h>

#include "model/schema/regex.h"

struct parser {
    struct json_doc *arena;
    const char *text;
    size_t len, at;
    struct buf code; /* struct regex_inst */
    unsigned depth, looks, deepest_look;
    struct err *err;
    int error;
};

static int fail(struct parser *p, int code, const char *why)
{
    if (!p->error)
        p->error = err_set(p->err, code, "%s at offset %zu of the pattern", why, p->at);
    return p->error;
}

static bool more(const struct parser *p)
{
    return p->at < p->len;
}

static bool looking_at(const struct parser *p, const char *text)
{
    size_t n = strlen(text);
    return p->len - p->at >= n && memcmp(p->text + p->at, text, n) == 0;
}

static bool take(struct parser *p, const char *text)
{
    if (!looking_at(p, text))
        return false;
    p->at += strlen(text);
    return true;
}

/* ---- emitting ---- */

static int32_t here(const struct parser *p)
{
    return (int32_t)(p->code.len / sizeof(struct regex_inst));
}

static struct regex_inst *inst(struct parser *p, int32_t at)
{
    return (struct regex_inst *)(void *)p->code.data + at;
}

static void emit(struct parser *p, struct regex_inst one)
{
    if (here(p) >= REGEX_PROGRAM_MAX)
        fail(p, ERR_LIMIT, "the pattern is too large");
    else
        buf_put(&p->code, &one, sizeof one);
    if (!buf_ok(&p->code))
        fail(p, ERR_MEMORY, "out of memory");
}

/* Shifts everything from `at` on by one and puts `one` there. */
static void insert(struct parser *p, int32_t at, struct regex_inst one)
{
    emit(p, one);
    if (p->error)
        return;
    struct regex_inst *place = inst(p, at);
    memmove(place + 1, place, (size_t)(here(p) - 1 - at) * sizeof one);
    *place = one;
}

static void emit_set(struct parser *p, struct regex_ranges *ranges, bool negated)
{
    const struct regex_set *set = regex_set_make(p->arena, ranges, negated);
    buf_clear(&ranges->items);
    if (!set)
        fail(p, ERR_MEMORY, "out of memory");
    else
        emit(p, (struct regex_inst){.op = REGEX_SET, .set = set});
}

/* ---- escapes ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly n hexadecimal digits. */
static bool hex(struct parser *p, int n, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++, p->at++) {
        int digit = more(p) ? hex_digit(p->text[p->at]) : -1;
        if (digit < 0)
            return false;
        *value = *value * 16 + (uint32_t)digit;
    }
    return true;
}

/* What follows \u: XXXX, a surrogate pair, or {X...}. */
static bool unicode_escape(struct parser *p, uint32_t *code)
{
    if (take(p, "{")) {
        *code = 0;
        size_t start = p->at;
        while (more(p) && hex_digit(p->text[p->at]) >= 0 && *code <= REGEX_CODE_MAX)
            *code = *code * 16 + (uint32_t)hex_digit(p->text[p->at++]);
        return p->at > start && *code <= REGEX_CODE_MAX && take(p, "}");
    }
    if (!hex(p, 4, code))
        return false;
    uint32_t low;
    if (*code >= 0xD800 && *code < 0xDC00 && take(p, "\\u")) {
        if (!hex(p, 4, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
    }
    return true;
}

/* A \ that stands for one code point; p->at is behind the \. */
static uint32_t char_escape(struct parser *p, bool in_class)
{
    uint32_t code = 0;
    char c = p->text[p->at++];
    switch (c) {
    case 't': return '\t';
    case 'n': return '\n';
    case 'v': return '\v';
    case 'f': return '\f';
    case 'r': return '\r';
    case '0':
        if (more(p) && p->text[p->at] >= '0' && p->text[p->at] <= '9')
            fail(p, ERR_SCHEMA_UNSUPPORTED, "octal escapes are not supported");
        return 0;
    case 'c':
        if (!more(p) || (p->text[p->at] | 0x20) < 'a' || (p->text[p->at] | 0x20) > 'z')
            fail(p, ERR_SCHEMA, "\\c needs a letter");
        else
            code = (uint32_t)p->text[p->at++] & 31;
        return code;
    case 'x':
        if (!hex(p, 2, &code))
            fail(p, ERR_SCHEMA, "\\x needs two hexadecimal digits");
        return code;
    case 'u':
        if (!unicode_escape(p, &code))
            fail(p, ERR_SCHEMA, "\\u needs a code point");
        return code;
    default:
        if (in_class && c == 'b')
            return '\b';
        if ((c >= '1' && c <= '9') || c == 'k')
            fail(p, ERR_SCHEMA_UNSUPPORTED, "back references are not supported");
        else if ((unsigned char)c >= 0x80 || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
            fail(p, ERR_SCHEMA_UNSUPPORTED, "an unknown escape");
        return (uint32_t)(unsigned char)c;
    }
}

/* \d \w \s \p{..} and their capitals: adds to ranges and answers true; p->at is behind the \. */
static bool set_escape(struct parser *p, struct regex_ranges *ranges)
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
    const char *end = take(p, "{") ? memchr(p->text + p->at, '}', p->len - p->at) : NULL;
    size_t len = end ? (size_t)(end - (p->text + p->at)) : 0;
    if (!end)
        fail(p, ERR_SCHEMA, "\\p needs {a property}");
    else if (!regex_add_property(ranges, p->text + p->at, len, c == 'P'))
        fail(p, ERR_SCHEMA_UNSUPPORTED, "an unknown Unicode property");
    p->at += end ? len + 1 : 0;
    return true;
}

/* ---- classes ---- */

/* One end of a range; answers false when it was a whole class such as \d (already added). */
static bool class_atom(struct parser *p, struct regex_ranges *ranges, uint32_t *code)
{
    if (!take(p, "\\")) {
        *code = regex_next(p->text, p->len, &p->at);
        return true;
    }
    if (!more(p)) {
        fail(p, ERR_SCHEMA, "\\ at the end");
        return false;
    }
    if (set_escape(p, ranges))
        return false;
    *code = char_escape(p, true);
    return true;
}

/* Behind the [. */
static void class(struct parser *p)
{
    struct regex_ranges ranges = {0};
    bool negated = take(p, "^");
    while (!p->error && more(p) && !looking_at(p, "]")) {
        uint32_t lo, hi;
        bool single = class_atom(p, &ranges, &lo);
        bool range = looking_at(p, "-") && p->at + 1 < p->len && p->text[p->at + 1] != ']';
        if (!range) {
            if (single)
                regex_add(&ranges, lo, lo);
            continue;
        }
        p->at++;
        if (!class_atom(p, &ranges, &hi) || !single)
            fail(p, ERR_SCHEMA, "a class cannot be an end of a range");
        else if (lo > hi)
            fail(p, ERR_SCHEMA, "a range that runs backwards");
        else
            regex_add(&ranges, lo, hi);
    }
    if (!take(p, "]"))
        fail(p, ERR_SCHEMA, "a [ without ]");
    emit_set(p, &ranges, negated);
}

static void any(struct parser *p)
{
    struct regex_ranges ranges = {0};
    regex_add(&ranges, '\n', '\n');
    regex_add(&ranges, '\r', '\r');
    regex_add(&ranges, 0x2028, 0x2029);
    emit_set(p, &ranges, true);
}

/* ---- structure ---- */

static void alternatives(struct parser *p);

static void close_group(struct parser *p)
{
    if (!take(p, ")"))
        fail(p, ERR_SCHEMA, "a ( without )");
}

static void lookahead(struct parser *p, bool wanted)
{
    int32_t start = here(p);
    if (++p->looks > p->deepest_look)
        p->deepest_look = p->looks;
    if (p->looks > REGEX_LOOKS_MAX)
        fail(p, ERR_LIMIT, "lookaheads are nested too deep");
    emit(p, (struct regex_inst){.op = REGEX_LOOK, .y = wanted});
    alternatives(p);
    emit(p, (struct regex_inst){.op = REGEX_MATCH});
    close_group(p);
    p->looks--;
    if (!p->error)
        inst(p, start)->x = here(p) - start;
}

/* Behind the (; answers whether the group may be repeated. */
static bool group(struct parser *p)
{
    bool repeatable = true;
    if (++p->depth > REGEX_NESTING_MAX) {
        fail(p, ERR_LIMIT, "groups are nested too deep");
    } else if (take(p, "?=")) {
        lookahead(p, true);
        repeatable = false;
    } else if (take(p, "?!")) {
        lookahead(p, false);
        repeatable = false;
    } else {
        if (take(p, "?<")) { /* a name is allowed and means nothing without back references */
            if (looking_at(p, "=") || looking_at(p, "!"))
                fail(p, ERR_SCHEMA_UNSUPPORTED, "lookbehind is not supported");
            while (more(p) && p->text[p->at] != '>' && p->text[p->at] != ')')
                p->at++;
            if (!take(p, ">"))
                fail(p, ERR_SCHEMA, "a group name without >");
        } else if (!take(p, "?:") && looking_at(p, "?")) {
            fail(p, ERR_SCHEMA_UNSUPPORTED, "this kind of group is not supported");
        }
        if (!p->error)
            alternatives(p);
        close_group(p);
    }
    p->depth--;
    return repeatable;
}

/* Behind the \; answers whether it may be repeated. */
static bool escape(struct parser *p)
{
    struct regex_ranges ranges = {0};
    if (!more(p)) {
        fail(p, ERR_SCHEMA, "\\ at the end");
    } else if (looking_at(p, "b") || looking_at(p, "B")) {
        emit(p, (struct regex_inst){.op = REGEX_WORD, .x = p->text[p->at++] == 'b'});
        return false;
    } else if (set_escape(p, &ranges)) {
        emit_set(p, &ranges, false);
    } else {
        emit(p, (struct regex_inst){.op = REGEX_CHAR, .x = (int32_t)char_escape(p, false)});
    }
    buf_clear(&ranges.items);
    return true;
}

static bool atom(struct parser *p)
{
    if (take(p, "^"))
        return emit(p, (struct regex_inst){.op = REGEX_BEGIN}), false;
    if (take(p, "$"))
        return emit(p, (struct regex_inst){.op = REGEX_END}), false;
    if (take(p, "("))
        return group(p);
    if (take(p, "\\"))
        return escape(p);
    if (take(p, "["))
        return class(p), true;
    if (take(p, "."))
        return any(p), true;
    uint32_t code = regex_next(p->text, p->len, &p->at);
    emit(p, (struct regex_inst){.op = REGEX_CHAR, .x = (int32_t)code});
    return true;
}

/* ---- repeats ---- */

static bool number(struct parser *p, size_t *at, uint32_t *value)
{
    size_t start = *at;
    *value = 0;
    while (*at < p->len && p->text[*at] >= '0' && p->text[*at] <= '9') {
        *value = *value * 10 + (uint32_t)(p->text[(*at)++] - '0');
        if (*value > REGEX_PROGRAM_MAX)
            *value = REGEX_PROGRAM_MAX + 1; /* fails as too large when it is unrolled */
    }
    return *at > start;
}

#define UNBOUNDED UINT32_MAX

/* * + ? {n} {n,} {n,m}; a { that is none of these is a character of its own. */
static bool quantifier(struct parser *p, uint32_t *min, uint32_t *max)
{
    size_t at = p->at + 1;
    *min = 0;
    *max = UNBOUNDED;
    if (take(p, "*"))
        return true;
    if (take(p, "+"))
        return *min = 1, true;
    if (take(p, "?"))
        return *max = 1, true;
    if (!looking_at(p, "{") || !number(p, &at, min))
        return false;
    *max = *min;
    if (at < p->len && p->text[at] == ',') {
        at++;
        if (!number(p, &at, max))
            *max = UNBOUNDED;
    }
    if (at >= p->len || p->text[at] != '}')
        return false;
    p->at = at + 1;
    if (*max < *min)
        fail(p, ERR_SCHEMA, "a repeat whose end is below its start");
    return true;
}

static void copy(struct parser *p, int32_t start, int32_t count)
{
    for (int32_t i = 0; i < count && !p->error; i++)
        emit(p, *inst(p, start + i));
}

/* Makes the fragment from start to here repeat. */
static void repeat(struct parser *p, int32_t start, uint32_t min, uint32_t max)
{
    int32_t size = here(p) - start;
    if (max == 0) {
        p->code.len = (size_t)start * sizeof(struct regex_inst);
        return;
    }
    for (uint32_t i = 1; i < min && !p->error; i++)
        copy(p, start, size);
    if (max == UNBOUNDED && min > 0) { /* the last copy loops */
        emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = -size, .y = 1});
    } else if (max == UNBOUNDED) {
        insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 2});
        emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = -size - 1});
    } else {
        uint32_t optional = max - min;
        if (min == 0) { /* the fragment itself is the first optional one */
            insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 1});
            start++;
            optional--;
        }
        for (uint32_t i = 0; i < optional && !p->error; i++) {
            emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 1});
            copy(p, start, size);
        }
    }
}

static void sequence(struct parser *p)
{
    while (!p->error && more(p) && !looking_at(p, "|") && !looking_at(p, ")")) {
        uint32_t min, max;
        int32_t start = here(p);
        if (strchr("*+?", p->text[p->at]) && p->text[p->at]) {
            fail(p, ERR_SCHEMA, "nothing to repeat");
            return;
        }
        bool repeatable = atom(p);
        if (p->error || !more(p) || !quantifier(p, &min, &max))
            continue;
        (void)take(p, "?"); /* lazy or greedy: the same answer */
        if (!repeatable)
            fail(p, ERR_SCHEMA, "an assertion cannot be repeated");
        else if (!p->error)
            repeat(p, start, min, max);
    }
}

/* One or more sequences between |. The jumps to the common end are chained through x until it is
 * known. */
static void alternatives(struct parser *p)
{
    int32_t last = -1;
    for (;;) {
        int32_t start = here(p);
        sequence(p);
        if (p->error || !take(p, "|"))
            break;
        insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = here(p) - start + 2});
        emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = last});
        last = here(p) - 1;
    }
    while (!p->error && last >= 0) {
        int32_t before = inst(p, last)->x;
        inst(p, last)->x = here(p) - last;
        last = before;
    }
}

int regex_compile(struct json_doc *arena, const char *text, size_t len, const struct regex **out,
                  struct err *err)
{
    struct parser p = {.arena = arena, .text = text, .len = len, .err = err};
    if (len > REGEX_PATTERN_MAX)
        return err_set(err, ERR_LIMIT, "a pattern is longer than %d bytes", REGEX_PATTERN_MAX);
    alternatives(&p);
    if (!p.error && more(&p))
        fail(&p, ERR_SCHEMA, "a ) without (");
    emit(&p, (struct regex_inst){.op = REGEX_MATCH});
    if (!p.error) {
        struct regex *regex = json_doc_alloc(arena, sizeof *regex);
        struct regex_inst *code = json_doc_alloc(arena, p.code.len);
        if (regex && code) {
            memcpy(code, p.code.data, p.code.len);
            *regex = (struct regex){code, (size_t)here(&p), p.deepest_look};
            *out = regex;
        } else {
            fail(&p, ERR_MEMORY, "out of memory");
        }
    }
    buf_clear(&p.code);
    return p.error;
}
