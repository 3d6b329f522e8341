/* test_slab.c: pieces keep their bytes through every change of size, and never overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "base/slab.h"
#include "support.h"

static void test_bytes_survive(void **state)
{
    static const size_t sizes[] = {1, 16, 17, 100, 512, 513, 5000, 40, 512, 8, 70000, 3};
    struct slab slab = {0};
    unsigned char *piece = slab_alloc(&slab, NULL, 5, 1);
    size_t had = 1;
    (void)state;
    piece[0] = 0;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        piece = slab_alloc(&slab, piece, had, sizes[i]);
        assert_non_null(piece);
        for (size_t at = 0; at < (had < sizes[i] ? had : sizes[i]); at++)
            assert_int_equal(piece[at], at & 0xff);
        had = sizes[i];
        for (size_t at = 0; at < had; at++)
            piece[at] = at & 0xff;
    }
    assert_null(slab_alloc(&slab, piece, had, 0));
    slab_clear(&slab);
}

static void test_pieces_are_apart(void **state)
{
    enum { COUNT = 4000 };
    struct slab slab = {0};
    unsigned char *pieces[COUNT];
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            pieces[i] = slab_alloc(&slab, NULL, 0, 1 + i % 600);
            assert_true((uintptr_t)pieces[i] % SLAB_GRAIN == 0);
            memset(pieces[i], (int)(i % 251), 1 + i % 600);
        }
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(pieces[i][0], i % 251);
            assert_int_equal(pieces[i][i % 600], i % 251);
            slab_alloc(&slab, pieces[i], 1 + i % 600, 0);
        }
    }
    slab_clear(&slab);
}

/* Lua relies on it. */
static void test_shrinking_never_fails(void **state)
{
    struct slab slab = {0};
    (void)state;
    char *piece = slab_alloc(&slab, NULL, 0, 600);
    memset(piece, 7, 600);
    support_fail_at(1);
    char *smaller = slab_alloc(&slab, piece, 600, 20);
    assert_null(slab_alloc(&slab, NULL, 0, 64));
    assert_true(support_failed());
    assert_non_null(smaller);
    assert_int_equal(smaller[19], 7);
    slab_alloc(&slab, smaller, 20, 0);
    if (SLAB_PIECE_MAX == 0 || smaller != piece)
        slab_clear(&slab);
    else
        free(piece);
    slab_clear(&slab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_survive),
        cmocka_unit_test(test_pieces_are_apart),
        cmocka_unit_test(test_shrinking_never_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
