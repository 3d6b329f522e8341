/* needle.c: see needle.h. An expression's longest plain part is looked for first: a line without it
 * is never looked at. */
#include "model/search/needle.h"

#include <string.h>

#include "base/text/utf8.h"
#include "model/search/automaton.h"

#define STEPS_MAX ((size_t)500000000)

/* ---- preparing ---- */

/* Marks what some hits do without: what a branch or a repetition can leave out. */
static void mark_optional(const struct regex *regex, bool *optional)
{
    for (size_t pc = 0; pc < regex->count; pc++) {
        const struct regex_inst *inst = &regex->code[pc];
        int32_t far = inst->op == REGEX_SPLIT && inst->y > inst->x ? inst->y : inst->x;
        bool jumps = inst->op == REGEX_SPLIT || inst->op == REGEX_JUMP || inst->op == REGEX_LOOK;
        for (int32_t i = 1; jumps && i < far; i++)
            optional[pc + (size_t)i] = true;
    }
}

/* The longest run of characters that every hit has. */
static int find_literal(struct needle *needle, struct json_doc *arena)
{
    const struct regex *regex = needle->regex;
    bool *optional = json_doc_alloc(arena, regex->count);
    char *room = json_doc_alloc(arena, 4 * regex->count + 1);
    char *best = json_doc_alloc(arena, 4 * regex->count + 1);
    if (!optional || !room || !best)
        return ERR_MEMORY;
    memset(optional, 0, regex->count);
    mark_optional(regex, optional);
    size_t len = 0;
    needle->text = best;
    for (size_t pc = 0; pc < regex->count; pc++) {
        uint32_t code = (uint32_t)regex->code[pc].x;
        bool counts =
            regex->code[pc].op == REGEX_CHAR && !optional[pc] && (code & 0x1FF800) != 0xD800;
        len = counts ? len + utf8_write(room + len, code) : 0;
        if (len > needle->len)
            memcpy(best, room, needle->len = len);
    }
    return 0;
}

static int compile(struct needle *needle, struct json_doc *arena, const struct needle_wish *wish,
                   struct err *err)
{
    const char *text = wish->text;
    int rc = wish->any_case ? regex_compile_folded(arena, text, wish->len, &needle->regex, err)
                            : regex_compile(arena, text, wish->len, &needle->regex, err);
    if (rc == ERR_SCHEMA || rc == ERR_SCHEMA_UNSUPPORTED) {
        err->code = ERR_USAGE;
        err_fix(err,
                "write an ECMA-262 expression without back references, or look for plain text");
        return ERR_USAGE;
    }
    rc = rc ? rc : find_literal(needle, arena);
    if (rc)
        return rc;
    needle->automaton = automaton_new(needle->regex);
    return needle->automaton || needle->regex->looks ? 0 : ERR_MEMORY;
}

/* Capitals of ASCII become small letters. In blocks, which the compiler makes vectors of. */
static void fold(unsigned char *out, const unsigned char *text, size_t len)
{
    size_t at = 0;
    for (; at + 64 <= len; at += 64)
        for (size_t i = 0; i < 64; i++) {
            unsigned char c = text[at + i];
            out[at + i] = (unsigned char)(c + ((unsigned char)(c - 'A') < 26 ? 32 : 0));
        }
    for (; at < len; at++)
        out[at] = (unsigned char)(text[at] + ((unsigned char)(text[at] - 'A') < 26 ? 32 : 0));
}

static int fold_text(struct needle *needle, struct json_doc *arena)
{
    char *folded = json_doc_alloc(arena, needle->len);
    if (!folded)
        return ERR_MEMORY;
    fold((unsigned char *)folded, (const unsigned char *)needle->text, needle->len);
    needle->text = folded;
    return 0;
}

int needle_init(struct needle *out, struct json_doc *arena, const struct needle_wish *wish,
                struct err *err)
{
    int rc = 0;
    *out = (struct needle){.budget = STEPS_MAX, .folds = wish->any_case && !wish->regex};
    if (wish->regex && memchr(wish->text, '\n', wish->len)) {
        err_set(err, ERR_USAGE, "an expression is about one line");
        return err_fix(err, "look for one of its lines");
    }
    if (wish->regex) {
        rc = compile(out, arena, wish, err);
    } else {
        out->text = wish->text;
        out->len = wish->len;
        rc = out->folds ? fold_text(out, arena) : 0;
    }
    return rc == ERR_MEMORY ? err_set(err, rc, "no memory for the expression") : rc;
}

void needle_clear(struct needle *needle)
{
    automaton_free(needle->automaton);
    regex_scratch_clear(&needle->scratch);
    buf_clear(&needle->folded);
    *needle = (struct needle){0};
}

/* ---- looking ---- */

static size_t line_begin(const char *text, size_t at)
{
    const char *feed = memrchr(text, '\n', at);
    return feed ? (size_t)(feed - text) + 1 : 0;
}

static size_t line_end(const char *text, size_t len, size_t at)
{
    const char *feed = at < len ? memchr(text + at, '\n', len - at) : NULL;
    return feed ? (size_t)(feed - text) : len;
}

static int find_text(const struct needle *needle, const char *text, size_t len, size_t from,
                     size_t *line, size_t *hit)
{
    const char *at = from < len ? memmem(text + from, len - from, needle->text, needle->len) : NULL;
    if (!at)
        return false;
    *hit = (size_t)(at - text);
    *line = line_begin(text, *hit);
    return true;
}

/* In the text's folded copy, which its first look makes: the places are the same. */
static int find_folded(struct needle *needle, const char *text, size_t len, size_t from,
                       size_t *line, size_t *hit)
{
    if (from == 0) {
        buf_reset(&needle->folded);
        char *room = buf_reserve(&needle->folded, len);
        if (!room)
            return ERR_MEMORY;
        fold((unsigned char *)room, (const unsigned char *)text, len);
        needle->folded.len = len;
    }
    return find_text(needle, needle->folded.data, needle->folded.len, from, line, hit);
}

/* Whether the expression occurs in one line. */
static int fits_line(struct needle *needle, const char *line, size_t len)
{
    size_t found;
    if (needle->automaton)
        return automaton_find(needle->automaton, line, len, 0, &found, &needle->budget);
    if (len > 0 && line[len - 1] == '\r')
        len--;
    return regex_search(needle->regex, line, len, &needle->scratch, &needle->budget);
}

/* Line by line: those with the plain part, or all of them. */
static int find_lines(struct needle *needle, const char *text, size_t len, size_t from,
                      size_t *line, size_t *hit)
{
    while (from < len) {
        if (needle->len == 0)
            *line = *hit = from;
        else if (!find_text(needle, text, len, from, line, hit))
            return 0;
        size_t end = line_end(text, len, *hit);
        size_t feed = end < len; // the automaton knows the end by it
        int rc = fits_line(needle, text + *line, end - *line + (needle->automaton ? feed : 0));
        if (rc)
            return rc;
        from = end + 1;
    }
    return 0;
}

int needle_find(struct needle *needle, const char *text, size_t len, size_t from, size_t *line,
                size_t *hit)
{
    if (needle->folds)
        return find_folded(needle, text, len, from, line, hit);
    if (!needle->regex)
        return find_text(needle, text, len, from, line, hit);
    if (needle->len > 0 || !needle->automaton)
        return find_lines(needle, text, len, from, line, hit);
    int rc = automaton_find(needle->automaton, text, len, from, line, &needle->budget);
    *hit = rc > 0 ? *line : 0;
    return rc;
}
