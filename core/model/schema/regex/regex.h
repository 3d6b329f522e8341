/* regex.h: the regular expressions of `pattern` and `patternProperties`: ECMA-262 syntax without
 * back references and lookbehind, over UTF-8 code points, searched without backtracking.
 *
 * program  instructions with relative jumps; lives in the arena it was compiled into
 * set      sorted code point ranges
 * scratch  two state lists, kept between searches so that a check allocates once
 *
 * A search keeps the set of all states at once, so its cost is at most text × program, whatever the
 * pattern; every state visited is charged to the caller's budget. What the syntax does not cover
 * (back references, lookbehind, inline flags, unknown escapes) is refused by regex_compile.
 */
#ifndef MODEL_SCHEMA_REGEX_H
#define MODEL_SCHEMA_REGEX_H

#include "base/json.h"

#define REGEX_PATTERN_MAX 8192  /* bytes of pattern */
#define REGEX_PROGRAM_MAX 20000 /* instructions, counted repeats unrolled */
#define REGEX_NESTING_MAX 100   /* groups in groups */
#define REGEX_LOOKS_MAX   8     /* lookaheads in lookaheads */
#define REGEX_CODE_MAX    0x10FFFF

enum regex_op {
    REGEX_CHAR,  /* x = code point */
    REGEX_SET,   /* set */
    REGEX_SPLIT, /* go on at +x and at +y */
    REGEX_JUMP,  /* go on at +x */
    REGEX_BEGIN,
    REGEX_END,
    REGEX_WORD, /* x: 1 = at a word boundary, 0 = not at one */
    REGEX_LOOK, /* body follows up to its REGEX_MATCH, then +x; y: 1 = must match, 0 = must not */
    REGEX_MATCH,
};

struct regex_range {
    uint32_t lo, hi; /* inclusive */
};

struct regex_set {
    const struct regex_range *ranges; /* sorted, apart */
    size_t count;
};

struct regex_inst {
    uint8_t op;
    int32_t x, y;
    const struct regex_set *set;
};

struct regex {
    const struct regex_inst *code;
    size_t count;
    unsigned looks; /* lookaheads nested in one another, at most */
};

/* {0} is an empty scratch. */
struct regex_scratch {
    uint32_t *cells;
    size_t count;
};
void regex_scratch_clear(struct regex_scratch *scratch);

/* Compiles a pattern into the arena. ERR_SCHEMA (not a regular expression), ERR_SCHEMA_UNSUPPORTED
 * (syntax outside the subset), ERR_LIMIT, ERR_MEMORY. */
int regex_compile(struct json_doc *arena, const char *text, size_t len, const struct regex **out,
                  struct err *err) MUST_CHECK;

/* The same, and letters of ASCII mean both of their cases. */
int regex_compile_folded(struct json_doc *arena, const char *text, size_t len,
                         const struct regex **out, struct err *err) MUST_CHECK;

/* 1 when the pattern occurs anywhere in text (valid UTF-8), 0 when not; ERR_LIMIT when *budget ran
 * out, ERR_MEMORY. Takes its cost off *budget. */
int regex_search(const struct regex *regex, const char *text, size_t len,
                 struct regex_scratch *scratch, size_t *budget) MUST_CHECK;

/* ---- between the parser and its sets ---- */

/* A growing union of ranges, normalised by regex_set_make. */
struct regex_ranges {
    struct buf items; /* struct regex_range */
};
void regex_add(struct regex_ranges *ranges, uint32_t lo, uint32_t hi);

/* Adds \d \w \s (name 'd', 'w', 's') or, for the capital, everything else. */
void regex_add_class(struct regex_ranges *ranges, char name);

/* Adds a Unicode property by its name in \p{...}; false when unknown. */
bool regex_add_property(struct regex_ranges *ranges, const char *name, size_t len, bool negated);

/* Adds the other case of each letter of ASCII that is in the union. */
void regex_add_cases(struct regex_ranges *ranges);

/* Sorts, joins and copies to the arena; negated = the complement. NULL = out of memory. */
const struct regex_set *regex_set_make(struct json_doc *arena, struct regex_ranges *ranges,
                                       bool negated);

bool regex_set_has(const struct regex_set *set, uint32_t code);

/* Decodes one code point of valid UTF-8 at *at and moves behind it. */
uint32_t regex_next(const char *text, size_t len, size_t *at);

#endif
