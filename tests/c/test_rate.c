/* test_rate.c: token buckets that are made again, from the calls that were let through, by a
 * program that is killed again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/rate.h"

#define SECOND 1000000000ull
#define CALLS 20000
#define OFFERED 10 /* times as many as the organization allows */

static const struct rate_call WRITE = {"write_file", "coder", "m"};

/* Who was let through when: the journal. */
struct past {
    size_t count;
    uint64_t at[CALLS];
};

static struct rates *build(const char *text)
{
    struct err err = {0};
    struct json_doc doc = {0};
    struct rates *rates = NULL;
    assert_int_equal(json_parse(&doc, text, strlen(text), NULL, &err), 0);
    assert_int_equal(rates_build(&doc.root, &rates, &err), 0);
    json_doc_clear(&doc);
    return rates;
}

/* What a new process makes of the past; with `since` it does not look further back. */
static struct rates *restart(const char *text, const struct past *past, uint64_t since)
{
    struct rates *rates = build(text);
    if (since)
        rates_empty(rates, since);
    for (size_t i = 0; i < past->count; i++)
        if (past->at[i] >= since)
            rates_count(rates, &WRITE, past->at[i]);
    return rates;
}

/* Offers a hundred calls a second for 200 s where ten are allowed;
 * a restart after every `life` calls. */
static size_t offer(const char *text, size_t life, bool is_cut)
{
    static const uint64_t start = 1000 * SECOND, step = SECOND / 100;
    struct past past = {0};
    struct rates *rates = build(text);
    for (size_t i = 0, which; i < CALLS; i++) {
        uint64_t now = start + i * step;
        if (i % life == life - 1) {
            uint64_t since = is_cut ? now - 10 * rates_longest(rates) : 0;
            rates_free(rates);
            rates = restart(text, &past, since);
        }
        if (rates_take(rates, &WRITE, now, &which) == 0)
            past.at[past.count++] = now;
    }
    rates_free(rates);
    return past.count;
}

static void test_restarts_gain_nothing(void **state)
{
    (void)state;
    static const char *const houses[] = {
        "[{\"per_second\": 10}]",
        "[{\"per_second\": 10, \"burst\": 10}]",
        "[{\"tool\": \"write_file\", \"per_minute\": 600, \"burst\": 5}, {\"per_second\": 1000}]",
    };
    static const size_t lives[] = {CALLS / 4, 100, 7, 1};
    for (size_t h = 0; h < 3; h++)
        for (size_t l = 0; l < 4; l++) {
            size_t limit = CALLS / OFFERED;
            for (int is_cut = 0; is_cut < 2; is_cut++)
                assert_in_range(offer(houses[h], lives[l], is_cut), limit - limit / 100,
                                limit + limit / 100);
        }
}

/* How many of so many calls at once are let through. */
static size_t burst_at(struct rates *rates, const struct rate_call *call, uint64_t now)
{
    size_t let = 0;
    for (size_t i = 0, which; i < 100; i++)
        let += rates_take(rates, call, now, &which) == 0;
    rates_free(rates);
    return let;
}

static void test_what_was_used_counts_until_it_is_there_again(void **state)
{
    (void)state;
    static const char house[] = "[{\"per_second\": 1, \"burst\": 10}]";
    struct past past = {0};
    while (past.count < 10)
        past.at[past.count++] = 1000 * SECOND;
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 1000 * SECOND), 0);
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 1004 * SECOND), 4);
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 1010 * SECOND), 10);
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 9999 * SECOND), 10);
}

static void test_only_who_took_it_has_less(void **state)
{
    (void)state;
    static const char house[] = "[{\"tool\": \"write_file\", \"per_second\": 1, \"burst\": 10}]";
    static const struct rate_call read = {"read_file", "coder", "m"};
    struct past past = {.count = 1, .at = {1000 * SECOND}};
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 1000 * SECOND), 9);
    assert_int_equal(burst_at(restart(house, &past, 0), &read, 1000 * SECOND), 100);
}

static void test_what_nobody_looked_at_counts_as_used(void **state)
{
    (void)state;
    static const char house[] = "[{\"per_second\": 1, \"burst\": 10}]";
    struct past past = {0};
    assert_int_equal(burst_at(restart(house, &past, 998 * SECOND), &WRITE, 1000 * SECOND), 2);
    assert_int_equal(burst_at(restart(house, &past, 900 * SECOND), &WRITE, 1000 * SECOND), 10);
}

/* A house that allows less than it did: what was let through then empties a bucket, and no more. */
static void test_no_bucket_is_emptier_than_empty(void **state)
{
    (void)state;
    static const char house[] = "[{\"per_second\": 1, \"burst\": 10}]";
    struct past past = {0};
    while (past.count < 5000)
        past.at[past.count++] = 1000 * SECOND;
    assert_int_equal(burst_at(restart(house, &past, 0), &WRITE, 1003 * SECOND), 3);
}

/* The slowest bucket there may be: its time does not run over. */
static void test_the_slowest_bucket(void **state)
{
    (void)state;
    static const char house[] = "[{\"per_second\": 1e-6, \"burst\": 1000000}]";
    struct rates *rates = build(house);
    assert_true(rates_longest(rates) >= 1000000000 * SECOND);
    assert_int_equal(burst_at(rates, &WRITE, 1000 * SECOND), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restarts_gain_nothing),
        cmocka_unit_test(test_what_was_used_counts_until_it_is_there_again),
        cmocka_unit_test(test_only_who_took_it_has_less),
        cmocka_unit_test(test_what_nobody_looked_at_counts_as_used),
        cmocka_unit_test(test_no_bucket_is_emptier_than_empty),
        cmocka_unit_test(test_the_slowest_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
