/* automaton.c: see automaton.h. */
#include "model/search/automaton.h"

#include <stdlib.h>
#include <string.h>

#define ASCII       128
#define BYTES       256  /* of those that are no ASCII nothing is known by their first byte */
#define STATES_MAX  2000 /* then all are forgotten */
#define MEMORY_MAX  ((size_t)8 << 20) /* of their instructions, likewise */
#define SLOTS       4096              /* of the table that finds states; a power of two */
#define UNKNOWN     (-1)
#define MATCHED     INT32_MAX  /* instead of a state */
#define END_OF_LINE UINT32_MAX /* instead of a code point */

struct state {
    size_t first, count; /* its instructions, in `sets` */
    uint32_t hash;
    bool begins, word; /* the line begins here; a word stands before */
};

struct automaton {
    const struct regex *regex;
    struct buf states, sets;          /* struct state[], uint32_t[] */
    struct buf next;                  /* int32_t[BYTES] of each state; of '\r' nothing is known */
    int32_t slots[SLOTS];             /* number of a state, or UNKNOWN */
    uint32_t *marks, mark;            /* instruction -> the closure that has it */
    uint32_t *stack, *closed, *moved; /* scratch, one cell for each instruction */
    size_t depth, closed_count, moved_count;
};

static struct state *state_at(const struct automaton *a, int32_t number)
{
    return (struct state *)(void *)a->states.data + number;
}

static int32_t *row_at(const struct automaton *a, int32_t number)
{
    return (int32_t *)(void *)a->next.data + (size_t)number * BYTES;
}

static void forget(struct automaton *a)
{
    buf_reset(&a->states);
    buf_reset(&a->sets);
    buf_reset(&a->next);
    memset(a->slots, 0xff, sizeof a->slots);
}

struct automaton *automaton_new(const struct regex *regex)
{
    struct automaton *a = regex->looks ? NULL : calloc(1, sizeof *a);
    uint32_t *cells = a ? calloc(4 * regex->count, sizeof *cells) : NULL;
    if (!cells) {
        free(a);
        return NULL;
    }
    a->regex = regex;
    a->marks = cells;
    a->stack = cells + regex->count;
    a->closed = cells + 2 * regex->count;
    a->moved = cells + 3 * regex->count;
    forget(a);
    return a;
}

void automaton_free(struct automaton *a)
{
    if (!a)
        return;
    free(a->marks);
    buf_clear(&a->states);
    buf_clear(&a->sets);
    buf_clear(&a->next);
    free(a);
}

/* ---- one step ---- */

/* What is known about a place between two characters. */
struct place {
    bool begins, ends, boundary;
};

static bool is_word(uint32_t code)
{
    return (code >= '0' && code <= '9') || code == '_' ||
           ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
}

static void push(struct automaton *a, uint32_t pc)
{
    if (a->marks[pc] == a->mark)
        return;
    a->marks[pc] = a->mark;
    a->stack[a->depth++] = pc;
}

/* What can follow pc without reading at the place; true when that is the end of the expression. */
static bool follow(struct automaton *a, uint32_t pc, struct place place)
{
    const struct regex_inst *inst = &a->regex->code[pc];
    switch (inst->op) {
    case REGEX_JUMP:
        push(a, pc + (uint32_t)inst->x);
        return false;
    case REGEX_SPLIT:
        push(a, pc + (uint32_t)inst->x);
        push(a, pc + (uint32_t)inst->y);
        return false;
    case REGEX_BEGIN:
        if (place.begins)
            push(a, pc + 1);
        return false;
    case REGEX_END:
        if (place.ends)
            push(a, pc + 1);
        return false;
    case REGEX_WORD:
        if (place.boundary == (inst->x == 1))
            push(a, pc + 1);
        return false;
    case REGEX_MATCH:
        return true;
    default:
        a->closed[a->closed_count++] = pc;
        return false;
    }
}

static void new_mark(struct automaton *a)
{
    if (++a->mark != 0)
        return;
    memset(a->marks, 0, a->regex->count * sizeof *a->marks);
    a->mark = 1;
}

/* Everything that is to be followed at the place, into `closed`; true: the expression occurs. */
static bool close_over(struct automaton *a, const struct state *state, struct place place,
                       size_t *budget)
{
    const uint32_t *set = (const uint32_t *)(const void *)a->sets.data + state->first;
    bool matched = false;
    a->depth = a->closed_count = 0;
    new_mark(a);
    push(a, 0); // the expression may begin anywhere
    for (size_t i = 0; i < state->count; i++)
        push(a, set[i]);
    while (a->depth > 0 && *budget > 0 && !matched) {
        --*budget;
        matched = follow(a, a->stack[--a->depth], place);
    }
    return matched;
}

static bool reads(const struct regex_inst *inst, uint32_t code)
{
    return inst->op == REGEX_CHAR ? code == (uint32_t)inst->x : regex_set_has(inst->set, code);
}

/* What stands behind the instructions of `closed` that read the code point, sorted. */
static void move_over(struct automaton *a, uint32_t code)
{
    a->moved_count = 0;
    new_mark(a);
    for (size_t i = 0; i < a->closed_count; i++)
        if (reads(&a->regex->code[a->closed[i]], code))
            a->marks[a->closed[i] + 1] = a->mark;
    for (uint32_t pc = 0; pc < a->regex->count; pc++)
        if (a->marks[pc] == a->mark)
            a->moved[a->moved_count++] = pc;
}

/* ---- states ---- */

static uint32_t hash_of(const struct automaton *a, bool begins, bool word)
{
    uint32_t hash = 2166136261u ^ (uint32_t)begins ^ (uint32_t)word << 1;
    for (size_t i = 0; i < a->moved_count; i++)
        hash = (hash ^ a->moved[i]) * 16777619u;
    return hash;
}

static bool is_same(const struct automaton *a, const struct state *state, uint32_t hash,
                    bool begins, bool word)
{
    const uint32_t *set = (const uint32_t *)(const void *)a->sets.data + state->first;
    return state->hash == hash && state->begins == begins && state->word == word &&
           state->count == a->moved_count &&
           (state->count == 0 || memcmp(set, a->moved, state->count * sizeof *set) == 0);
}

static int32_t add_state(struct automaton *a, uint32_t slot, uint32_t hash, bool begins, bool word)
{
    int32_t number = (int32_t)(a->states.len / sizeof(struct state));
    struct state state = {.first = a->sets.len / sizeof(uint32_t),
                          .count = a->moved_count,
                          .hash = hash,
                          .begins = begins,
                          .word = word};
    char *row = buf_reserve(&a->next, BYTES * sizeof(int32_t));
    if (!row)
        return ERR_MEMORY;
    memset(row, 0xff, BYTES * sizeof(int32_t));
    a->next.len += BYTES * sizeof(int32_t);
    buf_put(&a->states, &state, sizeof state);
    buf_put(&a->sets, a->moved, a->moved_count * sizeof *a->moved);
    if (!buf_ok(&a->states) || !buf_ok(&a->sets))
        return ERR_MEMORY;
    return a->slots[slot] = number;
}

static bool is_full(const struct automaton *a)
{
    return a->states.len / sizeof(struct state) >= STATES_MAX || a->sets.len > MEMORY_MAX;
}

/* The state of the instructions in `moved`; *fresh: all others were forgotten. */
static int32_t intern(struct automaton *a, bool begins, bool word, bool *fresh)
{
    uint32_t hash = hash_of(a, begins, word), slot = hash % SLOTS;
    for (; a->slots[slot] != UNKNOWN; slot = (slot + 1) % SLOTS)
        if (is_same(a, state_at(a, a->slots[slot]), hash, begins, word))
            return a->slots[slot];
    *fresh = is_full(a);
    if (*fresh) {
        forget(a);
        slot = hash % SLOTS;
    }
    return add_state(a, slot, hash, begins, word);
}

/* From a state over a code point to the next one, MATCHED, or a negative code. */
static int32_t step(struct automaton *a, int32_t from, uint32_t code, size_t *budget)
{
    struct state *state = state_at(a, from);
    bool ends = code == END_OF_LINE, word = !ends && is_word(code), fresh = false;
    struct place place = {state->begins, ends, state->word != word};
    bool matched = close_over(a, state, place, budget);
    *budget -= *budget < a->regex->count ? *budget : a->regex->count;
    if (*budget == 0)
        return ERR_LIMIT;
    int32_t to = MATCHED;
    if (!matched) {
        a->moved_count = 0;
        if (!ends)
            move_over(a, code);
        to = intern(a, ends, word, &fresh);
    }
    if (!fresh && to >= 0 && (ends || (code < ASCII && code != '\r')))
        row_at(a, from)[ends ? '\n' : code] = to;
    return to;
}

static int32_t first_state(struct automaton *a)
{
    bool fresh = false;
    a->moved_count = 0;
    return intern(a, true, false, &fresh);
}

/* A carriage return before a line feed is no part of the line. */
static bool is_line_end(const char *text, size_t len, size_t at)
{
    return at == len || text[at] == '\n' ||
           (text[at] == '\r' && at + 1 < len && text[at + 1] == '\n');
}

/* The state behind the character at *at, which moves on. */
static int32_t read_on(struct automaton *a, int32_t state, const char *text, size_t len, size_t *at,
                       size_t *budget)
{
    if (!is_line_end(text, len, *at))
        return step(a, state, regex_next(text, len, at), budget);
    const char *stop = *at < len ? memchr(text + *at, '\n', len - *at) : NULL;
    *at = stop ? (size_t)(stop - text) + 1 : len + 1;
    return step(a, state, END_OF_LINE, budget);
}

/* As long as the table knows the way. */
static int32_t run(const struct automaton *a, int32_t state, const char *text, size_t len,
                   size_t *at)
{
    const int32_t *rows = row_at(a, 0);
    const unsigned char *bytes = (const unsigned char *)text;
    size_t i = *at;
    for (; i < len; i++) {
        int32_t next = rows[(size_t)state * BYTES + bytes[i]];
        if ((uint32_t)next >= (uint32_t)MATCHED) // UNKNOWN as well
            break;
        state = next;
    }
    *at = i;
    return state;
}

static size_t line_of(const char *text, size_t at)
{
    const char *feed = memrchr(text, '\n', at);
    return feed ? (size_t)(feed - text) + 1 : 0;
}

/* Whether a line goes on, or begins, at `at`. */
static bool has_line(const char *text, size_t len, size_t at)
{
    return at < len || (at == len && at > 0 && text[at - 1] != '\n');
}

int automaton_find(struct automaton *a, const char *text, size_t len, size_t from, size_t *found,
                   size_t *budget)
{
    int32_t state = first_state(a);
    size_t at = from;
    while (state >= 0 && state != MATCHED && has_line(text, len, at)) {
        state = run(a, state, text, len, &at);
        size_t before = at;
        state = read_on(a, state, text, len, &at, budget);
        if (state == MATCHED)
            *found = line_of(text, before);
    }
    if (state == MATCHED)
        return 1;
    return state < 0 ? state : 0;
}
