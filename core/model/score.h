/* score.h: which card first: the dependency graph of a set of cards and what follows from it. Pure.
 *
 * impact  the number of distinct cards downstream: everything that directly or transitively waits
 *         for this one
 * score   priority + impact; cards are worked on by score, highest first, then in creation order
 *
 * A dependency on an unknown card, a card twice, and a cycle are refused, the cycle by name.
 */
#ifndef MODEL_SCORE_H
#define MODEL_SCORE_H

#include "base/err.h"

#define SCORE_CARDS_MAX        100000  /* cards in one plan */
#define SCORE_EDGES_MAX        1000000 /* dependencies in one plan */
#define SCORE_PRIORITY_MAX     1000.0  /* priorities are 0 .. 1000 */
#define SCORE_PRIORITY_DEFAULT 2.0     /* "medium" */

struct score_text {
    const char *data; /* borrowed */
    size_t len;
};

/* One card, in creation order. */
struct score_card {
    struct score_text id;
    double priority;
    const struct score_text *depends_on; /* borrowed; repeats count once */
    size_t depends_count;
};

/* The answer; release with score_clear. */
struct score_plan {
    size_t count;
    uint32_t *impact; /* by card */
    uint32_t *order;  /* indices of cards, best first */
};

/* Plans count cards. ERR_EXISTS (an id twice), ERR_NOT_FOUND (unknown dependency), ERR_CYCLE (err
 * names it as "a -> b -> a", a depends on b), ERR_LIMIT, ERR_MEMORY; *plan is then empty. Costs
 * O(cards * dependencies / 512) time and 64 bytes per card of scratch memory. */
int score_plan(const struct score_card *cards, size_t count, struct score_plan *plan,
               struct err *err) MUST_CHECK;

/* Releases the plan and leaves it empty; {0} is an empty plan. */
void score_clear(struct score_plan *plan);

/* "high", "medium", "low" (any case) are 3, 2, 1; else a decimal number 0 .. 1000. ERR_USAGE. */
int score_priority(const char *text, size_t len, double *priority, struct err *err) MUST_CHECK;

/* The same check for a number. */
int score_priority_number(double number, struct err *err) MUST_CHECK;

#endif
