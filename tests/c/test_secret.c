/* test_secret.c: keys in texts: every spelling that JSON has for them, cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/secret.h"
#include "support.h"

#define KEY "sk-0123456789/ab"

static void define(struct secrets *secrets, const char *name, const char *value)
{
    setenv("TEST_SECRET", value, 1);
    assert_int_equal(
        secret_define(secrets, name, &(struct secret_source){.env = "TEST_SECRET"}, NULL), 0);
}

static int set_up(void **state)
{
    struct secrets *secrets = secrets_open();
    define(secrets, "one", KEY);
    define(secrets, "longer", KEY "-and-more");
    define(secrets, "odd", "q\"w\\e}r{t,y:u[i]o");
    define(secrets, "u", "u0073u0073u00ff");
    define(secrets, "short", "ollama");
    *state = secrets;
    return secrets ? 0 : -1;
}

static int tear_down(void **state)
{
    secrets_close(*state);
    return 0;
}

static const struct {
    const char *text, *clean;
} rows[] = {
    {"", ""},
    {"nothing here", "nothing here"},
    {KEY, "****************"},
    {"a " KEY " b " KEY, "a **************** b ****************"},
    {KEY "-and-more!", "*************************!"},
    {KEY "-and-mor", "****************-and-mor"},
    {"sk-0123456789/a", "sk-0123456789/a"},                // one is missing
    {"ssk-" KEY, "ssk-****************"},                  // begins again inside a beginning
    {"{\"k\":\"sk-0123456789\\/ab\"}", "{\"k\":\"*****************\"}"},
    {"\\u0073k\\u002D0123456789/ab", "**************************"},
    {"\\\\u0073k-0123456789\\\\\\/ab.", "*************************."},   // JSON inside JSON
    {"\\\\\\\\u0073k-0123456789/ab", "************************"}, // and once more
    {"\\\\" KEY, "******************"},
    {"\\n" KEY, "\\n****************"},
    {"\\u0074k-0123456789/ab", "\\u0074k-0123456789/ab"}, // another character
    {"\\u007 " KEY, "\\u007 ****************"},
    {"\\u", "\\u"},
    {"q\"we}r{t,y:u[i]o", "****************"}, // its backslash goes with those of the text
    {"q\\\"w\\\\e}r{t,y:u[i]o", "*******************"},
    {"u0073u0073u00ff", "***************"},
    {"\\u0075\\u0030073u0073u00ff", "*************************"},
    {"ollama, or sk-short", "ollama, or sk-short"}, // too short to be told from a word
    {"\xC3\xBC " KEY "\xFF", "\xC3\xBC ****************\xFF"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[256];
        size_t len = strlen(rows[i].text);
        memcpy(text, rows[i].text, len + 1);
        assert_int_equal(secrets_hide(*state, NULL, text, len, true), len);
        if (strcmp(text, rows[i].clean) != 0)
            fail_msg("row %zu: %s became %s", i, rows[i].text, text);
    }
}

/* Fed in two or more pieces, with what was not settled kept: the same as all at once. */
static void test_cut_anywhere(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t piece = 1; piece <= strlen(rows[i].text); piece++) {
            char text[256];
            size_t len = strlen(rows[i].text), from = 0, to = 0;
            memcpy(text, rows[i].text, len + 1);
            while (to < len) {
                to = to + piece < len ? to + piece : len;
                from += secrets_hide(*state, NULL, text + from, to - from, to == len);
                assert_true(from <= to);
            }
            assert_int_equal(from, len);
            if (strcmp(text, rows[i].clean) != 0)
                fail_msg("row %zu by %zu: became %s", i, piece, text);
        }
}

/* What cannot be the beginning of a key is settled at once: nobody waits for the next piece. */
static void test_settled(void **state)
{
    static const struct {
        const char *text;
        size_t settled;
    } cases[] = {
        {"data: {}\n\n", 10}, {"plain words", 10}, {"a sk-0", 2}, {"say \\", 4}, {"say \\u00", 4},
        {"a sk-1", 6}, {"\\\\\\\\\\\\\\\\\\\\", 3}, {KEY "-and", 0}, {KEY "-any", 20},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "%s", cases[i].text);
        size_t settled = secrets_hide(*state, NULL, text, strlen(text), false);
        if (settled != cases[i].settled)
            fail_msg("row %zu: %zu", i, settled);
    }
}

/* A key that was replaced while a transfer used it is one still. */
static void test_replaced(void **state)
{
    struct secret *old = NULL;
    char text[] = "old-old-old-old new-new-new-new";
    define(*state, "k", "old-old-old-old");
    assert_int_equal(secret_use(*state, "k", "http://a:1", &old, NULL), 0);
    define(*state, "k", "new-new-new-new");
    secrets_hide(*state, old, text, strlen(text), true);
    assert_string_equal(text, "*************** ***************");
    secret_release(old);
    char none[] = KEY;
    assert_int_equal(secrets_hide(NULL, NULL, none, strlen(none), false), strlen(none));
    assert_string_equal(none, KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
