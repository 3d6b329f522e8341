/* test_json.c: the codec: what is accepted, how it is written, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

struct row {
    const char *text, *canonical; /* canonical NULL: refused, with `why` in the message */
    const char *why;
};

static const struct row rows[] = {
    {"null", "null", 0},
    {" true\n", "true", 0},
    {"false", "false", 0},
    {"[]", "[]", 0},
    {"{ }", "{}", 0},
    {"[1,2,[3,{}]]", "[1,2,[3,{}]]", 0},
    {"{\"b\":1,\"a\":{\"d\":[],\"c\":null}}", "{\"a\":{\"c\":null,\"d\":[]},\"b\":1}", 0},
    {"{\"b\":1,\"ab\":2,\"a\":3,\"\":4}", "{\"\":4,\"a\":3,\"ab\":2,\"b\":1}", 0},
    {"9223372036854775807", "9223372036854775807", 0},
    {"-9223372036854775808", "-9223372036854775808", 0},
    {"-0", "0", 0},
    {"-0.0", "-0.0", 0},
    {"1.0", "1.0", 0},
    {"1E2", "100.0", 0},
    {"0.1", "0.1", 0},
    {"1e22", "1e+22", 0},
    {"123456789012345678901234567890.0", "1.2345678901234568e+29", 0},
    {"5e-324", "5e-324", 0},
    {"2.2250738585072014e-308", "2.2250738585072014e-308", 0},
    {"1.7976931348623157e308", "1.7976931348623157e+308", 0},
    {"0e999", "0.0", 0},
    {"1e-999", "0.0", 0},
    {"\"\\u0041\\n\\/\\\"\\\\\"", "\"A\\n/\\\"\\\\\"", 0},
    {"\"\\u0000\\u001f\x7f\"", "\"\\u0000\\u001f\x7f\"", 0},
    {"\"\\ud834\\uDD1E\"", "\"\xF0\x9D\x84\x9E\"", 0},
    {"\"\xC3\xA9\xE2\x82\xAC\"", "\"\xC3\xA9\xE2\x82\xAC\"", 0},
    {"", 0, "expected a value but the text ends at line 1, column 1"},
    {"[1,\n 2 3]", 0, "expected ',' or ']' but found '3' at line 2, column 4"},
    {"[1,]", 0, "expected a value but found ']'"},
    {"{\"a\":1,}", 0, "expected a key"},
    {"{\"a\" 1}", 0, "expected ':'"},
    {"{a:1}", 0, "expected a key"},
    {"[1", 0, "expected ',' or ']' but the text ends"},
    {"1 2", 0, "expected the end of the text"},
    {"01", 0, "expected the end of the text"},
    {"-", 0, "expected a digit"},
    {"1.", 0, "expected a digit"},
    {".1", 0, "expected a value"},
    {"1e", 0, "expected a digit"},
    {"+1", 0, "expected a value"},
    {"0x1", 0, "expected the end"},
    {"NaN", 0, "expected a value"},
    {"1e400", 0, "too large for a double"},
    {"9223372036854775808", 0, "integer does not fit"},
    {"-9223372036854775809", 0, "integer does not fit"},
    {"99999999999999999999", 0, "integer does not fit"},
    {"\"\\x\"", 0, "expected an escape character but found 'x'"},
    {"\"\\u12g4\"", 0, "expected four hexadecimal digits"},
    {"\"\\ud800\"", 0, "lone high surrogate"},
    {"\"\\ud800\\u0041\"", 0, "lone high surrogate"},
    {"\"\\udc00\"", 0, "lone low surrogate"},
    {"\"a\nb\"", 0, "control character"},
    {"\"abc", 0, "expected '\"' but the text ends"},
    {"\"abc\\", 0, "expected an escape character but the text ends"},
    {"\"\\n", 0, "expected '\"' but the text ends"},
    {"\"\x80\"", 0, "not valid UTF-8"},
    {"\"\xC0\xAF\"", 0, "not valid UTF-8"},
    {"\"\xED\xA0\x80\"", 0, "not valid UTF-8"},
    {"\"\xF4\x90\x80\x80\"", 0, "not valid UTF-8"},
    {"\"\xE2\x82\"", 0, "not valid UTF-8"},
    {"\"\\n\xE2\x82\"", 0, "not valid UTF-8"},
    {"\xEF\xBB\xBF{}", 0, "expected a value but found byte 0xEF"},
    {"{\"a\":1,\n\"b\":2,\"a\":3}", 0, "duplicate key at line 2, column 7"},
    {"{\"a\":1,\"\\u0061\":3}", 0, "duplicate key at line 1, column 8"},
    {"nul", 0, "expected a value but found 'n'"},
    {"[\x0c]", 0, "found byte 0x0C"},
};

/* The two ways to canonical text: through a tree, and straight. */
static int by_tree(const char *text, size_t len, struct buf *out, struct err *err)
{
    struct json_doc doc = {0};
    int rc = json_parse(&doc, text, len, NULL, err);
    if (!rc)
        json_write(out, &doc.root);
    json_doc_clear(&doc);
    return rc;
}

static int by_sink(const char *text, size_t len, struct buf *out, struct err *err)
{
    struct json_text sink;
    json_text_init(&sink, out);
    int rc = json_scan(text, len, NULL, &json_text_sink, &sink, err);
    json_text_clear(&sink);
    return rc;
}

static void check_row(const struct row *row, int (*way)(const char *, size_t, struct buf *, struct err *))
{
    struct buf out = {0};
    struct err err = {0};
    int rc = way(row->text, strlen(row->text), &out, &err);
    if (row->canonical) {
        assert_int_equal(rc, 0);
        assert_string_equal(out.data, row->canonical);
    } else {
        assert_int_not_equal(rc, 0);
        if (!strstr(err.text, row->why))
            fail_msg("%s: %s, wanted %s", row->text, err.text, row->why);
    }
    buf_clear(&out);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_row(&rows[i], by_tree);
        check_row(&rows[i], by_sink);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
