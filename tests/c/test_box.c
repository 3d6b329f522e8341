/* test_box.c: boxes from C: results, errors and their words, limits, sessions, images. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script/pool.h"
#include "support.h"

#ifdef GCSTRESS
#define PATIENCE 50
#else
#define PATIENCE 1
#endif

static const struct box_limits patient = {.steps = BOX_NO_STEPS, .ms = BOX_MS * PATIENCE};

static struct script *make(const char *text)
{
    struct script *script = NULL;
    struct err err = {0};
    struct script_source source = {.text = {.name = "test", .bytes = text, .len = strlen(text)}};
    if (script_new(&script, &source, &err))
        fail_msg("%s", err.text);
    return script;
}

static int call(struct script *script, const char *function, const char *args,
                const struct box_limits *limits, struct buf *out, struct err *err)
{
    struct json_doc doc = {0};
    const struct json *list[4];
    struct box *box;
    size_t count = 0;
    assert_int_equal(json_parse(&doc, args, strlen(args), NULL, NULL), 0);
    for (; count < doc.root.len; count++)
        list[count] = json_at(&doc.root, count);
    struct box_call c = {.function = function, .args = list, .count = count};
    assert_int_equal(script_take(script, &box, err), 0);
    int rc = box_call(box, &c, limits ? limits : &patient, err);
    if (!rc)
        json_write(out, box_value(box));
    script_give(script, box);
    json_doc_clear(&doc);
    return rc;
}

/* ---- results ---- */

static void test_results(void **state)
{
    static const struct {
        const char *body, *args, *result; /* result NULL: broken contract */
    } rows[] = {
        {"return 1", "[]", "1"},
        {"return", "[]", "null"},
        {"return ...", "[{\"b\":[1,2.0,\"x\",null,true],\"a\":{}}]",
         "{\"a\":{},\"b\":[1,2.0,\"x\",null,true]}"},
        {"return ...", "[[]]", "[]"},
        {"return {...}", "[1,2,3]", "[1,2,3]"},
        {"return select('#', ...)", "[null,null]", "2"},
        {"return math.maxinteger", "[]", "9223372036854775807"},
        {"return cjson.empty_array", "[]", "[]"},
        {"return cjson.decode(...)", "[\"{\\\"a\\\":[]}\"]", "{\"a\":[]}"},
        {"return cjson.encode(...)", "[{\"b\":1,\"a\":[]}]", "\"{\\\"a\\\":[],\\\"b\\\":1}\""},
        {"return print", "[]", "null"},
        {"return type", "[]", 0},
        {"return {x=function() end}", "[]", 0},
        {"return {1,nil,3}", "[]", 0},
        {"return 0/0", "[]", 0},
        {"return '\\xff'", "[]", 0},
        {"return setmetatable({1}, {__index=error, __pairs=error, __len=error})", "[]", "[1]"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[300];
        struct buf out = {0};
        struct err err = {0};
        snprintf(text, sizeof text, "return { f = function(...) %s end }", rows[i].body);
        struct script *script = make(text);
        int rc = call(script, "f", rows[i].args, NULL, &out, &err);
        assert_int_equal(rc, rows[i].result ? 0 : ERR_SCRIPT_CONTRACT);
        if (rows[i].result)
            assert_string_equal(out.data, rows[i].result);
        script_free(script);
        buf_clear(&out);
    }
}

/* ---- errors ---- */

static void test_errors(void **state)
{
    static const struct {
        const char *body;
        int code;
        const char *text;
    } rows[] = {
        {"error('x')", ERR_SCRIPT, "test:1: x"},
        {"error('x', 0)", ERR_SCRIPT, "x"},
        {"error({message='why'})", ERR_SCRIPT, "why"},
        {"error({})", ERR_SCRIPT, "test raised a table"},
        {"error()", ERR_SCRIPT, "test raised a nil"},
        {"error(setmetatable({}, {__tostring=function() while true do end end}))", ERR_SCRIPT,
         "test raised a table"},
        {"error('\\xff')", ERR_SCRIPT, "test raised a text that is not UTF-8"},
        {"x.y = 1", ERR_SCRIPT, "test:1: attempt to index a nil value (global 'x')"},
        {"perform({})", ERR_SCRIPT, "test:1: perform: only a tool's run may perform operations"},
        {"return {t=type}", ERR_SCRIPT_CONTRACT,
         "test: f answered a function is not plain data at $.t"},
        {"while true do end", ERR_SCRIPT_STEPS, "test used more than its 5000 steps at line 1"},
        {"('x'):rep(1e9)", ERR_SCRIPT_MEMORY,
         "test used more than its 16384 KiB of memory at line 1"},
        {"pcall(string.rep, 'x', 1e9)", ERR_SCRIPT_MEMORY,
         "test used more than its 16384 KiB of memory at line 1"},
        {"while true do pcall(error) end", ERR_SCRIPT_STEPS,
         "test used more than its 5000 steps at line 1"},
        {"return pcall(function() while true do end end)", ERR_SCRIPT_STEPS,
         "test used more than its 5000 steps at line 1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[300];
        struct buf out = {0};
        struct err err = {0};
        snprintf(text, sizeof text, "return { f = function(...) %s end }", rows[i].body);
        struct script *script = make(text);
        assert_int_equal(call(script, "f", "[]",
                              &(struct box_limits){.steps = 5000, .ms = 1000 * PATIENCE}, &out,
                              &err),
                         rows[i].code);
        assert_string_equal(err.text, rows[i].text);
        script_free(script);
        buf_clear(&out);
    }
}

static void test_contract(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"return {}", 0},
        {"return { data = { 1, 2 }, f = function() end }", 0},
        {"return", ERR_SCRIPT_CONTRACT},
        {"return function() end", ERR_SCRIPT_CONTRACT},
        {"return 'x'", ERR_SCRIPT_CONTRACT},
        {"return = 1", ERR_SCRIPT_SYNTAX},
        {"\033Lua", ERR_SCRIPT_SYNTAX},
        {"error('x')", ERR_SCRIPT},
        {"while true do end", ERR_SCRIPT_TIME},
        {"local t = {} while true do t = { t } end", ERR_SCRIPT_MEMORY},
        {"local t = {} for i = 1, 100000 do t[i] = i end return t",
         ERR_SCRIPT_MEMORY}, // image too large
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows) - (PATIENCE > 1 ? 2 : 0); i++) {
        struct script *script = NULL;
        struct err err = {0};
        struct script_source source = {
            .text = {.name = "test", .bytes = rows[i].text, .len = strlen(rows[i].text)},
            .mem = 4 << 20};
        int rc = script_new(&script, &source, &err);
        if (rc != rows[i].code && !(rc == ERR_SCRIPT_STEPS && rows[i].code == ERR_SCRIPT_TIME))
            fail_msg("%s: %s", rows[i].text, err.text);
        script_free(script);
    }
    struct script *script = make("return { g = 1 }");
    struct buf out = {0};
    struct err err = {0};
    assert_int_equal(call(script, "f", "[]", NULL, &out, &err), ERR_SCRIPT_CONTRACT);
    assert_string_equal(err.text, "test has no function 'f'");
    assert_int_equal(call(script, "g", "[]", NULL, &out, &err), ERR_SCRIPT_CONTRACT);
    script_free(script);
}

static void test_describe(void **state)
{
    (void)state;
    struct script *script =
        make("local t = {} t.t = t\nreturn { name = 'x', list = { 1, {} }, f = type, t = t, "
             "mixed = { 1, x = 2 }, empty = cjson.empty_array, nan = 0/0, bytes = '\\xff', null = "
             "cjson.null }");
    struct buf out = {0};
    const struct json *value = script_value(script);
    json_write(&out, json_get(value, "f"));
    json_write(&out, json_get(value, "mixed"));
    json_write(&out, json_get(value, "list"));
    json_write(&out, json_get(value, "empty"));
    json_write(&out, json_get(value, "nan"));
    json_write(&out, json_get(value, "bytes"));
    json_write(&out, json_get(value, "null"));
    assert_string_equal(out.data, "{\"type\":\"function\"}{\"type\":\"table\"}[1,{}][]{\"type\":"
                                  "\"number\"}{\"type\":\"string\"}null");
    buf_clear(&out);
    script_free(script);
}

/* ---- sessions ---- */

static const char *const tool =
    "local n = 0 return { run = function(a)\n"
    "  n = n + 1\n"
    "  local r = perform({ op = 'read', path = a })\n"
    "  local ok, s = pcall(function() return perform({ op = 'more', n = n }) end)\n"
    "  return { r, ok, s, n }\nend }";

static void test_session(void **state)
{
    struct script *script = make(tool);
    struct err err = {0};
    struct box *a, *b;
    struct json arg = {.type = JSON_STRING, .len = 1, .u.string = "p"};
    const struct json *args[] = {&arg};
    struct box_call c = {.function = "run", .args = args, .count = 1, .session = true};
    struct buf out = {0};
    (void)state;
    assert_int_equal(script_take(script, &a, &err), 0);
    assert_int_equal(script_take(script, &b, &err), 0);
    assert_ptr_not_equal(a, b);
    assert_int_equal(box_call(a, &c, &patient, &err), BOX_YIELD);
    json_write(&out, box_value(a));
    assert_int_equal(box_call(b, &c, &patient, &err), BOX_YIELD);
    assert_int_equal(box_resume(a, &arg, &err), BOX_YIELD);
    json_write(&out, box_value(a));
    assert_int_equal(box_resume(a, &arg, &err), BOX_DONE);
    json_write(&out, box_value(a));
    assert_int_equal(box_resume(a, &arg, &err), ERR_BUG);
    assert_string_equal(
        out.data, "{\"op\":\"read\",\"path\":\"p\"}{\"n\":1,\"op\":\"more\"}[\"p\",true,\"p\",1]");
    script_give(script, a);
    script_free(script); // goes with the last box
    assert_int_equal(box_resume(b, &arg, &err), BOX_YIELD);
    script_give(script, b);
    buf_clear(&out);
}

static void test_box_limit(void **state)
{
    struct script *script = make("return {}");
    struct box *boxes[SCRIPT_BOXES], *more;
    struct err err = {0};
    (void)state;
    for (int i = 0; i < SCRIPT_BOXES; i++)
        assert_int_equal(script_take(script, &boxes[i], &err), 0);
    assert_int_equal(script_take(script, &more, &err), ERR_LIMIT);
    script_give(script, boxes[0]);
    assert_int_equal(script_take(script, &boxes[0], &err), 0);
    for (int i = 0; i < SCRIPT_BOXES; i++)
        script_give(script, boxes[i]);
    script_free(script);
}

/* Waiting costs nothing, running does: the budget is one for all stretches of a session. */
static void test_session_budget(void **state)
{
    struct script *script = make(
        "return { run = function() while true do for i = 1, 1000 do end perform({}) end end }");
    struct box *box;
    struct err err = {0};
    struct json nothing = {0};
    struct box_call c = {.function = "run", .session = true};
    int stretches = 1;
    (void)state;
    assert_int_equal(script_take(script, &box, &err), 0);
    int rc = box_call(box, &c, &(struct box_limits){.steps = 20000, .ms = 10000}, &err);
    for (; rc == BOX_YIELD; stretches++)
        rc = box_resume(box, &nothing, &err);
    assert_int_equal(rc, ERR_SCRIPT_STEPS);
    assert_in_range(stretches, 8, 21);
    script_give(script, box);
    script_free(script);
}

/* A process that is stopped for longer than the limit has not used it up. */
static void test_stopped_machine(void **state)
{
    struct script *script = make(
        "return { run = function() local t = {} for i = 1, 2000000 do t[i % 20000] = i end end }");
    struct box_call c = {.function = "run"};
    struct err err = {0};
    struct box *box;
    pid_t self = getpid();
    (void)state;
    for (int strict = 0; strict < 2; strict++) {
        struct box_limits limits = {.steps = BOX_NO_STEPS, .ms = 400, .strict = strict};
        assert_int_equal(script_take(script, &box, &err), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            usleep(10000);
            kill(self, SIGSTOP);
            usleep(500000);
            kill(self, SIGCONT);
            _exit(0);
        }
        int rc = box_call(box, &c, &limits, &err);
        waitpid(child, NULL, 0);
        assert_true(rc == (strict ? ERR_SCRIPT_TIME : 0));
        script_give(script, box);
    }
    script_free(script);
}

/* ---- images ---- */

static void test_no_memory_between_calls(void **state)
{
    struct script *script =
        make("local n = 0 return { f = function() n = n + 1 x = (x or 0) + 1 return { n, x } end, "
             "boom = function() n = 100 local g = _G for k in pairs(g) do g[k] = nil end end }");
    struct buf out = {0};
    struct err err = {0};
    (void)state;
    for (int i = 0; i < 5; i++) {
        buf_reset(&out);
        assert_int_equal(call(script, "f", "[]", NULL, &out, &err), 0);
        assert_string_equal(out.data, "[1,1]");
        if (call(script, "boom", "[]", NULL, &out, &err))
            fail_msg("%s", err.text);
    }
    buf_clear(&out);
    script_free(script);
}

static void test_prelude(void **state)
{
    const char *prelude =
        "function fs_read(path) return perform({ op = 'fs.read', path = path }) end";
    const char *text = "return { run = function(a) return fs_read(a) end }";
    struct script_source source = {.text = {.name = "t", .bytes = text, .len = strlen(text)},
                                   .mem = 1 << 20};
    struct script *script = NULL;
    struct err err = {0};
    struct box *box;
    struct box_call c = {.function = "run", .session = true};
    (void)state;
    assert_int_equal(prelude_new(&source.prelude, "function (", 10, &err), ERR_SCRIPT_SYNTAX);
    assert_int_equal(prelude_new(&source.prelude, prelude, strlen(prelude), &err), 0);
    assert_int_equal(script_new(&script, &source, &err), 0);
    prelude_free(source.prelude); // the script holds it
    assert_int_equal(script_take(script, &box, &err), 0);
    assert_int_equal(box_call(box, &c, &patient, &err), BOX_YIELD);
    assert_true(json_is(json_get(box_value(box), "op"), "fs.read"));
    assert_true(box_image(box) < 64 << 10);
    script_give(script, box);
    script_free(script);
}

/* Scripts behind one prelude are tried in one box: what one did in it no other sees. */
static void test_trials(void **state)
{
    static const struct {
        const char *text;
        int code;
    } rows[] = {
        {"string.rep = nil table.insert = 5 shared.x = 1 leak = {} return {}", 0},
        {"return { a = ", ERR_SCRIPT_SYNTAX},
        {"leak = 1 while true do end", ERR_SCRIPT_STEPS},
        {"leak = 1 local t = {} for i = 1, 64 do t[i] = ('x'):rep(1000000) .. i end",
         ERR_SCRIPT_MEMORY},
        {"leak = {} for i = 1, 3 do leak[i] = ('x'):rep(400000) .. i end return {}",
         ERR_SCRIPT_MEMORY},
        {"return 1", ERR_SCRIPT_CONTRACT},
        {"assert(not leak and string.rep and type(table.insert) == 'function' and not shared.x) "
         "local n = 0 return { once = function() n = n + 1 assert(n == 1) end, bad = function() "
         "error('no') end, "
         "loop = function() while true do end end }",
         0},
    };
    const char *prelude = "shared = {}";
    struct script_source source = {.text = {.name = "test"}};
    struct script *script = NULL;
    struct err err = {0};
    struct buf out = {0};
    (void)state;
    assert_int_equal(prelude_new(&source.prelude, prelude, strlen(prelude), &err), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        script_free(script);
        script = NULL;
        source.text.bytes = rows[i].text;
        source.text.len = strlen(rows[i].text);
        int rc = script_new(&script, &source, &err);
        if (rc != rows[i].code && !(rc == ERR_SCRIPT_TIME && rows[i].code == ERR_SCRIPT_STEPS))
            fail_msg("%s: %d %s", rows[i].text, rc, err.text);
    }
    struct box_call once = {.function = "once"}, bad = {.function = "bad"},
                    none = {.function = "none"}, loop = {.function = "loop"};
    assert_int_equal(script_try(script, &once, &err), 0);
    assert_int_equal(script_try(script, &once, &err), 0);
    assert_int_equal(script_try(script, &bad, &err), ERR_SCRIPT);
    assert_int_equal(script_try(script, &none, &err), ERR_SCRIPT_CONTRACT);
    assert_int_not_equal(script_try(script, &loop, &err), 0);
    assert_int_equal(script_try(script, &once, &err), 0);
    assert_int_equal(call(script, "once", "[]", NULL, &out, &err), 0);
    buf_clear(&out);
    prelude_free(source.prelude);
    script_free(script);
}

/* ---- no memory ---- */

/* Prepares, calls and resumes; any step may answer ERR_MEMORY. */
static int whole_life(struct err *err)
{
    struct script *script = NULL;
    struct script_source source = {.text = {.name = "tool", .bytes = tool, .len = strlen(tool)},
                                   .mem = 1 << 20};
    struct box *box = NULL;
    struct json arg = {.type = JSON_STRING, .len = 1, .u.string = "p"};
    const struct json *args[] = {&arg};
    struct box_call c = {.function = "run", .args = args, .count = 1, .session = true};
    int rc = script_new(&script, &source, err);
    if (rc)
        return rc;
    rc = script_take(script, &box, err);
    if (!rc)
        rc = box_call(box, &c, &patient, err);
    while (rc == BOX_YIELD)
        rc = box_resume(box, &arg, err);
    if (box)
        script_give(script, box);
    script_free(script);
    return rc;
}

static void test_no_memory(void **state)
{
    unsigned n = 0;
    bool failed;
    (void)state;
    do {
        struct err err = {0};
        support_fail_at(++n);
        int rc = whole_life(&err);
        failed = support_failed();
        if (failed && rc == 0)
            fail_msg("allocation %u failed and nobody noticed", n);
        if (!failed && rc)
            fail_msg("%s", err.text);
    } while (failed);
    assert_true(n > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_box_limit),
        cmocka_unit_test(test_session_budget),
        cmocka_unit_test(test_stopped_machine),
        cmocka_unit_test(test_no_memory_between_calls),
        cmocka_unit_test(test_prelude),
        cmocka_unit_test(test_trials),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
