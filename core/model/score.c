/* score.c: topological order by counting, impact by blocks of bits, no recursion anywhere.
 *
 * Cards are numbered in creation order; `sorted` finds them by id. Edges are kept the way they are
 * walked: for each card the list of its dependants. In topological order (dependencies first) what
 * is downstream of a card stands behind it, so one pass from the back, 512 columns of the closure
 * at a time, counts it in bounded memory. */
#include "model/score.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/text/utf8.h"

#define BLOCK_WORDS 8
#define BLOCK       (BLOCK_WORDS * 64) /* columns of the closure held at once */

struct entry {
    struct score_text id;
    uint32_t card;
};

struct graph {
    const struct score_card *cards;
    size_t count, edges;
    struct entry *sorted;          /* by id */
    uint32_t *target;              /* by edge, in the cards' order: the card that is depended on */
    uint32_t *first;               /* by card, count + 1: its range in dependants */
    uint32_t *dependants;          /* by edge */
    uint32_t *waiting;             /* by card: dependencies not yet ordered */
    uint32_t *topo;                /* cards, dependencies first */
    uint32_t *place;               /* by card: its index in topo */
    uint64_t (*bits)[BLOCK_WORDS]; /* by place: which columns of the block are downstream */
};

static void graph_clear(struct graph *g)
{
    free(g->sorted);
    free(g->target);
    free(g->first);
    free(g->dependants);
    free(g->waiting);
    free(g->topo);
    free(g->place);
    free(g->bits);
}

static int graph_alloc(struct graph *g, struct err *err)
{
    size_t n = g->count + 1, m = g->edges + 1;
    g->sorted = calloc(n, sizeof *g->sorted);
    g->target = calloc(m, sizeof *g->target);
    g->first = calloc(n + 1, sizeof *g->first);
    g->dependants = calloc(m, sizeof *g->dependants);
    g->waiting = calloc(n, sizeof *g->waiting);
    g->topo = calloc(n, sizeof *g->topo);
    g->place = calloc(n, sizeof *g->place);
    g->bits = calloc(n, sizeof *g->bits);
    if (g->sorted && g->target && g->first && g->dependants && g->waiting && g->topo && g->place &&
        g->bits)
        return 0;
    return err_set(err, ERR_MEMORY, "out of memory");
}

static int count_edges(struct graph *g, struct err *err)
{
    for (size_t i = 0; i < g->count; i++)
        if (!add_ok(g->edges, g->cards[i].depends_count, &g->edges) || g->edges > SCORE_EDGES_MAX)
            return err_set(err, ERR_LIMIT, "more than %d dependencies", SCORE_EDGES_MAX);
    return 0;
}

/* ---- ids ---- */

static int compare_text(const struct score_text *a, const struct score_text *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int order = len ? memcmp(a->data, b->data, len) : 0;
    return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = compare_text(&x->id, &y->id);
    return order ? order : (x->card > y->card) - (x->card < y->card);
}

/* For messages: the id's length, cut at a character to what a message can carry. */
static int shown(const struct score_text *id)
{
    size_t len = id->len;
    if (len > 64)
        for (len = 64; len > 0 && ((unsigned char)id->data[len] & 0xC0) == 0x80;)
            len--;
    return (int)len;
}

static int refuse(struct err *err, int code, const char *fix)
{
    err_fix(err, "%s", fix);
    return code;
}

static int sort_ids(struct graph *g, struct err *err)
{
    for (size_t i = 0; i < g->count; i++)
        g->sorted[i] = (struct entry){g->cards[i].id, (uint32_t)i};
    qsort(g->sorted, g->count, sizeof *g->sorted, compare_entries);
    for (size_t i = 1; i < g->count; i++) {
        const struct score_text *id = &g->sorted[i].id;
        if (compare_text(&g->sorted[i - 1].id, id) == 0) {
            err_set(err, ERR_EXISTS, "two cards have the id '%.*s'", shown(id), id->data);
            return refuse(err, ERR_EXISTS, "give one of them another id");
        }
    }
    return 0;
}

static const struct entry *find(const struct graph *g, const struct score_text *id)
{
    size_t low = 0, high = g->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_text(&g->sorted[middle].id, id);
        if (order == 0)
            return &g->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- edges ---- */

static int resolve(struct graph *g, struct err *err)
{
    size_t edge = 0;
    for (size_t i = 0; i < g->count; i++)
        for (size_t k = 0; k < g->cards[i].depends_count; k++) {
            const struct score_text *id = &g->cards[i].depends_on[k];
            const struct entry *found = find(g, id);
            if (!found) {
                err_set(err, ERR_NOT_FOUND, "card '%.*s' depends on '%.*s', which does not exist",
                        shown(&g->cards[i].id), g->cards[i].id.data, shown(id), id->data);
                return refuse(err, ERR_NOT_FOUND, "correct the id, or remove it from depends_on");
            }
            g->target[edge++] = found->card;
            g->first[found->card + 1]++;
            g->waiting[i]++;
        }
    return 0;
}

/* Turns the counts in `first` into ranges and files every edge under the card depended on. */
static void link_dependants(struct graph *g)
{
    for (size_t i = 0; i < g->count; i++)
        g->first[i + 1] += g->first[i];
    size_t edge = g->edges;
    for (size_t i = g->count; i-- > 0;) // from the back, `place` counting what is filed
        for (size_t k = g->cards[i].depends_count; k-- > 0;) {
            uint32_t target = g->target[--edge];
            g->dependants[g->first[target + 1] - ++g->place[target]] = (uint32_t)i;
        }
}

/* ---- order ---- */

/* Fills topo; answers how many cards it could order (all, unless there is a cycle). */
static size_t order_topo(struct graph *g)
{
    size_t done = 0, found = 0;
    for (size_t i = 0; i < g->count; i++)
        if (g->waiting[i] == 0)
            g->topo[found++] = (uint32_t)i;
    while (done < found) {
        uint32_t card = g->topo[done];
        g->place[card] = (uint32_t)done++;
        for (size_t e = g->first[card]; e < g->first[card + 1]; e++)
            if (--g->waiting[g->dependants[e]] == 0)
                g->topo[found++] = g->dependants[e];
    }
    return found;
}

/* A dependency of the card that could not be ordered either; a card left over has one. */
static uint32_t unordered_dependency(const struct graph *g, uint32_t card)
{
    const struct score_card *c = &g->cards[card];
    for (size_t k = 0; k < c->depends_count; k++) {
        uint32_t target = find(g, &c->depends_on[k])->card;
        if (g->waiting[target])
            return target;
    }
    require(false); // a card left over waits for another one
    return card;
}

static void append_id(struct err *err, const struct score_text *id, const char *arrow)
{
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "%s%.*s", arrow, shown(id), id->data);
    utf8_clean(err->text, sizeof err->text);
}

/* Names a cycle: follows unordered dependencies from the first card left until one comes again. */
static int name_cycle(struct graph *g, struct err *err)
{
    uint32_t at = 0, steps = 0;
    uint32_t *seen = g->place, *path = g->topo; // both are free now
    memset(seen, 0, g->count * sizeof *seen);
    while (g->waiting[at] == 0)
        at++;
    for (; !seen[at]; at = unordered_dependency(g, at)) {
        path[steps++] = at;
        seen[at] = steps;
    }
    if (!err)
        return ERR_CYCLE;
    err_set(err, ERR_CYCLE, "dependencies form a cycle: ");
    for (uint32_t i = seen[at] - 1; i < steps; i++) {
        append_id(err, &g->cards[path[i]].id, i == seen[at] - 1 ? "" : " -> ");
        size_t used = strlen(err->text);
        if (used > sizeof err->text - 170 &&
            i + 1 < steps) { // room for one more, the count, the end
            snprintf(err->text + used, sizeof err->text - used, " -> (%u more)", steps - i - 1);
            break;
        }
    }
    append_id(err, &g->cards[at].id, " -> ");
    return refuse(err, ERR_CYCLE, "remove one of these dependencies");
}

/* ---- impact ---- */

/* Row of the closure for the card at `place`, columns begin .. end - 1: what its dependants have,
 * and they themselves. */
static void close_row(struct graph *g, size_t place, size_t begin, size_t end)
{
    uint64_t *row = g->bits[place];
    uint32_t card = g->topo[place];
    memset(row, 0, sizeof g->bits[0]);
    for (size_t e = g->first[card]; e < g->first[card + 1]; e++) {
        size_t below = g->place[g->dependants[e]];
        if (below >= end)
            continue; // everything downstream of it lies behind this block
        for (size_t w = 0; w < BLOCK_WORDS; w++)
            row[w] |= g->bits[below][w];
        if (below >= begin)
            row[(below - begin) / 64] |= (uint64_t)1 << ((below - begin) % 64);
    }
}

static void count_impact(struct graph *g, uint32_t *impact)
{
    for (size_t begin = 0; begin < g->count; begin += BLOCK) {
        size_t end = begin + BLOCK < g->count ? begin + BLOCK : g->count;
        for (size_t place = end; place-- > 0;) {
            close_row(g, place, begin, end);
            for (size_t w = 0; w < BLOCK_WORDS; w++)
                impact[g->topo[place]] += (uint32_t)__builtin_popcountll(g->bits[place][w]);
        }
    }
}

/* ---- plan ---- */

struct rank {
    double score;
    uint32_t card;
};

static int compare_ranks(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->score > y->score || x->score < y->score)
        return x->score > y->score ? -1 : 1;
    return (x->card > y->card) - (x->card < y->card);
}

static int order_by_score(const struct graph *g, struct score_plan *plan, struct err *err)
{
    auto_free struct rank *ranks = calloc(g->count + 1, sizeof *ranks);
    if (!ranks)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < g->count; i++)
        ranks[i] = (struct rank){g->cards[i].priority + plan->impact[i], (uint32_t)i};
    qsort(ranks, g->count, sizeof *ranks, compare_ranks);
    for (size_t i = 0; i < g->count; i++)
        plan->order[i] = ranks[i].card;
    return 0;
}

static int fill_plan(struct graph *g, struct score_plan *plan, struct err *err)
{
    int rc;
    if ((rc = count_edges(g, err)) || (rc = graph_alloc(g, err)) || (rc = sort_ids(g, err)) ||
        (rc = resolve(g, err)))
        return rc;
    link_dependants(g);
    if (order_topo(g) < g->count)
        return name_cycle(g, err);
    plan->count = g->count;
    plan->impact = calloc(g->count + 1, sizeof *plan->impact);
    plan->order = calloc(g->count + 1, sizeof *plan->order);
    if (!plan->impact || !plan->order)
        return err_set(err, ERR_MEMORY, "out of memory");
    count_impact(g, plan->impact);
    return order_by_score(g, plan, err);
}

int score_plan(const struct score_card *cards, size_t count, struct score_plan *plan,
               struct err *err)
{
    struct graph g = {.cards = cards, .count = count};
    *plan = (struct score_plan){0};
    if (count > SCORE_CARDS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d cards", SCORE_CARDS_MAX);
    for (size_t i = 0; i < count; i++) {
        int rc = score_priority_number(cards[i].priority, err);
        if (rc)
            return rc;
    }
    int rc = fill_plan(&g, plan, err);
    graph_clear(&g);
    if (rc)
        score_clear(plan);
    return rc;
}

void score_clear(struct score_plan *plan)
{
    free(plan->impact);
    free(plan->order);
    *plan = (struct score_plan){0};
}

/* ---- priority ---- */

static int refuse_priority(struct err *err)
{
    err_set(err, ERR_USAGE, "not a priority");
    return refuse(err, ERR_USAGE, "high, medium, low, or a number from 0 to 1000");
}

int score_priority_number(double number, struct err *err)
{
    return isfinite(number) && number >= 0 && number <= SCORE_PRIORITY_MAX ? 0
                                                                           : refuse_priority(err);
}

/* digits [ "." digits ]: no sign, no blanks, no exponent, no hexadecimal */
static bool is_decimal(const char *text, size_t len)
{
    size_t points = 0, digits = 0;
    for (size_t i = 0; i < len; i++) {
        points += text[i] == '.';
        digits += text[i] >= '0' && text[i] <= '9';
    }
    return digits > 0 && points <= 1 && digits + points == len && text[0] != '.' &&
           text[len - 1] != '.';
}

int score_priority(const char *text, size_t len, double *priority, struct err *err)
{
    static const struct {
        const char *name;
        double value;
    } names[] = {{"high", 3}, {"medium", 2}, {"low", 1}};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (len == strlen(names[i].name) && strncasecmp(text, names[i].name, len) == 0) {
            *priority = names[i].value;
            return 0;
        }
    char copy[32];
    if (len >= sizeof copy || !is_decimal(text, len))
        return refuse_priority(err);
    memcpy(copy, text, len);
    copy[len] = '\0';
    *priority = strtod(copy, NULL);
    return score_priority_number(*priority, err);
}
