/* test_glob.c: patterns: a table, and a walk over all short ones against a plain recursive matcher.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/glob.h"
#include "slow_glob.h"

static const struct {
    const char *pattern, *name;
    bool fits;
} rows[] = {
    {"**", "", true},
    {"**", "a/b/c", true},
    {"*", "", false},
    {"*", "a", true},
    {"*", "a/b", false},
    {"src/**", "src", true},
    {"src/**", "src/a/b", true},
    {"src/**", "srcs", false},
    {"src/*", "src", false},
    {"src/*.c", "src/main.c", true},
    {"src/*.c", "src/sub/main.c", false},
    {"**/*.c", "main.c", true},
    {"**/*.c", "a/b/main.c", true},
    {"**/*.c", "a/b/main.h", false},
    {"a/**/z", "a/z", true},
    {"a/**/z", "a/b/c/z", true},
    {"a/**/z", "a/b/c/zz", false},
    {"a/**/b/**/c", "a/x/b/b/y/c", true},
    {"?", "\xC3\xA9", true},
    {"??", "\xC3\xA9", false},
    {"*\xC3\xA9", "caf\xC3\xA9", true},
    {"Src/*", "src/a", false},
    {"a*b*c", "aXbYbZc", true},
    {"a*b*c", "aXbYbZ", false},
    {"...", "...", true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct glob glob;
        assert_int_equal(glob_init(&glob, rows[i].pattern, strlen(rows[i].pattern), NULL), 0);
        if (glob_match(&glob, rows[i].name, strlen(rows[i].name)) != rows[i].fits)
            fail_msg("'%s' on '%s'", rows[i].pattern, rows[i].name);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",      "/a",     "a/",    "a//b", ".",
                                      "..",    "a/../b", "./a",   "a**",  "**a",
                                      "a/b**", "[ab]",   "{a,b}", "a\\b", "a\nb"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct glob glob;
        if (glob_init(&glob, bad[i], strlen(bad[i]), NULL) != ERR_CONFIG)
            fail_msg("'%s' was accepted", bad[i]);
    }
    char longest[GLOB_MAX + 2];
    memset(longest, 'a', sizeof longest);
    struct glob glob;
    assert_int_equal(glob_init(&glob, longest, GLOB_MAX, NULL), 0);
    assert_int_equal(glob_init(&glob, longest, GLOB_MAX + 1, NULL), ERR_CONFIG);
}

/* All texts of up to `max` letters over an alphabet, by counting. */
static bool spell(unsigned long number, const char *alphabet, char *out)
{
    size_t base = strlen(alphabet), len = 0;
    for (; number; number = (number - 1) / base)
        out[len++] = alphabet[(number - 1) % base];
    out[len] = '\0';
    return true;
}

static bool is_canonical(const char *name)
{
    size_t len = strlen(name);
    return len == 0 || (name[0] != '/' && name[len - 1] != '/' && !strstr(name, "//"));
}

static void test_against_the_definition(void **state)
{
    (void)state;
    size_t compared = 0;
    for (unsigned long p = 1; p < 55986; p++) { // up to 6 letters over 6
        char pattern[16];
        struct glob glob;
        spell(p, &"ab*/?*"[p % 2], pattern);
        if (glob_init(&glob, pattern, strlen(pattern), NULL))
            continue;
        for (unsigned long n = 0; n < 1092; n += 1 + p % 7) { // up to 6 letters over 3
            char name[16];
            spell(n, "ab/", name);
            if (!is_canonical(name))
                continue;
            compared++;
            if (glob_match(&glob, name, strlen(name)) != slow_glob(pattern, name))
                fail_msg("'%s' on '%s'", pattern, name);
            if (glob_match(&glob, name, strlen(name)) && !glob_may_match(&glob, name, strlen(name)))
                fail_msg("'%s' may match '%s'", pattern, name);
        }
    }
    assert_true(compared > 1000000);
}

/* Patterns that are bad for backtracking matchers end quickly. */
static void test_hostile(void **state)
{
    (void)state;
    char pattern[GLOB_MAX + 1] = "", name[4097];
    for (size_t i = 0; i + 2 < GLOB_MAX; i += 2)
        memcpy(pattern + i, "*a", 3);
    memset(name, 'a', 4095);
    name[4095] = 'b';
    struct glob glob;
    assert_int_equal(glob_init(&glob, pattern, strlen(pattern), NULL), 0);
    assert_false(glob_match(&glob, name, 4096));
    pattern[0] = '\0';
    for (size_t i = 0; i + 5 < GLOB_MAX; i += 5)
        memcpy(pattern + i, "**/a/", 6);
    strcat(pattern, "b");
    for (size_t i = 0; i < 4094; i += 2)
        memcpy(name + i, "a/", 2);
    memcpy(name + 4094, "a", 2);
    assert_int_equal(glob_init(&glob, pattern, strlen(pattern), NULL), 0);
    assert_false(glob_match(&glob, name, 4095));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
