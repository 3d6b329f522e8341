/* test_err.c: the texts of errors are valid UTF-8 and bounded, whatever bytes went into them and
 * wherever a precision or the end of the room cut them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text/utf8.h"

#define LOST "\xEF\xBF\xBD"

static void texts_are_made_clean(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"two\nlines\tand a tab", "two\nlines\tand a tab"},
        // JSON escapes them, and what is printed is cleaned of them
        {"\x1b[31m\r\x7f", "\x1b[31m\r\x7f"},
        {"\xff", LOST},
        {"a\xff\xfe" "b", "a" LOST LOST "b"},
        {"\x80\x81\x82", LOST},
        {"\xc3'", LOST "'"},             // the first byte of two
        {"\xe6\x97'", LOST "'"},         // two bytes of three
        {"\xf0\x9f\x98'", LOST "'"},     // three bytes of four
        {"\xc0\xaf", LOST},              // overlong
        {"\xed\xa0\x80", LOST},          // half a letter
        {"\xf4\x90\x80\x80", LOST},      // above U+10FFFF
        {"\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80", "\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = {0};
        assert_int_equal(err_set(&err, ERR_PATH, "%s", rows[i].from), ERR_PATH);
        assert_string_equal(err.text, rows[i].to);
        assert_int_equal(err_fix(&err, "%s", rows[i].from), ERR_PATH);
        assert_string_equal(err.fix, rows[i].to);
    }
}

static void precisions_cut_between_characters_or_show_it(void **state)
{
    static const char *const letters[] = {"\xc3\xbc", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        for (size_t shift = 0; shift < 4; shift++) {
            char path[1024] = "aaaa";
            struct err err = {0};
            path[shift] = '\0';
            while (strlen(path) < 1000)
                strcat(path, letters[i]);
            err_set(&err, ERR_PATH, "'%.200s' leaves the tree", path);
            assert_true(utf8_valid(err.text, strlen(err.text)));
            assert_non_null(strstr(err.text, "' leaves the tree"));
            err_set(&err, ERR_PATH, "%s", path);
            assert_true(utf8_valid(err.text, strlen(err.text)));
            assert_null(strstr(err.text, LOST)); // the end of the room drops a character
            assert_true(strlen(err.text) + 4 >= sizeof err.text);
            err_fix(&err, "%s", path);
            assert_true(utf8_valid(err.fix, strlen(err.fix)));
            assert_true(strlen(err.fix) + 4 >= sizeof err.fix);
        }
}

/* Any bytes in any room: nothing is written beyond it, and what is left is text. */
static void any_bytes_fit_into_any_room(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char room[64];
        size_t size = 1 + (size_t)rand() % 48, len = (size_t)rand() % size;
        memset(room, '#', sizeof room);
        for (size_t i = 0; i < len; i++)
            room[i] = (char)(rand() % 3 ? 0x80 + rand() % 0x80 : 1 + rand() % 0x7f);
        room[len] = '\0';
        utf8_clean(room, size);
        assert_true(strlen(room) < size);
        assert_true(utf8_valid(room, strlen(room)));
        for (size_t i = size; i < sizeof room; i++)
            assert_int_equal(room[i], '#');
        char again[64];
        memcpy(again, room, sizeof again);
        utf8_clean(again, size);
        assert_string_equal(room, again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_made_clean),
        cmocka_unit_test(precisions_cut_between_characters_or_show_it),
        cmocka_unit_test(any_bytes_fit_into_any_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
