/* test_automaton.c: the automaton beside regex_search, line by line, over random expressions and
 * texts of few characters, so that most of what can meet does meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/search/automaton.h"
#include "model/search/needle.h"

static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % below;
}

static void random_expression(struct buf *out)
{
    static const char *const parts[] = {
        "a",   "b",   "_",     " ",  ".",  "^",     "$",    "\\b",      "\\B",     "[ab]",  "[^a]",
        "\\w", "\\s", "(a|b)", "a*", "b+", "(ab)?", "a{2}", "\xC3\xA9", "(?:b|^)", "[a-b]+"};
    static const char *const joints[] = {"", "", "", "|"};
    for (uint32_t n = 1 + any(5); n > 0; n--) {
        buf_puts(out, parts[any(COUNT_OF(parts))]);
        if (n > 1)
            buf_puts(out, joints[any(COUNT_OF(joints))]);
    }
}

static void random_text(struct buf *out)
{
    static const char *const parts[] = {"a",  "b",    "A",  "_",        " ", "\n",
                                        "\n", "\r\n", "\r", "\xC3\xA9", "ab"};
    for (uint32_t n = any(24); n > 0; n--)
        buf_puts(out, parts[any(COUNT_OF(parts))]);
    buf_putc(out, 'a'); // never empty
}

/* The first line from `from` on that regex_search finds, or len. */
static size_t slow_find(const struct regex *regex, const char *text, size_t len, size_t from)
{
    struct regex_scratch scratch = {0};
    size_t budget = SIZE_MAX, found = len;
    while (from < len && found == len) {
        const char *feed = memchr(text + from, '\n', len - from);
        size_t end = feed ? (size_t)(feed - text) : len, to = end;
        if (feed && to > from && text[to - 1] == '\r')
            to--;
        if (regex_search(regex, text + from, to - from, &scratch, &budget) == 1)
            found = from;
        from = end + 1;
    }
    regex_scratch_clear(&scratch);
    return found;
}

static void compare(const char *expression, bool any_case, const char *text, size_t len)
{
    struct json_doc arena = {0};
    struct needle needle;
    struct err err = {0};
    struct needle_wish wish = {expression, strlen(expression), true, any_case};
    assert_int_equal(needle_init(&needle, &arena, &wish, &err), 0);
    size_t at = 0, line, hit, budget = SIZE_MAX;
    while (at < len) {
        size_t want = slow_find(needle.regex, text, len, at);
        int got = automaton_find(needle.automaton, text, len, at, &line, &budget);
        if (got != (want < len) || (got && line != want))
            fail_msg("'%s' on '%s' from %zu: %d at %zu, not %zu", expression, text, at, got, line,
                     want);
        int found = needle_find(&needle, text, len, at, &line, &hit);
        if (found != got || (found && line != want))
            fail_msg("needle '%s' on '%s' from %zu: %d at %zu, not %zu", expression, text, at,
                     found, line, want);
        const char *feed = got ? memchr(text + want, '\n', len - want) : NULL;
        at = feed ? (size_t)(feed - text) + 1 : len;
    }
    needle_clear(&needle);
    json_doc_clear(&arena);
}

static void test_same_as_the_search_by_lines(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct buf expression = {0}, text = {0};
        random_expression(&expression);
        random_text(&text);
        compare(expression.data, any(2), text.data, text.len);
        buf_clear(&expression);
        buf_clear(&text);
    }
}

/* More states than are kept: all are forgotten now and then. */
static void test_many_states(void **state)
{
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < 60000; i++)
        buf_putc(&text, "ab"[any(2)]);
    buf_puts(&text, "\nb\n");
    compare("a[ab]{14}_|^b$", false, text.data, text.len);
    buf_clear(&text);
}

static void test_the_budget_ends_what_costs_too_much(void **state)
{
    (void)state;
    struct json_doc arena = {0};
    const struct regex *regex;
    struct err err = {0};
    struct buf text = {0};
    size_t line, budget = 100000;
    assert_int_equal(regex_compile(&arena, "a[ab]{200}_", 11, &regex, &err), 0);
    for (int i = 0; i < 20000; i++)
        buf_putc(&text, "ab"[any(2)]);
    struct automaton *a = automaton_new(regex);
    assert_int_equal(automaton_find(a, text.data, text.len, 0, &line, &budget), ERR_LIMIT);
    assert_int_equal(budget, 0);
    automaton_free(a);
    buf_clear(&text);
    json_doc_clear(&arena);
}

static void test_any_case_of_a_plain_text(void **state)
{
    (void)state;
    static const char text[] = "zzz\nxAbC\n@[`{\nab\xC3\xA9\n";
    static const struct {
        const char *wanted;
        int found;
        size_t line;
    } rows[] = {{"ABC", 1, 4}, {"xabc", 1, 4},        {"`{", 1, 9},
                {"@[@", 0, 0}, {"AB\xC3\xA9", 1, 14}, {"c\n@", 1, 4}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_doc arena = {0};
        struct needle needle;
        size_t line = 0, hit;
        struct needle_wish wish = {rows[i].wanted, strlen(rows[i].wanted), false, true};
        assert_int_equal(needle_init(&needle, &arena, &wish, NULL), 0);
        assert_int_equal(needle_find(&needle, text, sizeof text - 1, 0, &line, &hit),
                         rows[i].found);
        assert_int_equal(rows[i].found ? line : 0, rows[i].line);
        needle_clear(&needle);
        json_doc_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_the_search_by_lines),
        cmocka_unit_test(test_many_states),
        cmocka_unit_test(test_the_budget_ends_what_costs_too_much),
        cmocka_unit_test(test_any_case_of_a_plain_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
