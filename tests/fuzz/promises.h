/* promises.h: what model/dialect.h promises, of any bytes: the pieces change nothing; what a
 * beginning of the text has as complete, the whole has; arguments are the text of an object;
 * nothing is lost without a call. For one program each: the fuzzer (dialect.c) and
 * tests/c/test_dialect.c. FUZZ_GRAMMAR names the file that tests/fuzz/grammar.lua wrote. */
#ifndef FUZZ_PROMISES_H
#define FUZZ_PROMISES_H

#include <stdio.h>
#include <stdlib.h>

#include "model/dialect.h"
#include "model/dialect/grammar.h"

#define PIECE_MAX 17

static struct grammar grammar;
static struct json_doc tools;

static void check(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

static void read_file(struct buf *out, const char *path)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    check(file, "FUZZ_GRAMMAR is a file");
    char part[4096];
    for (size_t len; (len = fread(part, 1, sizeof part, file)) > 0;)
        buf_put(out, part, len);
    (void)fclose(file);
}

/* Reads the grammar that FUZZ_GRAMMAR names; 0. */
static int promises_begin(void)
{
    static const char declared[] = "[{\"name\":\"f\",\"parameters\":{\"properties\":{\"a\":{"
                                   "\"type\":\"integer\"},\"b\":{\"type\":\"string\"},"
                                   "\"c\":{\"type\":\"array\"}}}}]";
    struct buf text = {0};
    struct json_doc spec = {0};
    read_file(&text, getenv("FUZZ_GRAMMAR"));
    check(json_parse(&spec, text.data, text.len, NULL, NULL) == 0, "the grammar is JSON");
    check(grammar_init(&grammar, &spec.root, NULL) == 0, "the grammar compiles");
    check(json_parse(&tools, declared, sizeof declared - 1, NULL, NULL) == 0, "the tools are JSON");
    json_doc_clear(&spec);
    buf_clear(&text);
    return 0;
}

/* How a text is read. */
struct how {
    const char *family; /* NULL: any */
    const struct json *tools;
};

/* The text in pieces whose sizes follow from `seed`; 0: whole. */
static struct dialect *read_text(const char *text, size_t len, unsigned seed, const struct how *how)
{
    struct dialect *d;
    check(dialect_open(&d, &grammar, how->family, how->tools, NULL) == 0, "a parser opens");
    for (size_t at = 0, step; at < len; at += step) {
        seed = seed ? seed * 1103515245u + 12345u : 0;
        step = seed ? 1 + (seed >> 16) % PIECE_MAX : len;
        if (step > len - at)
            step = len - at;
        check(dialect_feed(d, text + at, step) == 0, "feeding succeeds");
    }
    check(dialect_end(d) == 0, "the end succeeds");
    return d;
}

static bool same_buf(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static bool same_call(const struct dialect_call *a, const struct dialect_call *b)
{
    return same_buf(&a->name, &b->name) && same_buf(&a->arguments, &b->arguments);
}

static void check_same(const struct dialect *a, const struct dialect *b)
{
    size_t n, m;
    const struct dialect_call *x = dialect_calls(a, &n), *y = dialect_calls(b, &m);
    check(n == m, "as many calls in pieces");
    for (size_t i = 0; i < n; i++)
        check(same_call(&x[i], &y[i]) && x[i].state == y[i].state, "the same calls in pieces");
    check(same_buf(dialect_content(a), dialect_content(b)), "the same content in pieces");
    check(same_buf(dialect_reasoning(a), dialect_reasoning(b)), "the same reasoning in pieces");
}

static void check_prefix(const struct dialect *part, const struct dialect *whole)
{
    size_t n, m;
    const struct dialect_call *x = dialect_calls(part, &n), *y = dialect_calls(whole, &m);
    for (size_t i = 0; i < n && x[i].state == DIALECT_COMPLETE; i++)
        check(i < m && same_call(&x[i], &y[i]), "complete stays complete");
}

static void check_objects(const struct dialect *d)
{
    size_t n;
    const struct dialect_call *calls = dialect_calls(d, &n);
    for (size_t i = 0; i < n; i++) {
        struct json_doc doc = {0};
        check(json_parse(&doc, calls[i].arguments.data, calls[i].arguments.len, NULL, NULL) == 0
                  && doc.root.type == JSON_OBJECT,
              "arguments are an object");
        json_doc_clear(&doc);
    }
}

/* Aborts when one is broken by these bytes; 0. */
static int promises_hold(const unsigned char *data, size_t size)
{
    if (size < 3)
        return 0;
    const char *text = (const char *)data + 3;
    size_t len = size - 3, cut = len ? (size_t)data[0] * len / 256 : 0, family = data[2] / 2;
    struct how how = {family < grammar.family_count ? grammar.families[family] : NULL,
                      data[1] & 1 ? &tools.root : NULL};
    struct dialect *whole = read_text(text, len, 0, &how);
    struct dialect *pieces = read_text(text, len, data[1] + 1u, &how);
    struct dialect *part = read_text(text, cut, 0, &how);
    check_objects(whole);
    check_same(whole, pieces);
    check_prefix(part, whole);
    dialect_close(whole);
    dialect_close(pieces);
    dialect_close(part);
    return 0;
}

#endif
