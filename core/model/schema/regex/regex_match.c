/* regex_match.c: runs a program over text, all states at once (Thompson's construction). A list is
 * a sparse set of instructions: adding, asking and emptying cost one step each. A lookahead runs
 * the same search on lists of its own. */
#include <string.h>

#include "model/schema/regex/regex.h"

struct list {
    uint32_t *dense, *sparse;
    uint32_t count;
};

struct search {
    const struct regex *regex;
    const char *text;
    size_t len;
    struct regex_scratch *scratch;
    size_t *budget;
};

/* One level of lookahead: two lists and the stack of a closure. */
struct level {
    struct list now, next;
    uint32_t *stack;
    uint32_t depth;
    bool matched;
    unsigned nesting;
};

#define CELLS_PER_LEVEL 5

void regex_scratch_clear(struct regex_scratch *scratch)
{
    free(scratch->cells);
    *scratch = (struct regex_scratch){0};
}

static int reserve(struct regex_scratch *scratch, const struct regex *regex)
{
    size_t need = CELLS_PER_LEVEL * regex->count * (regex->looks + 1);
    if (need <= scratch->count)
        return 0;
    regex_scratch_clear(scratch);
    scratch->cells = calloc(need, sizeof *scratch->cells);
    scratch->count = scratch->cells ? need : 0;
    return scratch->cells ? 0 : ERR_MEMORY;
}

static struct level level_at(const struct search *s, unsigned nesting)
{
    size_t n = s->regex->count;
    uint32_t *cells = s->scratch->cells + CELLS_PER_LEVEL * n * nesting;
    return (struct level){.now = {cells, cells + n, 0},
                          .next = {cells + 2 * n, cells + 3 * n, 0},
                          .stack = cells + 4 * n,
                          .nesting = nesting};
}

uint32_t regex_next(const char *text, size_t len, size_t *at)
{
    const unsigned char *p = (const unsigned char *)text + *at;
    size_t size = 1u + (p[0] >= 0x80) + (p[0] >= 0xE0) + (p[0] >= 0xF0);
    if (size > len - *at)
        size = 1;
    *at += size;
    switch (size) {
    case 2:
        return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    case 3:
        return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    case 4:
        return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
               (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
    default:
        return p[0];
    }
}

static bool is_word(const struct search *s, size_t at)
{
    unsigned char c = at < s->len ? (unsigned char)s->text[at] : ' ';
    return (c >= '0' && c <= '9') || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool at_boundary(const struct search *s, size_t at)
{
    return (at > 0 && is_word(s, at - 1)) != is_word(s, at);
}

static void push(struct level *level, struct list *list, uint32_t pc)
{
    uint32_t slot = list->sparse[pc];
    if (slot < list->count && list->dense[slot] == pc)
        return;
    list->sparse[pc] = list->count;
    list->dense[list->count++] = pc;
    level->stack[level->depth++] = pc;
}

static int run(const struct search *s, uint32_t start, size_t at, unsigned nesting, bool anchored);

/* What follows pc without reading: pushes it. */
static int follow(const struct search *s, struct level *level, struct list *list, uint32_t pc,
                  size_t at)
{
    const struct regex_inst *inst = &s->regex->code[pc];
    int found;
    switch (inst->op) {
    case REGEX_JUMP:
        push(level, list, pc + (uint32_t)inst->x);
        break;
    case REGEX_SPLIT:
        push(level, list, pc + (uint32_t)inst->x);
        push(level, list, pc + (uint32_t)inst->y);
        break;
    case REGEX_BEGIN:
        if (at == 0)
            push(level, list, pc + 1);
        break;
    case REGEX_END:
        if (at == s->len)
            push(level, list, pc + 1);
        break;
    case REGEX_WORD:
        if (at_boundary(s, at) == (inst->x == 1))
            push(level, list, pc + 1);
        break;
    case REGEX_LOOK:
        found = run(s, pc + 1, at, level->nesting + 1, true);
        if (found < 0)
            return found;
        if (found == inst->y)
            push(level, list, pc + (uint32_t)inst->x);
        break;
    case REGEX_MATCH:
        level->matched = true;
        break;
    default:
        break; /* reads a code point: stays in the list */
    }
    return 0;
}

/* Adds pc and everything reachable without reading to the list. */
static int closure(const struct search *s, struct level *level, struct list *list, uint32_t pc,
                   size_t at)
{
    level->depth = 0;
    push(level, list, pc);
    while (level->depth > 0) {
        if ((*s->budget)-- == 0) {
            *s->budget = 0;
            return ERR_LIMIT;
        }
        int failed = follow(s, level, list, level->stack[--level->depth], at);
        if (failed)
            return failed;
    }
    return 0;
}

static bool reads(const struct regex_inst *inst, uint32_t code)
{
    return inst->op == REGEX_CHAR ? code == (uint32_t)inst->x
                                  : inst->op == REGEX_SET && regex_set_has(inst->set, code);
}

/* Moves every state of `now` over one code point into `next`; `at` is behind it. */
static int advance(const struct search *s, struct level *level, uint32_t code, size_t at)
{
    level->next.count = 0;
    for (uint32_t i = 0; i < level->now.count; i++) {
        uint32_t pc = level->now.dense[i];
        int failed =
            reads(&s->regex->code[pc], code) ? closure(s, level, &level->next, pc + 1, at) : 0;
        if (failed)
            return failed;
    }
    struct list now = level->now;
    level->now = level->next;
    level->next = now;
    return 0;
}

static int run(const struct search *s, uint32_t start, size_t at, unsigned nesting, bool anchored)
{
    struct level level = level_at(s, nesting);
    int failed = closure(s, &level, &level.now, start, at);
    while (!failed && !level.matched && at < s->len && (level.now.count || !anchored)) {
        uint32_t code = regex_next(s->text, s->len, &at);
        failed = advance(s, &level, code, at);
        if (!failed && !anchored && !level.matched)
            failed = closure(s, &level, &level.now, start, at);
    }
    return failed ? failed : level.matched;
}

int regex_search(const struct regex *regex, const char *text, size_t len,
                 struct regex_scratch *scratch, size_t *budget)
{
    struct search s = {regex, text, len, scratch, budget};
    int failed = reserve(scratch, regex);
    return failed ? failed : run(&s, 0, 0, 0, false);
}
