/* test_secret.c: keys in texts: every spelling that JSON has for them, in base64 and hexadecimal,
 * cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/keys/secret.h"
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
    define(secrets, "percent", "abc%def0123456789");
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
    {"sk-0123456789/a", "sk-0123456789/a"}, // one is missing
    {"ssk-" KEY, "ssk-****************"},   // begins again inside a beginning
    {"{\"k\":\"sk-0123456789\\/ab\"}", "{\"k\":\"*****************\"}"},
    {"\\u0073k\\u002D0123456789/ab", "**************************"},
    {"\\\\u0073k-0123456789\\\\\\/ab.", "*************************."}, // JSON inside JSON
    {"\\\\\\\\u0073k-0123456789/ab", "************************"},      // and once more
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
    /* in base64, at each place in it, in both alphabets, and in lines; in hexadecimal;
     * in addresses */
    {"c2stMDEyMzQ1Njc4OS9hYg==", "*********************g=="},
    {"YXNrLTAxMjM0NTY3ODkvYWJ6", "YX********************J6"},
    {"YWJzay0wMTIzNDU2Nzg5L2Fi", "YWJ*********************"},
    {"dXNlcjpzay0wMTIzNDU2Nzg5L2FiCg==", "dXNlcjp*********************Cg=="},
    {"//7//3NrLTAxMjM0NTY3ODkvYWI=", "//7//3********************I="},
    {"_3NrLTAxMjM0NTY3ODkvYWI=", "_3********************I="},
    {"736b2d303132333435363738392f6162", "********************************"},
    {"736B2D303132333435363738392F6162", "********************************"},
    {"73:6b:2d:30:31:32:33:34:35:36:37:38:39:2f:61:62",
     "***********************************************"},
    {"73 6B 2D 30 31 32 33 34 35 36 37 38 39 2F 61 62",
     "***********************************************"},
    {"\\x73\\x6b\\x2d\\x30\\x31\\x32\\x33\\x34\\x35\\x36\\x37\\x38\\x39\\x2f\\x61\\x62",
     "\\x**************************************************************"},
    {"0x73, 0x6b, 0x2d, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x2f, 0x61, "
     "0x62",
     "0x*******************************************************************************************"
     "*"},
    {"%73%6B%2D%30%31%32%33%34%35%36%37%38%39%2F%61%62",
     "************************************************"},
    {"sk-0123456789%2Fab", "******************"},
    {"sk%252d0123456789%252fab", "************************"},
    {"c2stMDEy\nMzQ1Njc4\r\n  OS9hYg==", "**************************g=="},
    {"c2stMDEy\\nMzQ1Njc4\\r\\n  OS9hYg==", "*****************************g=="},
    {"c2st", "c2st"},
    {"abc%def0123456789", "*****************"},
    {"abc%25def0123456789", "*******************"},
    {"abc%2525def0123456789", "*********************"},
    {"q%22w%5Ce%7Dr%7Bt,y:u%5Bi%5Do", "*****************************"},
    {"q\\u0022w\\u005ce}r{t,y:u[i]o", "***************************"},
    {"%5Cu0073k-0123456789/ab", "***********************"},
    {"abc%2", "abc%2"},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[512];
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
            char text[512];
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

/* Whatever stands around a key of whatever length: nothing of it is left in base64 but the bits
 * that its ends share with their neighbours. */
static void test_base64_everywhere(void **state)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    (void)state;
    for (size_t size = SECRET_HIDE_MIN; size < 60; size++)
        for (size_t before = 0; before < 7; before++) {
            unsigned char bytes[100];
            char key[64], text[160];
            size_t len = before + size + 5, at = 0;
            for (size_t i = 0; i < len; i++)
                bytes[i] = (unsigned char)('!' + (i * 37 + size * 11) % 94);
            for (size_t i = before; i < before + size; i++)
                if (bytes[i] == '\\')
                    bytes[i] = 'x';
            memcpy(key, bytes + before, size);
            key[size] = '\0';
            for (size_t bit = 0; bit + 6 <= 8 * len; bit += 6) {
                unsigned pair =
                    bytes[bit / 8] * 256u + (bit / 8 + 1 < len ? bytes[bit / 8 + 1] : 0);
                text[at++] = letters[pair >> (10 - bit % 8) & 63];
            }
            struct secrets *secrets = secrets_open();
            define(secrets, "k", key);
            assert_true(secrets_find(secrets, text, at));
            secrets_hide(secrets, NULL, text, at, true);
            for (size_t i = 0; i < at; i++)
                if (6 * i >= 8 * before && 6 * i + 6 <= 8 * (before + size))
                    assert_int_equal(text[i], '*');
                else
                    assert_int_not_equal(text[i], '*');
            secrets_close(secrets);
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
        {"a sk-(", 6}, {"\\\\\\\\\\\\\\\\\\\\", 3}, {KEY "-and", 0}, {KEY "-any", 20},
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
/* A key with a user's name is the password of "Basic", and is hidden as both and as it is sent. */
static void test_user(void **state)
{
    (void)state;
    static const struct {
        const char *value, *line, *text, *clean;
    } users[] = {
        {"t0ken-of-the-forge", "Authorization: Basic eDp0MGtlbi1vZi10aGUtZm9yZ2U=",
         "a t0ken-of-the-forge eDp0MGtlbi1vZi10aGUtZm9yZ2U=",
         "a ****************** ****************************"},
        {"short", "Authorization: Basic eDpzaG9ydA==", "a short eDpzaG9ydA== b",
         "a ***** ************ b"},
    };
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        struct secrets *secrets = secrets_open();
        struct secret *secret = NULL;
        char text[80];
        setenv("TEST_SECRET", users[i].value, 1);
        assert_int_equal(
            secret_define(secrets, "k",
                          &(struct secret_source){.env = "TEST_SECRET", .user = "x"}, NULL),
            0);
        assert_int_equal(secret_use(secrets, "k", "https://a:443", &secret, NULL), 0);
        assert_string_equal(secret_line(secret), users[i].line);
        snprintf(text, sizeof text, "%s", users[i].text);
        secret_hide(secret, text, strlen(text));
        assert_string_equal(text, users[i].clean);
        secret_release(secret);
        secrets_close(secrets);
    }
}

static void test_refused_users(void **state)
{
    static const char *const names[] = {"", "a:b", "a b", "a\r\nX: y"};
    setenv("TEST_SECRET", "value", 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(
            secret_define(*state, "k",
                          &(struct secret_source){.env = "TEST_SECRET", .user = names[i]}, NULL),
            ERR_USAGE);
    assert_int_equal(
        secret_define(*state, "k",
                      &(struct secret_source){.env = "TEST_SECRET", .user = "x", .header = "y"},
                      NULL),
        ERR_USAGE);
}

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

/* Signed with the value alone, for its own origin only; a user's key too. */
static void test_sign(void **state)
{
    static const char text[] = "1700000000.{}";
    char out[SECRET_SIGNATURE_SIZE];
    struct err err = {0};
    struct secret_source user = {.env = "TEST_SECRET", .user = "ada"};
    setenv("TEST_SECRET", KEY, 1);
    assert_int_equal(secret_define(*state, "user", &user, NULL), 0);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i ? "user" : "one";
        assert_int_equal(
            secret_sign(*state, name, "https://a:443", text, strlen(text), out, NULL), 0);
        assert_string_equal(out, "44df2a9a02f73b1442269b70e8d6deab"
                                 "73f53ea99c1abd57218a9400a55efb48");
    }
    assert_int_equal(secret_sign(*state, "one", "https://b:443", text, 1, out, &err), ERR_DENIED);
    assert_int_equal(secret_sign(*state, "nix", "https://a:443", text, 1, out, &err),
                     ERR_NOT_FOUND);
}

static int define_list(struct secrets *secrets, const char *value)
{
    setenv("TEST_SECRET", value, 1);
    return secret_define(secrets, "list",
                         &(struct secret_source){.env = "TEST_SECRET", .list = true}, NULL);
}

static void test_list(void **state)
{
    struct secrets *secrets = secrets_open();
    struct secret *first;
    (void)state;
    const char *value = " api-key = first-value-1 ,,x=Bearer%20second%2Cvalue,";
    assert_int_equal(define_list(secrets, value), 0);
    assert_int_equal(secret_use(secrets, "list", "http://a:1", &first, NULL), 0);
    assert_string_equal(secret_line(first), "api-key: first-value-1");
    const struct secret *second = secret_next(first);
    assert_string_equal(secret_line(second), "x: Bearer second,value");
    assert_null(secret_next(second));
    char text[] = "first-value-1 and Bearer second,value";
    secrets_hide(secrets, NULL, text, strlen(text), true);
    assert_string_equal(text, "************* and *******************");
    // one that is used stays as it was
    assert_int_equal(define_list(secrets, "other=only-one-value"), 0);
    assert_string_equal(secret_line(secret_next(first)), "x: Bearer second,value");
    secret_release(first);
    secrets_close(secrets);
}

static void test_refused_lists(void **state)
{
    static const char *const bad[] = {
        "",      "a",     "=b",      "a=",   "a=%2",  "a=%zz",
        "a b=c", "a=b,c", "a=\x7f", "a:=b", "a=%00", "a=b%0d%0a",
        "a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,i=9",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(define_list(*state, bad[i]) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cut_anywhere, set_up, tear_down),
        cmocka_unit_test(test_base64_everywhere),
        cmocka_unit_test_setup_teardown(test_settled, set_up, tear_down),
        cmocka_unit_test(test_user),
        cmocka_unit_test_setup_teardown(test_refused_users, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sign, set_up, tear_down),
        cmocka_unit_test(test_list),
        cmocka_unit_test_setup_teardown(test_refused_lists, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
