/* test_value.c: plain data between C and Lua, with every allocation failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#include "script/value.h"
#include "support.h"

static lua_State *open_state(void)
{
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_pushlightuserdata(L, NULL);
    lua_setglobal(L, "null");
    value_empty_array(L);
    lua_setglobal(L, "empty_array");
    value_array_mt(L);
    lua_setglobal(L, "array_mt");
    return L;
}

/* ---- Lua to text and trees ---- */

static int encode(lua_State *L, int idx, struct buf *out, struct err *err)
{
    struct json_text encoder = {0};
    int rc = value_encode(L, idx, &encoder, out, err);
    json_text_clear(&encoder);
    return rc;
}

static const struct {
    const char *chunk, *text; /* text NULL: refused, with `why` in the message */
    const char *why;
    int code;
} rows[] = {
    {"return nil", "null", 0, 0},
    {"return null", "null", 0, 0},
    {"return {null}", "[null]", 0, 0},
    {"return {}", "{}", 0, 0},
    {"return empty_array", "[]", 0, 0},
    {"return setmetatable({}, array_mt)", "[]", 0, 0},
    {"return setmetatable({1}, array_mt)", "[1]", 0, 0},
    {"return setmetatable({a=1}, {__index=error, __pairs=error, __len=error})", "{\"a\":1}", 0, 0},
    {"return {b=1, a={c={}, d=empty_array}, [\"\"]=2.5}",
     "{\"\":2.5,\"a\":{\"c\":{},\"d\":[]},\"b\":1}", 0, 0},
    {"return {1, 2, {3}}", "[1,2,[3]]", 0, 0},
    {"local t = {} t[3]=3 t[2]=2 t[1]=1 return t", "[1,2,3]", 0, 0},
    {"local t = {} for i = 70, 1, -1 do t[i] = i end return #t == 70 and {t[70], t[1]}", "[70,1]",
     0, 0},
    {"return 1 << 63", "-9223372036854775808", 0, 0},
    {"return 1.0", "1.0", 0, 0},
    {"return 2^53", "9007199254740992.0", 0, 0},
    {"return 'a\\0b'", "\"a\\u0000b\"", 0, 0},
    {"return {f=print}", 0, "a function is not plain data at $.f", ERR_JSON},
    {"return {{io.stdout}}", 0, "a userdata is not plain data at $[1][1]", ERR_JSON},
    {"return coroutine.create(print)", 0, "a thread is not plain data at $", ERR_JSON},
    {"return 0/0", 0, "not finite", ERR_JSON},
    {"return {x=1/0}", 0, "not finite at $.x", ERR_JSON},
    {"return {1, a=2}", 0, "both items and named members", ERR_JSON},
    {"return {a=2, 1}", 0, "both items and named members", ERR_JSON},
    {"local t = {1, 2, 3} t[2] = nil return {list=t}", 0, "an array with holes at $.list",
     ERR_JSON},
    {"return {[2]=1}", 0, "an array with holes", ERR_JSON},
    {"return {[1]=1, [2^40|0]=1}", 0, "an array with holes", ERR_JSON},
    {"return {[0]=1}", 0, "an array with holes", ERR_JSON},
    {"return {[1.5]=1}", 0, "both items and named members", ERR_JSON},
    {"return {[true]=1}", 0, "a key that is no string", ERR_JSON},
    {"return setmetatable({a=1}, array_mt)", 0, "both items and named members", ERR_JSON},
    {"local t = {} t.t = t return t", 0, "nested too deep (or a cycle)", ERR_LIMIT},
    {"local t = 1 for _ = 1, 129 do t = {t} end return t", 0, "nested too deep", ERR_LIMIT},
    {"local t = 1 for _ = 1, 30 do t = {t, t} end return t", 0, "too many values", ERR_LIMIT},
    {"local s, t = ('x'):rep(1 << 20), {} for i = 1, 20 do t[i] = s end return t", 0,
     "too many bytes", ERR_LIMIT},
    {"return '\\xff'", 0, "not valid UTF-8 at $", ERR_UTF8},
    {"return {['\\xed\\xa0\\x80']=1}", 0, "not valid UTF-8", ERR_UTF8},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        lua_State *L = open_state();
        struct buf text = {0}, tree_text = {0};
        struct json_doc doc = {0};
        struct err err = {0};
        assert_int_equal(luaL_dostring(L, rows[i].chunk), LUA_OK);
        int rc = encode(L, -1, &text, &err);
        assert_int_equal(lua_gettop(L), 1);
        assert_int_equal(value_read(L, -1, &doc, NULL, &doc.root, NULL), rc);
        assert_int_equal(rc, rows[i].code);
        if (rows[i].text) {
            json_write(&tree_text, &doc.root);
            assert_string_equal(text.data, rows[i].text);
            assert_string_equal(tree_text.data, rows[i].text);
        } else if (!strstr(err.text, rows[i].why)) {
            fail_msg("%s: %s, wanted %s", rows[i].chunk, err.text, rows[i].why);
        }
        buf_clear(&text);
        buf_clear(&tree_text);
        json_doc_clear(&doc);
        lua_close(L);
    }
}

static void test_encode_bound(void **state)
{
    (void)state;
    lua_State *L = open_state();
    struct buf text = {.max = 10};
    assert_int_equal(luaL_dostring(L, "return {'0123456789'}"), LUA_OK);
    assert_int_equal(encode(L, -1, &text, NULL), ERR_LIMIT);
    buf_clear(&text);
    lua_close(L);
}

/* ---- text to Lua ---- */

static void round_trip(lua_State *L, const char *text)
{
    struct buf out = {0}, by_tree = {0};
    struct json_doc doc = {0};
    assert_int_equal(value_decode(L, text, strlen(text), NULL, NULL), 0);
    assert_int_equal(lua_gettop(L), 1);
    assert_int_equal(encode(L, 1, &out, NULL), 0);
    assert_int_equal(json_parse(&doc, text, strlen(text), NULL, NULL), 0);
    json_write(&by_tree, &doc.root);
    assert_string_equal(out.data, by_tree.data);
    lua_settop(L, 0);
    value_push(L, &doc.root);
    buf_reset(&out);
    assert_int_equal(encode(L, 1, &out, NULL), 0);
    assert_string_equal(out.data, by_tree.data);
    lua_settop(L, 0);
    buf_clear(&out);
    buf_clear(&by_tree);
    json_doc_clear(&doc);
}

static void test_round_trips(void **state)
{
    (void)state;
    lua_State *L = open_state();
    struct buf text = {0};
    round_trip(L, "null");
    round_trip(L, "[]");
    round_trip(L, "{\"b\":[1,2.0,[],{}],\"a\":null,\"c\":\"\\u0000\"}");
    for (int items = 60; items < 260; items += 33) { // over the batches of value_decode.c
        buf_reset(&text);
        buf_putc(&text, '[');
        for (int i = 0; i < items; i++)
            buf_printf(&text, "%s{\"id\":%d,\"k%d\":[%d]}", i ? "," : "", i, i, i);
        buf_puts(&text, ",{");
        for (int i = 0; i < items; i++)
            buf_printf(&text, "%s\"k%d\":%d", i ? "," : "", i, i);
        buf_puts(&text, "}]");
        round_trip(L, text.data);
    }
    buf_clear(&text);
    lua_close(L);
}

static void test_duplicates(void **state)
{
    (void)state;
    lua_State *L = open_state();
    for (int count = 1; count < 150; count += 7) {
        struct buf text = {0};
        struct err err = {0};
        buf_puts(&text, "{\"twin\":0");
        for (int i = 0; i < count; i++)
            buf_printf(&text, ",\"k%d\":[{}]", i);
        buf_puts(&text, ",\"t\\u0077in\":1}");
        assert_int_equal(value_decode(L, text.data, text.len, NULL, &err), ERR_JSON);
        assert_non_null(strstr(err.text, "duplicate key at line 1, column "));
        assert_int_equal(value_decode(L, text.data, text.len, NULL, NULL), ERR_JSON);
        assert_int_equal(lua_gettop(L), 0);
        buf_clear(&text);
    }
    lua_close(L);
}

/* ---- memory ---- */

static const char hungry[] =
    "{\"a\":[1,2.5,\"text\",{\"b\":null}],\"c\":{\"d\":[[],{}],\"e\":true}}";

static int decode_all(lua_State *L)
{
    int *code = lua_touserdata(L, 1);
    *code = value_decode(L, hungry, strlen(hungry), NULL, NULL);
    return 0;
}

/* A failure of Lua's memory jumps through the scan; nothing is lost (the sanitizer would tell). */
static void test_decode_out_of_memory(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        lua_State *L = open_state();
        int code = 1;
        lua_pushcfunction(L, decode_all);
        lua_pushlightuserdata(L, &code);
        lua_gc(L, LUA_GCSTOP);
        support_fail_at(n);
        int rc = lua_pcall(L, 1, 0, 0);
        bool failed = support_failed();
        lua_close(L);
        if (!failed) {
            assert_int_equal(rc, LUA_OK);
            assert_int_equal(code, 0);
            return;
        }
        assert_true(rc == LUA_ERRMEM || code == 0 || code == ERR_MEMORY);
    }
}

static void test_encode_out_of_memory(void **state)
{
    (void)state;
    lua_State *L = open_state();
    assert_int_equal(value_decode(L, hungry, strlen(hungry), NULL, NULL), 0);
    for (unsigned n = 1;; n++) {
        struct buf out = {0};
        struct json_doc doc = {0};
        support_fail_at(n);
        int text = encode(L, 1, &out, NULL);
        bool text_failed = support_failed();
        support_fail_at(n);
        int tree = value_read(L, 1, &doc, NULL, &doc.root, NULL);
        bool tree_failed = support_failed();
        buf_clear(&out);
        json_doc_clear(&doc);
        assert_int_equal(text, text_failed ? ERR_MEMORY : 0);
        assert_int_equal(tree, tree_failed ? ERR_MEMORY : 0);
        if (!text_failed && !tree_failed)
            break;
    }
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_encode_bound),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_decode_out_of_memory),
        cmocka_unit_test(test_encode_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
