/* test_json_oracle.c: jansson as a second opinion on hostile text: texts that are nearly JSON are
 * accepted by both or refused by both, and what is accepted means the same.
 * FUZZ=N sets the rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "jansson_oracle.h"

static const char *const seeds[] = {
    ("{\"name\":\"a\\u00e9\\n\",\"list\":[1,-2,3.5e-7,true,false,null,[],{}],"
     "\"n\":{\"deep\":[[[\"x\"]]]}}"),
    "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\",\"\\ud834\\udd1e\",\"\\\"\\\\\\/\\b\\f\\r\\t\"]",
    "[0,-0,1e5,1E+2,0.25,-9223372036854775808,9223372036854775807,1.5e300,123456789.125]",
    " { \"a\" : 1 ,\n\t\"b\" : [ ] , \"ab\":{\"\":0}, \"c\":\"\"}\r\n",
};

/* Pieces that break things. */
static const char *const pieces[] = {
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "0",
    "1",
    ".",
    "e",
    "E",
    "+",
    "\n",
    " ",
    "\xC0",
    "\xED\xA0\x80",
    "\xF4\x90\x80\x80",
    "\xEF\xBB\xBF",
    "\x7F",
    "\x1F",
    "\"a\":",
    "null",
    "nul",
    "//",
    "/**/",
    "9223372036854775808",
    "1e999",
    "'",
    "\\u0061",
    "\\u00",
    "NaN",
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One to four edits of a seed. */
static size_t mutate(char *text, size_t size, uint64_t *random)
{
    const char *seed = seeds[next_random(random) % COUNT_OF(seeds)];
    size_t len = strlen(seed);
    memcpy(text, seed, len);
    for (uint64_t edits = 1 + next_random(random) % 4; edits > 0; edits--) {
        size_t at = next_random(random) % (len + 1), cut = next_random(random) % 4;
        const char *piece =
            next_random(random) % 3 ? pieces[next_random(random) % COUNT_OF(pieces)] : "";
        size_t put = strlen(piece);
        cut = cut > len - at ? len - at : cut;
        require(len - cut + put < size);
        memmove(text + at + put, text + at + cut, len - at - cut);
        memcpy(text + at, piece, put);
        len = len - cut + put;
    }
    return len;
}

static char *canonical(const char *text, size_t len)
{
    struct json_doc doc = {0};
    struct buf out = {0};
    int rc = json_parse(&doc, text, len, NULL, NULL);
    if (!rc)
        json_write(&out, &doc.root);
    json_doc_clear(&doc);
    return rc ? NULL : buf_steal(&out, NULL);
}

/* Our canonical text and the original mean the same to jansson, and its text to us. */
static void check_same(const struct jansson *jansson, void *original, const char *ours)
{
    size_t decode = JANSSON_DECODE_ANY | JANSSON_REJECT_DUPLICATES | JANSSON_ALLOW_NUL;
    size_t encode = JANSSON_ENCODE_ANY | JANSSON_COMPACT | JANSSON_SORT_KEYS;
    void *again = jansson->load(ours, strlen(ours), decode, NULL);
    assert_non_null(again);
    char *theirs = jansson->dump(original, encode), *twice = jansson->dump(again, encode);
    assert_string_equal(theirs, twice);
    char *back = canonical(theirs, strlen(theirs));
    assert_string_equal(back, ours);
    free(theirs);
    free(twice);
    free(back);
    jansson->release(again);
}

static void test_jansson_agrees(void **state)
{
    (void)state;
    const char *rounds = getenv("FUZZ");
    struct jansson jansson = jansson_open();
    uint64_t random = 1234567890123456789u;
    unsigned accepted = 0;
    for (long i = rounds ? atol(rounds) : 30000; i > 0; i--) {
        char text[1024];
        size_t len = mutate(text, sizeof text, &random);
        char *ours = canonical(text, len);
        void *theirs = jansson.load(
            text, len, JANSSON_DECODE_ANY | JANSSON_REJECT_DUPLICATES | JANSSON_ALLOW_NUL, NULL);
        if (!ours != !theirs)
            fail_msg("we %s: %.*s", ours ? "accept" : "refuse", (int)len, text);
        if (ours)
            check_same(&jansson, theirs, ours);
        accepted += ours != NULL;
        free(ours);
        if (theirs)
            jansson.release(theirs);
    }
    assert_true(accepted > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jansson_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
