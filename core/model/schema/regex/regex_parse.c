/* regex_parse.c: the structure of ECMA-262 patterns to a program. Fragments are emitted in place:
 * jumps are relative, so a fragment may be shifted (alternation, optional) or copied (counted
 * repeats) as bytes. */
#include <string.h>

#include "model/schema/regex/regex_impl.h"

int regex_fail(struct regex_parser *p, int code, const char *why)
{
    if (!p->error)
        p->error = err_set(p->err, code, "%s at offset %zu of the pattern", why, p->at);
    return p->error;
}

bool regex_more(const struct regex_parser *p)
{
    return p->at < p->len;
}

bool regex_ahead(const struct regex_parser *p, const char *text)
{
    size_t n = strlen(text);
    return p->len - p->at >= n && memcmp(p->text + p->at, text, n) == 0;
}

bool regex_take(struct regex_parser *p, const char *text)
{
    if (!regex_ahead(p, text))
        return false;
    p->at += strlen(text);
    return true;
}

/* ---- emitting ---- */

static int32_t here(const struct regex_parser *p)
{
    return (int32_t)(p->code.len / sizeof(struct regex_inst));
}

static struct regex_inst *inst(struct regex_parser *p, int32_t at)
{
    return (struct regex_inst *)(void *)p->code.data + at;
}

void regex_emit(struct regex_parser *p, struct regex_inst one)
{
    if (here(p) >= REGEX_PROGRAM_MAX)
        regex_fail(p, ERR_LIMIT, "the pattern is too large");
    else
        buf_put(&p->code, &one, sizeof one);
    if (!buf_ok(&p->code))
        regex_fail(p, ERR_MEMORY, "out of memory");
}

/* Shifts everything from `at` on by one and puts `one` there. */
static void insert(struct regex_parser *p, int32_t at, struct regex_inst one)
{
    regex_emit(p, one);
    if (p->error)
        return;
    struct regex_inst *place = inst(p, at);
    memmove(place + 1, place, (size_t)(here(p) - 1 - at) * sizeof one);
    *place = one;
}

/* ---- structure ---- */

static void alternatives(struct regex_parser *p);

static void close_group(struct regex_parser *p)
{
    if (!regex_take(p, ")"))
        regex_fail(p, ERR_SCHEMA, "a ( without )");
}

static void lookahead(struct regex_parser *p, bool wanted)
{
    int32_t start = here(p);
    if (++p->looks > p->deepest_look)
        p->deepest_look = p->looks;
    if (p->looks > REGEX_LOOKS_MAX)
        regex_fail(p, ERR_LIMIT, "lookaheads are nested too deep");
    regex_emit(p, (struct regex_inst){.op = REGEX_LOOK, .y = wanted});
    alternatives(p);
    regex_emit(p, (struct regex_inst){.op = REGEX_MATCH});
    close_group(p);
    p->looks--;
    if (!p->error)
        inst(p, start)->x = here(p) - start;
}

/* Behind the (; answers whether the group may be repeated. */
bool regex_group(struct regex_parser *p)
{
    bool repeatable = true;
    if (++p->depth > REGEX_NESTING_MAX) {
        regex_fail(p, ERR_LIMIT, "groups are nested too deep");
    } else if (regex_take(p, "?=")) {
        lookahead(p, true);
        repeatable = false;
    } else if (regex_take(p, "?!")) {
        lookahead(p, false);
        repeatable = false;
    } else {
        if (regex_take(p, "?<")) { /* a name is allowed and means nothing without back references */
            if (regex_ahead(p, "=") || regex_ahead(p, "!"))
                regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "lookbehind is not supported");
            while (regex_more(p) && p->text[p->at] != '>' && p->text[p->at] != ')')
                p->at++;
            if (!regex_take(p, ">"))
                regex_fail(p, ERR_SCHEMA, "a group name without >");
        } else if (!regex_take(p, "?:") && regex_ahead(p, "?")) {
            regex_fail(p, ERR_SCHEMA_UNSUPPORTED, "this kind of group is not supported");
        }
        if (!p->error)
            alternatives(p);
        close_group(p);
    }
    p->depth--;
    return repeatable;
}

/* ---- repeats ---- */

static bool number(struct regex_parser *p, size_t *at, uint32_t *value)
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
static bool quantifier(struct regex_parser *p, uint32_t *min, uint32_t *max)
{
    size_t at = p->at + 1;
    *min = 0;
    *max = UNBOUNDED;
    if (regex_take(p, "*"))
        return true;
    if (regex_take(p, "+"))
        return *min = 1, true;
    if (regex_take(p, "?"))
        return *max = 1, true;
    if (!regex_ahead(p, "{") || !number(p, &at, min))
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
        regex_fail(p, ERR_SCHEMA, "a repeat whose end is below its start");
    return true;
}

static void copy(struct regex_parser *p, int32_t start, int32_t count)
{
    for (int32_t i = 0; i < count && !p->error; i++)
        regex_emit(p, *inst(p, start + i));
}

/* Makes the fragment from start to here repeat. */
static void repeat(struct regex_parser *p, int32_t start, uint32_t min, uint32_t max)
{
    int32_t size = here(p) - start;
    if (max == 0) {
        p->code.len = (size_t)start * sizeof(struct regex_inst);
        return;
    }
    for (uint32_t i = 1; i < min && !p->error; i++)
        copy(p, start, size);
    if (max == UNBOUNDED && min > 0) { /* the last copy loops */
        regex_emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = -size, .y = 1});
    } else if (max == UNBOUNDED) {
        insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 2});
        regex_emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = -size - 1});
    } else {
        uint32_t optional = max - min;
        if (min == 0) { /* the fragment itself is the first optional one */
            insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 1});
            start++;
            optional--;
        }
        for (uint32_t i = 0; i < optional && !p->error; i++) {
            regex_emit(p, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = size + 1});
            copy(p, start, size);
        }
    }
}

static void sequence(struct regex_parser *p)
{
    while (!p->error && regex_more(p) && !regex_ahead(p, "|") && !regex_ahead(p, ")")) {
        uint32_t min, max;
        int32_t start = here(p);
        if (strchr("*+?", p->text[p->at]) && p->text[p->at]) {
            regex_fail(p, ERR_SCHEMA, "nothing to repeat");
            return;
        }
        bool repeatable = regex_atom(p);
        if (p->error || !regex_more(p) || !quantifier(p, &min, &max))
            continue;
        (void)regex_take(p, "?"); /* lazy or greedy: the same answer */
        if (!repeatable)
            regex_fail(p, ERR_SCHEMA, "an assertion cannot be repeated");
        else if (!p->error)
            repeat(p, start, min, max);
    }
}

/* One or more sequences between |. The jumps to the common end are chained through x until it is
 * known. */
static void alternatives(struct regex_parser *p)
{
    int32_t last = -1;
    for (;;) {
        int32_t start = here(p);
        sequence(p);
        if (p->error || !regex_take(p, "|"))
            break;
        insert(p, start, (struct regex_inst){.op = REGEX_SPLIT, .x = 1, .y = here(p) - start + 2});
        regex_emit(p, (struct regex_inst){.op = REGEX_JUMP, .x = last});
        last = here(p) - 1;
    }
    while (!p->error && last >= 0) {
        int32_t before = inst(p, last)->x;
        inst(p, last)->x = here(p) - last;
        last = before;
    }
}

static int compile(struct regex_parser p, const struct regex **out)
{
    struct err *err = p.err;
    if (p.len > REGEX_PATTERN_MAX)
        return err_set(err, ERR_LIMIT, "a pattern is longer than %d bytes", REGEX_PATTERN_MAX);
    alternatives(&p);
    if (!p.error && regex_more(&p))
        regex_fail(&p, ERR_SCHEMA, "a ) without (");
    regex_emit(&p, (struct regex_inst){.op = REGEX_MATCH});
    if (!p.error) {
        struct regex *regex = json_doc_alloc(p.arena, sizeof *regex);
        struct regex_inst *code = json_doc_alloc(p.arena, p.code.len);
        if (regex && code) {
            memcpy(code, p.code.data, p.code.len);
            *regex = (struct regex){code, (size_t)here(&p), p.deepest_look};
            *out = regex;
        } else {
            regex_fail(&p, ERR_MEMORY, "out of memory");
        }
    }
    buf_clear(&p.code);
    return p.error;
}

int regex_compile(struct json_doc *arena, const char *text, size_t len, const struct regex **out,
                  struct err *err)
{
    return compile((struct regex_parser){.arena = arena, .text = text, .len = len, .err = err},
                   out);
}

int regex_compile_folded(struct json_doc *arena, const char *text, size_t len,
                         const struct regex **out, struct err *err)
{
    struct regex_parser p = {.arena = arena, .text = text, .len = len, .err = err, .folds = true};
    return compile(p, out);
}
