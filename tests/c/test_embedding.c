/* test_embedding.c: vectors out of replies, held against each other;
 * and the file that they are kept in. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/vectors.h"
#include "model/embedding.h"

static int read_reply(const char *text, size_t count, struct buf *out, size_t *dims)
{
    struct json_doc doc = {0};
    struct err err = {0};
    int rc = json_parse(&doc, text, strlen(text), NULL, &err);
    rc = rc ? rc : embedding_read(&doc.root, count, out, dims, &err);
    json_doc_clear(&doc);
    return rc;
}

static void replies(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        int code;
        size_t dims;
        float first;
    } cases[] = {
        {"{\"data\":[{\"embedding\":[3,4]}]}", 1, 0, 2, 0.6f},
        {"{\"data\":[{\"index\":1,\"embedding\":[1,0]},{\"index\":0,\"embedding\":[0.0,2]}]}", 2, 0,
         2, 0},
        {"{\"data\":[{\"embedding\":\"AABAQAAAgEA=\"}]}", 1, 0, 2, 0.6f}, // 3, 4
        {"{\"embeddings\":[{\"values\":[3,4]}]}", 1, 0, 2, 0.6f},
        {"{\"embedding\":{\"values\":[3,4]}}", 1, 0, 2, 0.6f},
        {"{\"embedding\":{\"values\":[3,4]}}", 2, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":{}}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[1]}", 1, ERR_PROTOCOL, 0, 0},
        {"[]", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"index\":1,\"embedding\":[1]}]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"index\":-1,\"embedding\":[1]}]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"embedding\":[1]},{\"embedding\":[1,2]}]}", 2, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"embedding\":[0,0.0]}]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"embedding\":[1e300]}]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"embedding\":[null]}]}", 1, ERR_PROTOCOL, 0, 0},
        {"{\"data\":[{\"embedding\":\"AADAfw==\"}]}", 1, ERR_PROTOCOL, 0, 0}, // no number
        {"{\"data\":[{\"embedding\":\"AAA=\"}]}", 1, ERR_PROTOCOL, 0, 0},     // half of one
        {"{\"data\":[{\"embedding\":\"\"}]}", 1, ERR_PROTOCOL, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buf out = {0};
        size_t dims = 0;
        int rc = read_reply(cases[i].text, cases[i].count, &out, &dims);
        if (rc != cases[i].code)
            fail_msg("%s: %d", cases[i].text, rc);
        if (!rc) {
            const float *vector = (const float *)(const void *)out.data;
            assert_int_equal(dims, cases[i].dims);
            assert_int_equal(out.len, dims * cases[i].count * sizeof(float));
            assert_true(fabsf(vector[0] - cases[i].first) < 1e-6f);
            assert_true(embedding_is_unit(vector, dims));
        }
        buf_clear(&out);
    }
}

static void cosines(void **state)
{
    const float a[] = {1, 0, 0, 0, 0}, b[] = {0, 0, 0, 0, 1}, c[] = {-1, 0, 0, 0, 0},
                d[] = {0.6f, 0, 0, 0, 0.8f}, none[] = {NAN, 0, 0, 0, 0};
    (void)state;
    assert_int_equal(embedding_near(a, a, 5), EMBEDDING_ONE);
    assert_int_equal(embedding_near(a, b, 5), 0);
    assert_int_equal(embedding_near(a, c, 5), -EMBEDDING_ONE);
    assert_int_equal(embedding_near(a, d, 5), 6000);
    assert_int_equal(embedding_near(b, d, 5), 8000);
    assert_false(embedding_is_unit(none, 5));
    assert_false(embedding_is_unit(b, 4));
}

static void kept(void **state)
{
    char path[] = "/tmp/orket-vectors-XXXXXX";
    struct vectors *vectors;
    struct err err = {0};
    const float one[] = {0.6f, 0.8f};
    float out[4];
    struct vectors_key key = vectors_key("m", 1, "text", 4), other = vectors_key("n", 1, "text", 4);
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "no database at all", 18) == 18 && close(fd) == 0);
    assert_int_equal(vectors_open(&vectors, path, &err), 0); // made anew
    assert_int_equal(vectors_get(vectors, &key, out, 4, &err), 0);
    assert_int_equal(vectors_begin(vectors, &err), 0);
    assert_int_equal(vectors_put(vectors, &key, "m", one, 2, &err), 0);
    assert_int_equal(vectors_put(vectors, &other, "n", one, 2, &err), 0);
    assert_int_equal(vectors_end(vectors, &err), 0);
    vectors_close(vectors);
    assert_int_equal(vectors_open(&vectors, path, &err), 0);
    assert_int_equal(vectors_get(vectors, &key, out, 4, &err), 2);
    assert_memory_equal(out, one, sizeof one);
    assert_int_equal(vectors_get(vectors, &key, out, 1, &err), 0); // longer than there is room for
    int64_t dropped;
    assert_int_equal(vectors_keep(vectors, "m", &dropped, &err), 0);
    assert_int_equal(dropped, 1);
    assert_int_equal(vectors_get(vectors, &other, out, 4, &err), 0);
    assert_int_equal(vectors_drop(vectors, &key, &err), 0);
    assert_int_equal(vectors_get(vectors, &key, out, 4, &err), 0);
    vectors_close(vectors);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies),
        cmocka_unit_test(cosines),
        cmocka_unit_test(kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
