/* test_score.c: plans against a brute-force oracle, cycles by name, priorities,
 * and the size law. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "model/score.h"

#define MAX 700 /* more than one block of the closure */

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A set of n cards "c0".."c<n-1>" and room for their dependencies. */
struct set {
    size_t count, edges;
    char names[MAX][8];
    struct score_card cards[MAX];
    struct score_text deps[MAX * 8];
    uint32_t target[MAX * 8];
};

static void set_init(struct set *set, size_t count)
{
    set->count = count;
    set->edges = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)snprintf(set->names[i], sizeof set->names[i], "c%zu", i);
        set->cards[i] = (struct score_card){{set->names[i], len}, 2, set->deps, 0};
    }
}

/* The next card's dependencies follow each other; call in the cards' order. */
static void depend(struct set *set, size_t card, size_t target)
{
    struct score_card *c = &set->cards[card];
    if (c->depends_count == 0)
        c->depends_on = &set->deps[set->edges];
    set->target[set->edges] = (uint32_t)target;
    set->deps[set->edges++] = set->cards[target].id;
    c->depends_count++;
}

/* Distinct cards reachable from `card` against the arrows; the card itself does not count. */
static uint32_t oracle_impact(const struct set *set, size_t card)
{
    bool hit[MAX] = {false};
    bool grown = true;
    uint32_t found = 0;
    hit[card] = true;
    while (grown) {
        grown = false;
        for (size_t i = 0; i < set->count; i++)
            for (size_t k = 0; !hit[i] && k < set->cards[i].depends_count; k++)
                if (hit[set->target[(size_t)(set->cards[i].depends_on - set->deps) + k]]) {
                    hit[i] = grown = true;
                    found++;
                }
    }
    return found;
}

static void check_plan(const struct set *set, bool brute)
{
    struct score_plan plan;
    struct err err = {0};
    assert_int_equal(score_plan(set->cards, set->count, &plan, &err), 0);
    assert_int_equal(plan.count, set->count);
    for (size_t i = 0; brute && i < set->count; i++)
        assert_int_equal(plan.impact[i], oracle_impact(set, i));
    for (size_t i = 1; i < plan.count; i++) {
        uint32_t a = plan.order[i - 1], b = plan.order[i];
        double x = set->cards[a].priority + plan.impact[a];
        double y = set->cards[b].priority + plan.impact[b];
        assert_true(x > y || (x >= y && a < b));
    }
    score_clear(&plan);
}

static void test_random_graphs(void **state)
{
    (void)state;
    static struct set set;
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 300; round++) {
        size_t count = round % 50 == 49 ? MAX : 1 + next_random(&seed) % 40;
        bool backwards = round % 2; // creation order against the order of the graph
        set_init(&set, count);
        for (size_t i = 0; i < count; i++) {
            set.cards[i].priority = (double)(next_random(&seed) % 4);
            size_t room = backwards ? count - 1 - i : i, deps = next_random(&seed) % 4;
            for (size_t k = 0; room && k < deps; k++) {
                size_t away = 1 + next_random(&seed) % room;
                depend(&set, i, backwards ? i + away : i - away); // repeats happen and count once
            }
        }
        check_plan(&set, count < 100 || round == 49);
    }
}

static void test_diamond(void **state)
{
    (void)state;
    static struct set set;
    set_init(&set, 4);
    depend(&set, 1, 0);
    depend(&set, 2, 0);
    depend(&set, 3, 1);
    depend(&set, 3, 2);
    struct score_plan plan;
    assert_int_equal(score_plan(set.cards, 4, &plan, NULL), 0);
    assert_int_equal(plan.impact[0], 3);
    assert_int_equal(plan.impact[1], 1);
    assert_int_equal(plan.impact[3], 0);
    assert_int_equal(plan.order[0], 0);
    assert_int_equal(plan.order[1], 1); // equal scores: creation order
    score_clear(&plan);
}

static void expect_failure(const struct set *set, int code, const char *text)
{
    struct score_plan plan;
    struct err err = {0};
    assert_int_equal(score_plan(set->cards, set->count, &plan, &err), code);
    assert_non_null(strstr(err.text, text));
    assert_true(err.fix[0] != '\0');
    assert_null(plan.order);
    assert_int_equal(score_plan(set->cards, set->count, &plan, NULL), code);
}

static void test_refusals(void **state)
{
    (void)state;
    static struct set set;
    set_init(&set, 3); // c0 waits for a cycle it is not part of
    depend(&set, 0, 1);
    depend(&set, 1, 2);
    depend(&set, 2, 1);
    expect_failure(&set, ERR_CYCLE, "cycle: c1 -> c2 -> c1");
    set_init(&set, 1);
    depend(&set, 0, 0);
    expect_failure(&set, ERR_CYCLE, "cycle: c0 -> c0");
    set_init(&set, 2);
    depend(&set, 1, 0);
    set.deps[0] = (struct score_text){"zz", 2};
    expect_failure(&set, ERR_NOT_FOUND, "'c1' depends on 'zz'");
    set_init(&set, 2);
    set.cards[1].id = set.cards[0].id;
    expect_failure(&set, ERR_EXISTS, "'c0'");
    set_init(&set, 1);
    set.cards[0].priority = -1;
    expect_failure(&set, ERR_USAGE, "priority");
    set_init(&set, MAX); // one cycle through all: named in part, and closed
    for (size_t i = 0; i < MAX; i++)
        depend(&set, i, (i + 1) % MAX);
    expect_failure(&set, ERR_CYCLE, "more) -> c0");
}

static void test_long_names_stay_utf8(void **state)
{
    (void)state;
    char id[201];
    for (size_t i = 0; i < 200; i += 2)
        memcpy(id + i, "\xC3\xA4", 2);
    id[200] = '\0';
    struct score_text self = {id + 1, 199}; // an odd start: the cut falls inside a character
    struct score_card card = {{id, 200}, 1, &self, 1};
    struct score_plan plan;
    struct err err = {0};
    assert_int_equal(score_plan(&card, 1, &plan, &err), ERR_NOT_FOUND);
    card.depends_on = &card.id;
    assert_int_equal(score_plan(&card, 1, &plan, &err), ERR_CYCLE);
    assert_true(strlen(err.text) < sizeof err.text - 1);
}

static void test_ten_thousand(void **state)
{
    (void)state;
    enum { N = 10000, DEPS = 20 };
    static char names[N][12];
    static struct score_card cards[N];
    static struct score_text deps[N * DEPS];
    uint64_t seed = 42;
    size_t edge = 0;
    for (size_t i = 0; i < N; i++) {
        size_t len = (size_t)snprintf(names[i], sizeof names[i], "card-%zu", i);
        cards[i] = (struct score_card){{names[i], len}, 2, &deps[edge], i ? DEPS : 0};
        for (size_t k = 0; i && k < DEPS; k++)
            deps[edge++] = cards[k ? next_random(&seed) % i : i - 1].id;
    }
    struct score_plan plan;
    clock_t start = clock();
    assert_int_equal(score_plan(cards, N, &plan, NULL), 0);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("10,000 cards, %zu dependencies: %.0f ms\n", edge, seconds * 1000);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(plan.impact[i], N - 1 - i); // a chain runs through all of them
    assert_int_equal(plan.order[N - 1], N - 1);
    score_clear(&plan);
}

static void test_empty(void **state)
{
    (void)state;
    struct score_plan plan;
    assert_int_equal(score_plan(NULL, 0, &plan, NULL), 0);
    assert_int_equal(plan.count, 0);
    score_clear(&plan);
    score_clear(&plan);
    static struct score_card card;
    assert_int_equal(score_plan(&card, SCORE_CARDS_MAX + 1, &plan, NULL), ERR_LIMIT);
}

static void test_priority(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value; /* -1: refused */
    } rows[] = {
        {"high", 3},   {"Medium", 2}, {"LOW", 1},  {"3", 3},        {"2.5", 2.5},  {"0", 0},
        {"1000", 1000}, {"0.0", 0},   {"007", 7},  {"1000.1", -1},  {"-1", -1},    {"", -1},
        {"urgent", -1}, {"1e2", -1},  {"0x3", -1}, {"nan", -1},     {"inf", -1},   {" 3", -1},
        {"3 ", -1},     {".5", -1},   {"5.", -1},  {"1.2.3", -1},   {"highest", -1}, {"+1", -1},
        {"11111111111111111111111111111111111", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        double value = -1;
        struct err err = {0};
        int rc = score_priority(rows[i].text, strlen(rows[i].text), &value, &err);
        assert_int_equal(rc, rows[i].value < 0 ? ERR_USAGE : 0);
        if (!rc)
            assert_true(value >= rows[i].value && value <= rows[i].value);
        else
            assert_non_null(strstr(err.fix, "high, medium, low"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_graphs), cmocka_unit_test(test_diamond),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_long_names_stay_utf8),
        cmocka_unit_test(test_ten_thousand),  cmocka_unit_test(test_empty),
        cmocka_unit_test(test_priority),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
