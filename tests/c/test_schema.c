/* test_schema.c: rows of schema, value and verdict; refusals; bounds; paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/schema.h"

#define D7 "\"$schema\":\"http://json-schema.org/draft-07/schema#\""

static struct json_doc parse(const char *text)
{
    struct json_doc doc = {0};
    struct err err = {0};
    if (json_parse(&doc, text, strlen(text), NULL, &err))
        fail_msg("%s: %s", text, err.text);
    return doc;
}

static int compile(const char *text, struct schema **out, struct err *err)
{
    struct json_doc doc = parse(text);
    int rc = schema_compile(&doc.root, out, err);
    json_doc_clear(&doc);
    return rc;
}

static int verdict(const char *schema_text, const char *value_text)
{
    struct schema *schema = NULL;
    struct err err = {0};
    if (compile(schema_text, &schema, &err))
        fail_msg("%s: %s", schema_text, err.text);
    struct json_doc value = parse(value_text);
    struct schema_error errors[3];
    size_t count = 0;
    int quick = schema_check(schema, &value.root, NULL, 0, NULL);
    int full = schema_check(schema, &value.root, errors, COUNT_OF(errors), &count);
    assert_int_equal(quick, full);
    assert_true((full == ERR_SCHEMA) == (count > 0));
    json_doc_clear(&value);
    schema_free(schema);
    return full;
}

static const struct {
    const char *schema, *value;
    int expected;
} rows[] = {
    {"true", "1", 0},
    {"false", "1", ERR_SCHEMA},
    {"{\"type\":\"integer\"}", "1.0", 0},
    {"{\"type\":\"integer\"}", "1.5", ERR_SCHEMA},
    {"{\"type\":[\"null\",\"string\"]}", "null", 0},
    {"{\"const\":1}", "1.0", 0},
    {"{\"const\":[false]}", "[0]", ERR_SCHEMA},
    {"{\"enum\":[9007199254740993]}", "9007199254740992", ERR_SCHEMA},
    {"{\"multipleOf\":0.0001}", "0.0075", 0},
    {"{\"multipleOf\":0.0001}", "0.00751", ERR_SCHEMA},
    {"{\"multipleOf\":1e-8}", "12391239123", 0},
    {"{\"multipleOf\":0.123456789}", "1e308", ERR_SCHEMA},
    {"{\"multipleOf\":3}", "9223372036854775807", ERR_SCHEMA},
    {"{\"maximum\":9007199254740992.0}", "9007199254740993", ERR_SCHEMA},
    {"{\"exclusiveMinimum\":0}", "1e-300", 0},
    {"{\"maxLength\":2}", "\"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\"", 0},
    {"{\"minLength\":2.0}", "\"\xc3\xbc\"", ERR_SCHEMA},
    {"{\"uniqueItems\":true}", "[1,true,0,false,[1],[true],{\"a\":1},{\"a\":2}]", 0},
    {"{\"uniqueItems\":true}", "[{\"a\":1,\"b\":2},3,{\"b\":2.0,\"a\":1.0}]", ERR_SCHEMA},
    {"{\"required\":[\"a\"]}", "{\"b\":1}", ERR_SCHEMA},
    {"{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}", ERR_SCHEMA},
    {"{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[\"a\",1]", ERR_SCHEMA},
    {"{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]", ERR_SCHEMA},
    {"{\"contains\":{\"const\":1},\"minContains\":0}", "[]", 0},
    {"{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "2", ERR_SCHEMA},
    {"{\"if\":{\"minimum\":5},\"then\":{\"maximum\":9},\"else\":{\"const\":1}}", "4", ERR_SCHEMA},
    {"{\"dependentSchemas\":{\"a\":{\"required\":[\"b\"]}}}", "{\"a\":1}", ERR_SCHEMA},
    {"{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"additionalProperties\":false}",
     "{\"a\":{\"b\":1}}", ERR_SCHEMA},
    /* unevaluated: through $ref, conditions, contains; cousins see nothing */
    {"{\"$defs\":{\"a\":{\"properties\":{\"x\":true}}},\"$ref\":\"#/$defs/"
     "a\",\"unevaluatedProperties\":false}",
     "{\"x\":1}", 0},
    {"{\"allOf\":[{\"properties\":{\"x\":true}},{\"unevaluatedProperties\":false}]}", "{\"x\":1}",
     ERR_SCHEMA},
    {"{\"anyOf\":[{\"required\":[\"x\"],\"properties\":{\"x\":true}},{\"properties\":{\"y\":true}}]"
     ",\"unevaluatedProperties\":false}",
     "{\"x\":1,\"y\":1}", 0},
    {"{\"not\":{\"not\":{\"properties\":{\"x\":true}}},\"unevaluatedProperties\":false}",
     "{\"x\":1}", ERR_SCHEMA},
    {"{\"contains\":{\"type\":\"string\"},\"unevaluatedItems\":false}", "[\"a\",1]", ERR_SCHEMA},
    {"{\"prefixItems\":[true],\"contains\":{\"type\":\"string\"},\"unevaluatedItems\":false}",
     "[1,\"a\"]", 0},
    {"{\"unevaluatedItems\":{\"type\":\"null\"}}", "[null,null]", 0},
    /* identifiers */
    {"{\"$ref\":\"#x\",\"$defs\":{\"a\":{\"$anchor\":\"x\",\"type\":\"null\"}}}", "1", ERR_SCHEMA},
    {"{\"$id\":\"http://h/a/b\",\"$ref\":\"../c#/$defs/d\",\"$defs\":{\"z\":{\"$id\":\"/"
     "c\",\"$defs\":{\"d\":{\"const\":3}}}}}",
     "3", 0},
    {"{\"$id\":\"urn:x:1\",\"$ref\":\"#/$defs/a~1b%25\",\"$defs\":{\"a/b%\":{\"const\":3}}}", "4",
     ERR_SCHEMA},
    {"{\"$id\":\"https://h/"
     "root\",\"$ref\":\"list\",\"$defs\":{\"s\":{\"$dynamicAnchor\":\"T\",\"type\":\"string\"},"
     "\"list\":{\"$id\":\"list\",\"items\":{\"$dynamicRef\":\"#T\"},\"$defs\":{\"T\":{\"$"
     "dynamicAnchor\":\"T\"}}}}}",
     "[1]", ERR_SCHEMA},
    {"{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}", "{\"minLength\":-1}",
     ERR_SCHEMA},
    {"{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}",
     "{\"properties\":{\"a\":{\"type\":\"string\"}}}", 0},
    {"{\"$ref\":\"https://json-schema.org/draft/2020-12/schema\"}",
     "{\"properties\":{\"a\":{\"type\":7}}}", ERR_SCHEMA},
    /* draft-07 by what it says, though it does not say so */
    {"{\"items\":[{\"type\":\"string\"}]}", "[1]", ERR_SCHEMA},
    {"{\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", "[\"a\",1]", ERR_SCHEMA},
    {"{\"allOf\":[{\"dependencies\":{\"a\":[\"b\"]}}]}", "{\"a\":1}", ERR_SCHEMA},
    {"{\"properties\":{\"dependencies\":{\"items\":[true]}}}", "{\"dependencies\":[1]}", 0},
    /* draft-07 */
    {"{" D7 ",\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", "[\"a\",1]",
     ERR_SCHEMA},
    {"{" D7 ",\"items\":{\"const\":1},\"additionalItems\":false}", "[1,1]", 0},
    {"{" D7 ",\"dependencies\":{\"a\":[\"b\"],\"c\":{\"minProperties\":3}}}", "{\"c\":1}",
     ERR_SCHEMA},
    {"{" D7 ",\"properties\":{\"a\":{\"$ref\":\"#/definitions/"
            "x\",\"maxItems\":0}},\"definitions\":{\"x\":true}}",
     "{\"a\":[1]}", 0},
    {"{" D7 ",\"$ref\":\"#foo\",\"definitions\":{\"x\":{\"$id\":\"#foo\",\"const\":1}}}", "2",
     ERR_SCHEMA},
    {"{" D7 ",\"$ref\":\"http://json-schema.org/draft-07/schema#\"}", "{\"type\":\"wrong\"}",
     ERR_SCHEMA},
    {"{" D7 ",\"$ref\":\"http://h/bar#foo\",\"definitions\":{\"x\":{\"$id\":\"http://h/"
            "bar#foo\",\"const\":1}}}",
     "2", ERR_SCHEMA},
    {"{" D7 ",\"$id\":\"http://h/"
            "n\",\"$ref\":\"#foo\",\"definitions\":{\"x\":{\"$id\":\"#foo\",\"const\":1}}}",
     "1", 0},
    /* patterns */
    {"{\"pattern\":\"^(ab|c[^d-f])*\\\\d{2,3}$\"}", "\"abcx123\"", 0},
    {"{\"pattern\":\"^(ab|c[^d-f])*\\\\d{2,3}$\"}", "\"abcx1234\"", ERR_SCHEMA},
    {"{\"pattern\":\"^(?!.*bad)(?=.*\\\\d).{3,}$\"}", "\"ok 1\"", 0},
    {"{\"pattern\":\"^(?!.*bad)(?=.*\\\\d).{3,}$\"}", "\"bad 1\"", ERR_SCHEMA},
    {"{\"pattern\":\"^\\\\p{digit}\\\\p{gc=punct}$\"}", "\"\xd9\xa3!\"", 0},
    {"{\"pattern\":\"^\\\\p{Lu}\\\\u{e9}.$\"}", "\"\xc3\x89\xc3\xa9\xf0\x9f\x92\xa9\"", 0},
    {"{\"x-limit\":1,\"x-\":{\"$id\":5,\"type\":\"wrong\"}}", "2", 0},
    {"{" D7 ",\"x-enum-names\":[]}", "2", 0},
    {"{\"pattern\":\"^a$\"}", "\"a\\n\"", ERR_SCHEMA},
    {"{\"pattern\":\"\\\\bcat\\\\B\"}", "\"the cats\"", 0},
    {"{\"pattern\":\"^(a*)*$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"", ERR_SCHEMA},
    {"{\"pattern\":\"^(a|b|){3}c{0}$\"}", "\"ab\"", 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int got = verdict(rows[i].schema, rows[i].value);
        if (got != rows[i].expected)
            fail_msg("%s against %s: %s", rows[i].value, rows[i].schema,
                     got ? err_name(got) : "fits");
    }
}

static const struct {
    const char *schema;
    int expected;
} refused[] = {
    {"1", ERR_SCHEMA},
    {"{\"type\":\"strin\"}", ERR_SCHEMA},
    {"{\"minLength\":-1}", ERR_SCHEMA},
    {"{\"minLength\":1.5}", ERR_SCHEMA},
    {"{\"multipleOf\":0}", ERR_SCHEMA},
    {"{\"allOf\":[]}", ERR_SCHEMA},
    {"{\"properties\":{\"a\":[]}}", ERR_SCHEMA},
    {"{\"required\":[1]}", ERR_SCHEMA},
    {"{\"items\":[true],\"prefixItems\":[true]}", ERR_SCHEMA},
    {"{\"items\":[true],\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}", ERR_SCHEMA},
    {"{\"$ref\":\"#/$defs/none\"}", ERR_SCHEMA},
    {"{\"$ref\":\"#/title\",\"title\":\"t\"}", ERR_SCHEMA},
    {"{\"$ref\":\"#\"}", ERR_SCHEMA},
    {"{\"allOf\":[{\"$ref\":\"#/$defs/a\"}],\"$defs\":{\"a\":{\"not\":{\"$ref\":\"#\"}}}}",
     ERR_SCHEMA},
    {"{\"$id\":\"a#b\"}", ERR_SCHEMA},
    {"{\"$defs\":{\"a\":{\"$id\":\"x\"},\"b\":{\"$id\":\"x\"}}}", ERR_SCHEMA},
    {"{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}", ERR_SCHEMA},
    {"{\"$ref\":\"http://example.com/x\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"$schema\":\"http://example.com/x\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"$vocabulary\":{}}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"X-note\":1}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"format\":[\"path\"]}", ERR_SCHEMA},
    {"{\"format\":null}", ERR_SCHEMA},
    {"{\"title\":1}", ERR_SCHEMA},
    {"{\"description\":[]}", ERR_SCHEMA},
    {"{\"$comment\":{}}", ERR_SCHEMA},
    {"{\"contentEncoding\":1}", ERR_SCHEMA},
    {"{\"contentMediaType\":null}", ERR_SCHEMA},
    {"{\"readOnly\":1}", ERR_SCHEMA},
    {"{\"writeOnly\":\"true\"}", ERR_SCHEMA},
    {"{\"deprecated\":null}", ERR_SCHEMA},
    {"{\"examples\":\"x\"}", ERR_SCHEMA},
    {"{\"$anchor\":\"1a\"}", ERR_SCHEMA},
    {"{\"$anchor\":\"a b\"}", ERR_SCHEMA},
    {"{\"$dynamicAnchor\":\"\"}", ERR_SCHEMA},
    {"{\"$anchor\":5}", ERR_SCHEMA},
    {"{\"$ref\":\"#/$defs/a~2b\",\"$defs\":{\"a/b\":true}}", ERR_SCHEMA},
    {"{\"$ref\":\"#/$defs/a~\",\"$defs\":{\"a~\":true}}", ERR_SCHEMA},
    {"{\"x\":1}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"additionalItems\":false,\"minContains\":1}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"dependencies\":{},\"x\":1}", ERR_SCHEMA_UNSUPPORTED},
    {"{" D7 ",\"prefixItems\":[true]}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"(a\"}", ERR_SCHEMA},
    {"{\"pattern\":\"a)\"}", ERR_SCHEMA},
    {"{\"pattern\":\"*a\"}", ERR_SCHEMA},
    {"{\"pattern\":\"a**\"}", ERR_SCHEMA},
    {"{\"pattern\":\"a{3,2}\"}", ERR_SCHEMA},
    {"{\"pattern\":\"[b-a]\"}", ERR_SCHEMA},
    {"{\"pattern\":\"[a\"}", ERR_SCHEMA},
    {"{\"pattern\":\"\\\\\"}", ERR_SCHEMA},
    {"{\"pattern\":\"^*\"}", ERR_SCHEMA},
    {"{\"pattern\":\"(a)\\\\1\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"(?<=a)b\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"(?i)b\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"\\\\Z\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"\\\\p{Nope}\"}", ERR_SCHEMA_UNSUPPORTED},
    {"{\"pattern\":\"((a{100}){100}){100}\"}", ERR_LIMIT},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct schema *schema = NULL;
        struct err err = {0};
        int got = compile(refused[i].schema, &schema, &err);
        if (got != refused[i].expected)
            fail_msg("%s: %s %s", refused[i].schema, got ? err_name(got) : "accepted", err.text);
        assert_int_equal(err.code, got);
        assert_true(err.text[0]);
    }
}

/* RFC 3986, 5.4: what a reference means beneath http://a/b/c/d;p?q. */
static void test_uris(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *uri;
    } uris[] = {
        {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"}, {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {";x", "http://a/b/c/;x"},
        {"g;x?y", "http://a/b/c/g;x?y"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"},
        {"..", "http://a/b/"}, {"../", "http://a/b/"}, {"../g", "http://a/b/g"},
        {"../..", "http://a/"}, {"../../g", "http://a/g"}, {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"}, {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"}, {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"}, {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"}, {"http:g", "http:g"},
    };
    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        char schema[200];
        snprintf(schema, sizeof schema,
                 "{\"$id\":\"http://a/b/c/d;p?q\",\"$ref\":\"%s\",\"$defs\":{\"t\":{\"$id\":"
                 "\"%s\",\"const\":1}}}",
                 uris[i].reference, uris[i].uri);
        if (verdict(schema, "1") != 0 || verdict(schema, "2") != ERR_SCHEMA)
            fail_msg("%s is not %s", uris[i].reference, uris[i].uri);
    }
}

/* Twenty levels of allOf with two references each: a million leaves; forty: stopped. */
static void test_bomb(void **state)
{
    (void)state;
    struct buf text = {0};
    buf_puts(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < 40; i++)
        buf_printf(&text,
                   "\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},",
                   i, i + 1, i + 1);
    buf_puts(&text, "\"d40\":true}}");
    struct schema *schema = NULL;
    assert_int_equal(compile(text.data, &schema, NULL), 0);
    struct json value = {.type = JSON_NULL};
    assert_int_equal(schema_check(schema, &value, NULL, 0, NULL), ERR_LIMIT);
    schema_free(schema);
    buf_clear(&text);
}

/* A pattern whose states all stay alive over a long text ends with the budget. */
static void test_long_text(void **state)
{
    (void)state;
    struct schema *schema = NULL;
    assert_int_equal(compile("{\"pattern\":\"(a?b?c?){1000}d\"}", &schema, NULL), 0);
    char *text = malloc(100000);
    memset(text, 'a', 100000);
    struct json value = {.type = JSON_STRING, .len = 100000, .u.string = text};
    assert_int_equal(schema_check(schema, &value, NULL, 0, NULL), ERR_LIMIT);
    free(text);
    schema_free(schema);
}

static void test_errors(void **state)
{
    (void)state;
    struct schema *schema = NULL;
    assert_int_equal(
        compile("{\"properties\":{\"b\":{\"items\":{\"type\":\"string\"}},\"a\":{\"minimum\":3}},"
                "\"additionalProperties\":false,\"required\":[\"z\"]}",
                &schema, NULL),
        0);
    struct json_doc value = parse("{\"b\":[\"x\",7],\"c~/d\":1,\"a\":2}");
    struct schema_error errors[8];
    size_t count;
    assert_int_equal(schema_check(schema, &value.root, errors, COUNT_OF(errors), &count),
                     ERR_SCHEMA);
    assert_int_equal(count, 4);
    static const struct {
        const char *path, *keyword;
    } expected[] = {
        {"", "required"}, {"/b/1", "type"}, {"/c~0~1d", "additionalProperties"}, {"/a", "minimum"}};
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(errors[i].path, expected[i].path);
        assert_string_equal(errors[i].keyword, expected[i].keyword);
        assert_true(i == 0 || errors[i].at > errors[i - 1].at);
    }
    assert_int_equal(schema_check(schema, &value.root, errors, 2, &count), ERR_SCHEMA);
    assert_int_equal(count, 2);
    assert_string_equal(errors[1].path, "/b/1");
    json_doc_clear(&value);
    schema_free(schema);
}

static void collect(void *ctx, const char *pointer, const struct json *path)
{
    buf_printf(ctx, "%s=%s ", pointer, path->u.string);
}

static void test_paths(void **state)
{
    (void)state;
    struct schema *schema = NULL;
    struct buf found = {0};
    assert_int_equal(
        compile("{\"$defs\":{\"p\":{\"type\":\"string\",\"format\":\"path\"}},\"properties\":{"
                "\"a\":{\"$ref\":\"#/$defs/p\"},\"b\":{\"items\":{\"$ref\":\"#/$defs/"
                "p\"}},\"c\":true}}",
                &schema, NULL),
        0);
    struct json_doc value = parse("{\"a\":\"x\",\"b\":[\"y\",1,\"z\"],\"c\":\"no\"}");
    schema_each_path(schema, &value.root, collect, &found);
    assert_string_equal(found.data, "/a=x /b/0=y /b/2=z ");
    buf_clear(&found);
    json_doc_clear(&value);
    schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bomb),   cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_uris),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
