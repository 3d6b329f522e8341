/* test_dialect.c: the promises of model/dialect.h (tests/fuzz/promises.h) over the vectors of
 * tests/dialects/, each changed a few hundred times: the same changes every time. `make
 * evidence` runs the fuzzer itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../fuzz/promises.h"
#include "support.h"

#define PLACE   "build/fuzz/smoke"
#define SEEDS   512
#define CHANGES 600  /* of each seed */
#define TEXT    2000 /* bytes of one, at most */

static struct {
    char bytes[TEXT];
    size_t len;
} seeds[SEEDS];
static size_t seed_count;
static uint32_t state = 1;

static size_t below(size_t n)
{
    state = state * 1664525u + 1013904223u;
    return n ? (state >> 8) % n : 0;
}

static void load(void)
{
    for (; seed_count < SEEDS; seed_count++) {
        char name[64];
        (void)snprintf(name, sizeof name, PLACE "/vector-%zu", seed_count + 1);
        FILE *file = fopen(name, "rb");
        if (!file)
            return;
        seeds[seed_count].len = fread(seeds[seed_count].bytes, 1, TEXT, file);
        (void)fclose(file);
    }
}

static int prepare(void **test)
{
    (void)test;
    if (system("rm -rf " PLACE " && mkdir -p " PLACE " && lua5.4 tests/fuzz/grammar.lua > " PLACE
               "/grammar.json"
               " && lua5.4 tests/fuzz/seeds.lua " PLACE " " PLACE "/grammar.json > /dev/null"))
        return -1;
    (void)setenv("FUZZ_GRAMMAR", PLACE "/grammar.json", 1);
    load();
    return promises_begin();
}

/* One byte another one, a part taken out, or a part of another seed put in. */
static size_t change(char *text, size_t len)
{
    size_t at = below(len), part = 1 + below(24);
    if (below(3) == 0) {
        text[at] = (char)below(256);
    } else if (below(2)) {
        part = part < len - at ? part : len - at;
        memmove(text + at, text + at + part, len - at - part);
        len -= part;
    } else {
        size_t other = below(seed_count), from = below(seeds[other].len);
        size_t left = seeds[other].len - from;
        part = part < left ? part : left;
        part = part < TEXT - len ? part : TEXT - len;
        memmove(text + at + part, text + at, len - at);
        memcpy(text + at, seeds[other].bytes + from, part);
        len += part;
    }
    return len;
}

static void test_promises(void **test)
{
    (void)test;
    assert_true(seed_count > 80);
    for (size_t i = 0; i < seed_count; i++) {
        char text[TEXT];
        size_t len = seeds[i].len;
        memcpy(text, seeds[i].bytes, len);
        for (size_t n = 0; n < CHANGES; n++) {
            (void)promises_hold((const unsigned char *)text, len);
            len = change(text, len);
            if (n % 8 == 7) {
                len = seeds[i].len;
                memcpy(text, seeds[i].bytes, len);
            }
        }
    }
}

/* As read_text in pieces of 16, whatever becomes of it; *code says that. */
static struct dialect *read_hungry(const char *text, size_t len, int *code)
{
    struct dialect *d = NULL;
    *code = dialect_open(&d, &grammar, NULL, &tools.root, NULL);
    for (size_t at = 0; *code == 0 && at < len; at += 16)
        *code = dialect_feed(d, text + at, len - at < 16 ? len - at : 16);
    *code = *code ? *code : dialect_end(d);
    return d;
}

/* Each allocation refused, alone and with all after it:
 * the same is found, or no memory is reported. */
static void starve(const char *text, size_t len, bool called, void (*refuse)(unsigned))
{
    int code;
    size_t count;
    struct dialect *whole = read_hungry(text, len, &code);
    assert_int_equal(code, 0);
    (void)dialect_calls(whole, &count);
    assert_true(count > 0 || !called);
    for (unsigned n = 1, failed = 1; failed; n++) {
        refuse(n);
        struct dialect *d = read_hungry(text, len, &code);
        failed = support_failed();
        if (code == 0)
            check_same(d, whole);
        else
            assert_int_equal(code, ERR_MEMORY);
        dialect_close(d);
    }
    dialect_close(whole);
}

/* Calls that go where no vector does: a value escaped once too often, numbers as Python writes
 * them, wrapped arguments. */
static const char *const texts[] = {
    "<tool_call>\n<function=f>\n<parameter=c>\n[{\\\"x\\\": "
    "1}]\n</parameter>\n</function>\n</tool_call>",
    ("<tool_call>\n<function=f>\n<parameter=a>\n\"0042\"\n</"
     "parameter>\n<parameter=b>x\n<parameter=c>[1]\n</parameter>\n"
     "</function>\n</tool_call>"),
    "<|python_start|>[f(a=007, b=\"\"\"x\\'y\"\"\"), f(a=1.)]<|python_end|>",
    "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"arguments\": \"{\\\"a\\\": "
    "1}\"}}\n</tool_call>",
    "<tool_call>\n{'name': 'f', 'arguments': '{\"b\": \"a \"word\" in it\"}',}\n</tool_call>",
};

static void test_memory(void **test)
{
    (void)test;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        starve(texts[i], strlen(texts[i]), true, support_fail_only);
        starve(texts[i], strlen(texts[i]), true, support_fail_at);
    }
    for (size_t i = 0; i < seed_count; i++) {
        starve(seeds[i].bytes + 3, seeds[i].len - 3, false, support_fail_only);
        starve(seeds[i].bytes + 3, seeds[i].len - 3, false, support_fail_at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_promises),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
