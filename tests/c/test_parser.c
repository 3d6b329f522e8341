/* test_parser.c: the parser's wall: facts of every language,
 * and texts that are made to break it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "io/process/parser.h"
#include "support.h"

struct outcome {
    int code; /* 0 or ERR_* */
    bool done;
    char facts[4096];
    size_t len;
};

struct house {
    uv_loop_t loop;
    int program;
};

static void on_done(void *ctx, const struct buf *facts, const struct err *err)
{
    struct outcome *o = ctx;
    assert_false(o->done);
    (void)support_failed(); // what the test itself allocates is not to fail
    o->done = true;
    o->code = err ? err->code : 0;
    o->len = facts ? facts->len : 0;
    if (facts && facts->len < sizeof o->facts)
        memcpy(o->facts, facts->data, facts->len);
    if (facts) {
        struct json_doc doc = {0};
        assert_int_equal(json_parse(&doc, facts->data, facts->len, NULL, NULL), 0);
        assert_int_equal(doc.root.type, JSON_ARRAY);
        json_doc_clear(&doc);
    }
}

static struct outcome parse(struct house *h, const char *language, const char *text, size_t len)
{
    struct outcome o = {0};
    struct parser *parser;
    o.code =
        parser_begin(&h->loop, h->program, language, false, text, len, on_done, &o, &parser, NULL);
    bool started = o.code == 0;
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_int_equal(o.done, started);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // nobody is left, not even as a zombie
    return o;
}

static void test_facts(void **state)
{
    static const struct {
        const char *language, *text, *fact;
    } rows[] = {
        {"python", "x = 1\nfrom ..a.b import c as d, e\n",
         "[{\"fact\":\"import\",\"line\":2,\"column\":1,\"module\":\"a.b\",\"names\":\"c,e\","
         "\"dots\":2}]"},
        {"python", "s = 'é'; import a . b\n",
         "[{\"fact\":\"import\",\"line\":1,\"column\":17,\"module\":\"a.b\"}]"},
        {"javascript", "require('a\\\\b')",
         "[{\"fact\":\"unclear\",\"line\":1,\"column\":1,\"text\":\"escaped\"}]"},
        {"typescript", "class A { f() {} }",
         "[{\"fact\":\"class\",\"line\":1,\"column\":7,\"name\":\"A\",\"methods\":1}]"},
        {"tsx", "const a = <b/>", "[]"},
        {"c", "#include \"a\"", "[{\"fact\":\"import\",\"line\":1,\"column\":1,\"module\":\"a\"}]"},
        {"lua", "require(x)",
         "[{\"fact\":\"unclear\",\"line\":1,\"column\":1,\"text\":\"computed\"}]"},
        {"lua", "", "[]"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct outcome o = parse(*state, rows[i].language, rows[i].text, strlen(rows[i].text));
        assert_int_equal(o.code, 0);
        assert_string_equal(o.facts, rows[i].fact);
    }
}

/* `count` times the piece, with room for a NUL that is not there. */
static char *repeat(const char *piece, size_t count, size_t *len)
{
    size_t one = strlen(piece);
    char *text = malloc(one * count);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * one, piece, one);
    *len = one * count;
    return text;
}

/* Each is answered: with facts, or with the limit; never with anything else, and never late. */
static void test_hostile(void **state)
{
    static const struct {
        const char *language, *piece;
    } rows[] = {
        {"python", "("}, {"python", "if a:\n "}, {"javascript", "{"}, {"javascript", ") ("},
        {"tsx", "{"},    {"tsx", "<a "},         {"typescript", "("}, {"c", "{"},
        {"c", "`${"},    {"lua", "{"},           {"lua", "("},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len;
        char *text = repeat(rows[i].piece, 70000, &len);
        uint64_t start = uv_hrtime();
        struct outcome o = parse(*state, rows[i].language, text, len);
        assert_true(o.code == 0 || o.code == ERR_LIMIT);
        assert_true(uv_hrtime() - start < (PARSER_WALL_MS + 2000) * (uint64_t)1000000);
        free(text);
    }
}

static void test_too_much(void **state)
{
    size_t len;
    char *text = repeat("x = 1\n", 180000, &len);
    assert_int_equal(parse(*state, "python", text, len).code, ERR_LIMIT); // of source
    free(text);
    text = repeat("import a\n", 5001, &len);
    assert_int_equal(parse(*state, "python", text, len).code, ERR_LIMIT); // of facts
    assert_int_equal(parse(*state, "python", text, len - 9).code, 0);
    free(text);
    text = repeat("abcdefghij", 101, &len);
    memcpy(text, "import ", 7);
    assert_int_equal(parse(*state, "python", text, len).code, ERR_LIMIT); // of a name
    free(text);
}

static void test_abandoned(void **state)
{
    struct house *h = *state;
    struct outcome o = {0};
    struct parser *parser;
    size_t len;
    char *text = repeat("(", 70000, &len);
    assert_int_equal(
        parser_begin(&h->loop, h->program, "c", false, text, len, on_done, &o, &parser, NULL), 0);
    parser_abandon(parser);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_false(o.done);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    free(text);
}

static void test_no_program(void **state)
{
    struct house *h = *state;
    struct outcome o = {0};
    struct parser *parser;
    struct err err = {0};
    assert_int_equal(parser_begin(&h->loop, -1, "c", false, "", 0, on_done, &o, &parser, &err),
                     ERR_IO);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    assert_false(o.done);
}

static void test_no_memory(void **state)
{
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        struct outcome o = {0};
        struct parser *parser;
        struct house *h = *state;
        support_fail_at(n);
        o.code =
            parser_begin(&h->loop, h->program, "c", false, "int x;", 6, on_done, &o, &parser, NULL);
        uv_run(&h->loop, UV_RUN_DEFAULT); // to the end: an answer may come in pieces
        failed = support_failed();
        assert_true(o.code == 0 || failed);
    }
}

static int set_up(void **state)
{
    static struct house house;
    *state = &house;
    house.program = parser_program(NULL);
    return house.program < 0 || uv_loop_init(&house.loop);
}

static int tear_down(void **state)
{
    struct house *h = *state;
    base_close_fd(&h->program);
    return uv_loop_close(&h->loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),      cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_too_much),   cmocka_unit_test(test_abandoned),
        cmocka_unit_test(test_no_program), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
