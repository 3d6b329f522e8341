/* test_json.c: the codec: what is accepted, how it is written, what is refused and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/json.h"
#include "support.h"

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
    struct json_text sink = {0};
    json_text_begin(&sink, out);
    int rc = json_scan(text, len, NULL, &json_text_sink, &sink, err);
    json_text_clear(&sink);
    return rc;
}

static void check_row(const struct row *row,
                      int (*way)(const char *, size_t, struct buf *, struct err *))
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

/* ---- limits ---- */

static void nested(struct buf *text, unsigned depth, bool object)
{
    for (unsigned i = 0; i < depth; i++)
        buf_puts(text, object ? "{\"a\":" : "[");
    buf_puts(text, object ? "1" : "");
    for (unsigned i = 0; i < depth; i++)
        buf_putc(text, object ? '}' : ']');
}

static int parse_nested(unsigned depth, bool object, const struct json_limits *limits)
{
    struct buf text = {0}, out = {0};
    struct json_doc doc = {0};
    nested(&text, depth, object);
    int rc = json_parse(&doc, text.data, text.len, limits, NULL);
    if (!rc) {
        json_write(&out, &doc.root);
        assert_string_equal(out.data, text.data);
    }
    json_doc_clear(&doc);
    buf_clear(&text);
    buf_clear(&out);
    return rc;
}

static void test_limits(void **state)
{
    (void)state;
    struct json_limits deep = {.depth = 100000}, few = {.values = 3}, small = {.bytes = 5};
    struct json_doc doc = {0};
    for (int object = 0; object < 2; object++) {
        assert_int_equal(parse_nested(128, object, NULL), 0);
        assert_int_equal(parse_nested(129, object, NULL), ERR_LIMIT);
        assert_int_equal(parse_nested(JSON_DEPTH_MAX, object, &deep), 0);
        assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1, object, &deep), ERR_LIMIT);
        assert_int_equal(parse_nested(100000, object, &deep), ERR_LIMIT);
    }
    assert_int_equal(json_parse(&doc, "[1,2]", 5, &few, NULL), 0);
    assert_int_equal(json_parse(&doc, "[1,2,3]", 7, &few, NULL), ERR_LIMIT);
    assert_int_equal(json_parse(&doc, "[1,2]", 5, &small, NULL), 0);
    assert_int_equal(json_parse(&doc, "[1,2] ", 6, &small, NULL), ERR_LIMIT);
    json_doc_clear(&doc);
}

static void test_long_number(void **state)
{
    (void)state;
    struct json_doc doc = {0};
    struct buf text = {0};
    buf_puts(&text, "1.");
    while (text.len < JSON_NUMBER_MAX)
        buf_putc(&text, '3');
    assert_int_equal(json_parse(&doc, text.data, text.len, NULL, NULL), 0);
    assert_true(doc.root.u.real > 1.33 && doc.root.u.real < 1.34);
    buf_putc(&text, '3');
    assert_int_equal(json_parse(&doc, text.data, text.len, NULL, NULL), ERR_LIMIT);
    buf_clear(&text);
    json_doc_clear(&doc);
}

/* ---- strings ---- */

static void test_strings_of_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < 1200; len += len < 40 ? 1 : 97) {
        struct buf text = {0};
        struct json_doc doc = {0};
        size_t got;
        buf_putc(&text, '"');
        for (size_t i = 0; i < len; i++) {
            const char *letter = i % 5 == 4 ? "\xC3\xA9" : "a";
            buf_puts(&text, i % 7 == 6 ? "\\n" : letter);
        }
        buf_puts(&text, "\"");
        assert_int_equal(json_parse(&doc, text.data, text.len, NULL, NULL), 0);
        assert_non_null(json_string(&doc.root, &got));
        assert_int_equal(strlen(doc.root.u.string), got);
        struct buf out = {0};
        json_write(&out, &doc.root);
        assert_string_equal(out.data, text.data);
        buf_clear(&out);
        buf_clear(&text);
        json_doc_clear(&doc);
    }
}

static void test_utf8(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 0x110000; code += code < 0x3000 ? 1 : 251) {
        char text[4];
        size_t len = utf8_write(text, code);
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        assert_int_equal(utf8_valid(text, len), !surrogate);
        assert_false(len > 1 && utf8_valid(text, len - 1));
    }
    assert_false(utf8_valid("aaaaaaaaa\xFF", 10));
    assert_true(utf8_valid("", 0));
}

/* ---- reading ---- */

static const struct json *parsed(struct json_doc *doc, const char *text)
{
    assert_int_equal(json_parse(doc, text, strlen(text), NULL, NULL), 0);
    return &doc->root;
}

static void test_reading(void **state)
{
    (void)state;
    struct json_doc doc = {0};
    const struct json *v =
        parsed(&doc, "{\"name\":\"x\",\"list\":[1,2.5],\"yes\":true,\"n\":7,\"a\\u0000\":8}");
    assert_true(json_is(json_get(v, "name"), "x"));
    assert_false(json_is(json_get(v, "name"), "xy"));
    assert_null(json_get(v, "nam"));
    assert_null(json_get(v, "a"));
    assert_int_equal(json_int(json_get_n(v, "a\0", 2), 0), 8);
    assert_int_equal(json_int(json_get(v, "n"), 0), 7);
    assert_int_equal(json_int(json_at(json_get(v, "list"), 1), -1), -1);
    assert_null(json_at(json_get(v, "list"), 2));
    assert_null(json_at(json_get(v, "none"), 0));
    assert_true(json_true(json_get(v, "yes")));
    assert_false(json_true(json_get(v, "n")));
    assert_null(json_string(json_get(v, "n"), NULL));
    assert_int_equal(json_get(v, "list")->at, 19);
    json_doc_clear(&doc);
}

static void test_equal(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } pairs[] = {
        {"1", "1.0", true},
        {"0", "-0.0", true},
        {"9007199254740993", "9007199254740992.0", false},
        {"9223372036854775807", "9223372036854775808.0", false},
        {"[1,2]", "[1,2.0]", true},
        {"[1,2]", "[2,1]", false},
        {"[]", "{}", false},
        {"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1.0}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"\"a\"", "\"a\\u0000\"", false},
        {"true", "false", false},
        {"null", "null", true},
    };
    struct json_doc a = {0}, b = {0};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        parsed(&a, pairs[i].a);
        parsed(&b, pairs[i].b);
        assert_int_equal(json_equal(&a.root, &b.root), pairs[i].equal);
        assert_int_equal(json_equal(&b.root, &a.root), pairs[i].equal);
    }
    json_doc_clear(&a);
    json_doc_clear(&b);
}

/* ---- building ---- */

static void misuse_two_roots(struct json_builder *b)
{
    json_add_int(b, 1);
    json_add_int(b, 2);
}

static void misuse_nothing(struct json_builder *b)
{
    (void)b;
}

static void misuse_open(struct json_builder *b)
{
    json_begin_array(b);
}

static void misuse_wrong_end(struct json_builder *b)
{
    json_begin_array(b);
    json_end_object(b);
}

static void misuse_no_key(struct json_builder *b)
{
    json_begin_object(b);
    json_add_int(b, 1);
    json_end_object(b);
}

static void misuse_key_in_array(struct json_builder *b)
{
    json_begin_array(b);
    json_key(b, "a", 1);
    json_end_array(b);
}

static void misuse_key_alone(struct json_builder *b)
{
    json_begin_object(b);
    json_key(b, "a", 1);
    json_end_object(b);
}

static void bad_duplicate(struct json_builder *b)
{
    json_begin_object(b);
    for (int i = 0; i < 40; i++) {
        json_key(b, i % 39 ? "a\0b\0c" : "zz", i % 39 ? 5 : 2);
        json_add_int(b, i);
    }
    json_end_object(b);
}

static void bad_utf8(struct json_builder *b)
{
    json_add_string(b, "\xFF", 1);
}

static void bad_key(struct json_builder *b)
{
    json_begin_object(b);
    json_key(b, "\xC0\x80", 2);
    json_add_null(b);
    json_end_object(b);
}

static void bad_real(struct json_builder *b)
{
    json_add_real(b, 1e308 * 10);
}

static void bad_depth(struct json_builder *b)
{
    for (unsigned i = 0; i <= JSON_DEPTH_MAX; i++)
        json_begin_array(b);
    for (unsigned i = 0; i <= JSON_DEPTH_MAX; i++)
        json_end_array(b);
}

static void test_builder_refuses(void **state)
{
    (void)state;
    static const struct {
        void (*build)(struct json_builder *b);
        int code;
    } misuses[] = {
        {misuse_two_roots, ERR_BUG}, {misuse_nothing, ERR_BUG}, {misuse_open, ERR_BUG},
        {misuse_wrong_end, ERR_BUG}, {misuse_no_key, ERR_BUG},  {misuse_key_in_array, ERR_BUG},
        {misuse_key_alone, ERR_BUG}, {bad_duplicate, ERR_JSON}, {bad_utf8, ERR_UTF8},
        {bad_key, ERR_UTF8},         {bad_real, ERR_JSON},      {bad_depth, ERR_LIMIT},
    };
    for (size_t i = 0; i < COUNT_OF(misuses); i++) {
        struct json_doc doc = {0};
        struct json_builder b;
        struct json root;
        json_build(&b, &doc);
        misuses[i].build(&b);
        assert_int_equal(json_finish(&b, &root), misuses[i].code);
        json_doc_clear(&doc);
    }
}

static int build_sample(struct json_doc *doc, struct json *root)
{
    struct json_builder b;
    json_build(&b, doc);
    json_begin_object(&b);
    for (int i = 40; i-- > 0;) {
        char key[16];
        snprintf(key, sizeof key, "k%02d", i);
        json_key(&b, key, 3);
        json_begin_array(&b);
        json_add_int(&b, i);
        json_add_real(&b, i / 2.0);
        json_add_text(&b, i % 2 ? "odd" : NULL);
        json_add_bool(&b, i % 2);
        json_end_array(&b);
    }
    json_end_object(&b);
    return json_finish(&b, root);
}

static void test_builder(void **state)
{
    (void)state;
    struct json_doc doc = {0}, other = {0};
    struct json_builder b;
    struct json inner, root;
    struct buf out = {0};
    assert_int_equal(build_sample(&doc, &inner), 0);
    json_build(&b, &other);
    json_begin_array(&b);
    json_add_tree(&b, json_get(&inner, "k03"));
    json_end_array(&b);
    assert_int_equal(json_finish(&b, &root), 0);
    json_write(&out, &root);
    assert_string_equal(out.data, "[[3,1.5,\"odd\",true]]");
    buf_clear(&out);
    json_doc_clear(&doc);
    json_doc_clear(&other);
}

/* ---- reals ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Neither of the two decimals around it that have one digit less reads back equal. */
static void check_no_digit_too_many(const char *written, double value)
{
    char text[40];
    size_t digits = strcspn(written, "e");
    snprintf(text, sizeof text, "%.*s%s", (int)digits - 1, written, written + digits);
    assert_true(strtod(text, NULL) != value);
    if (text[digits - 2] < '9') {
        text[digits - 2]++;
        assert_true(strtod(text, NULL) != value);
    }
}

/* Written and read back: the same bits; and no text has fewer digits. */
static void check_real(double value)
{
    struct buf out = {0};
    struct json_doc doc = {0};
    char text[40];
    json_write_real(&out, value);
    assert_int_equal(json_parse(&doc, out.data, out.len, NULL, NULL), 0);
    assert_int_equal(doc.root.type, JSON_REAL);
    assert_memory_equal(&doc.root.u.real, &value, sizeof value);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    assert_true(value == floor(value) || strchr(text, 'e') || out.len <= strlen(text));
    if (strchr(out.data, '.') && !strstr(out.data, ".0"))
        check_no_digit_too_many(out.data, value);
    buf_clear(&out);
    json_doc_clear(&doc);
}

static void test_reals(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (value - value == 0)
            check_real(value);
        check_real((double)(int64_t)(bits % 2000000) / 1000.0 - 1000.0);
        check_real((double)(bits % 100000) / 100000.0);
        check_real((double)(bits % 1000) * 1e10);
    }
    for (int exponent = -1074; exponent < 1024; exponent++)
        check_real(ldexp(1, exponent));
}

/* The scanner's own arithmetic against strtod. */
static void test_reading_reals(void **state)
{
    (void)state;
    uint64_t seed = 362436069;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        struct json_doc doc = {0};
        snprintf(text, sizeof text, "%llu.%llue%d",
                 (unsigned long long)(next_random(&seed) >> (i % 64)),
                 (unsigned long long)(next_random(&seed) >> (i % 61)),
                 (int)(next_random(&seed) % 60) - 30);
        assert_int_equal(json_parse(&doc, text, strlen(text), NULL, NULL), 0);
        assert_true(doc.root.u.real == strtod(text, NULL));
        json_doc_clear(&doc);
    }
}

/* ---- memory ---- */

static const char hungry[] =
    "{\"z\":[1,2.5,\"\\u00e9 and more text than fits in a small piece\",null],"
    "\"y\":{\"b\":[[[[]]]],\"a\":true},\"x\":\"plain\",\"w\":-17}";

static void test_parse_out_of_memory(void **state)
{
    (void)state;
    unsigned n = 1;
    for (;; n++) {
        struct json_doc doc = {0};
        struct err err = {0};
        support_fail_at(n);
        int rc = json_parse(&doc, hungry, strlen(hungry), NULL, &err);
        bool failed = support_failed();
        json_doc_clear(&doc);
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        if (!failed)
            break;
    }
    assert_true(n > 1);
}

static void test_build_out_of_memory(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct json_doc doc = {0};
        struct json root;
        support_fail_at(n);
        int rc = build_sample(&doc, &root);
        bool failed = support_failed();
        json_doc_clear(&doc);
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        if (!failed)
            return;
    }
}

static void test_text_out_of_memory(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        struct buf out = {.max = 1 << 20}; // a bound that is far away is not what was hit
        support_fail_at(n);
        int rc = by_sink(hungry, strlen(hungry), &out, NULL);
        bool failed = support_failed();
        buf_clear(&out);
        assert_int_equal(rc, failed ? ERR_MEMORY : 0);
        if (!failed)
            return;
    }
}

static void test_long_escape_out_of_memory(void **state)
{
    (void)state;
    struct buf text = {0};
    struct json_doc doc = {0};
    buf_puts(&text, "\"\\n");
    for (int i = 0; i < 2000; i++)
        buf_putc(&text, 'a');
    buf_putc(&text, '"');
    support_fail_at(1);
    assert_int_equal(json_parse(&doc, text.data, text.len, NULL, NULL), ERR_MEMORY);
    assert_true(support_failed());
    json_doc_clear(&doc);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_long_number),
        cmocka_unit_test(test_strings_of_every_length),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_builder_refuses),
        cmocka_unit_test(test_builder),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_reading_reals),
        cmocka_unit_test(test_parse_out_of_memory),
        cmocka_unit_test(test_build_out_of_memory),
        cmocka_unit_test(test_text_out_of_memory),
        cmocka_unit_test(test_long_escape_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
