/* test_draft_path.c: the file that a call names, as soon as it stands in the arguments whole,
 * whatever cuts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "model/reply/draft_path.h"

struct row {
    const char *arguments, *path; /* NULL: none is told */
};

static const struct row rows[] = {
    {"", NULL},
    {"{}", NULL},
    {"{\"path\":\"hello.sh", NULL},
    {"{\"path\":\"hello.sh\"", "hello.sh"},
    {" {\n \"content\" : \"a \\\" {[ : , \\\\\" , \"path\" : \"src/a-b_c.lua\", \"x",
     "src/a-b_c.lua"},
    {"{\"file_path\":\"a\",\"b\":{\"path\":\"other\"},\"c\":[\"path\",\"d\"]}", "a"},
    {"{\"b\":{\"path\":\"other\"}}", NULL},
    {"{\"b\":\"path\",\"c\":\"other\"}", NULL},
    {"{\"path\":[\"a\"],\"b\":\"c\"}", NULL},
    {"\"{\\\"path\\\":\\\"a\\\"}\"", NULL},
    // what could pass for something else
    {"{\"path\":\"a 1.2 KB, done\"}", NULL},
    {"{\"path\":\"\\u001b[31m\"}", NULL},
    {"{\"path\":\"\x1b[31m\"}", NULL},
    {"{\"path\":\"\xe2\x80\xae" "a\"}", NULL},
    {"{\"path\":\"a\\/b\"}", NULL},
    {"{\"path\":\"\"}", NULL},
    // what is not clear
    {"{\"path\":\"a\",\"path\":\"b", NULL},
    {"{\"path\":\"a\",\"file\":\"b\"}", NULL},
    {"{\"path\":\"\",\"path\":\"b\"}", NULL},
    {"{\"path\":\"a\",\"p\\u0061th\":\"b\"}", NULL},
    {"{\"path\":\"a\"}{\"path\":\"b\"}", NULL},
    {"{'path':'b',\"path\":\"a\"}", NULL},
    {"}}]{\"path\":\"a\"", "a"},
};

static void assert_path(const char *path, size_t len, const struct row *row)
{
    if (!row->path) {
        assert_null(path);
        return;
    }
    assert_non_null(path);
    assert_int_equal(len, strlen(row->path));
    assert_memory_equal(path, row->path, len);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t step = 1; step < 9; step++) {
            struct draft_path draft = {0};
            size_t len, all = strlen(rows[i].arguments);
            const char *path = NULL;
            for (size_t at = 0; at <= all; at += step)
                path = draft_path(&draft, rows[i].arguments, at, &len);
            path = draft_path(&draft, rows[i].arguments, all, &len);
            assert_path(path, len, &rows[i]);
        }
}

static void test_is_told_when_whole(void **state)
{
    (void)state;
    static const char arguments[] = "{\"path\":\"hello.sh\",\"content\":\"echo\"}";
    struct draft_path draft = {0};
    size_t len;
    for (size_t at = 0; at <= sizeof arguments - 1; at++) {
        const char *path = draft_path(&draft, arguments, at, &len);
        assert_int_equal(path != NULL, at > strlen("{\"path\":\"hello.sh"));
    }
}

static void test_is_bounded(void **state)
{
    (void)state;
    for (size_t size = DRAFT_PATH_MAX; size <= DRAFT_PATH_MAX + 1; size++) {
        char arguments[DRAFT_PATH_MAX + 16];
        struct draft_path draft = {0};
        size_t len;
        int end = snprintf(arguments, sizeof arguments, "{\"path\":\"%0*d\"}", (int)size, 0);
        const char *path = draft_path(&draft, arguments, (size_t)end, &len);
        assert_int_equal(path != NULL, size == DRAFT_PATH_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_is_told_when_whole),
        cmocka_unit_test(test_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
