/* test_heap.c: the heap of a box against a list of what it gave out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "script/limits/heap.h"

enum { SIZE = 1 << 20, BLOCKS = 512 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

struct held {
    unsigned char *at;
    size_t len;
    unsigned char fill;
};

static void check(const struct held *h)
{
    for (size_t i = 0; i < h->len; i++)
        assert_int_equal(h->at[i], h->fill);
}

/* Lengths as a Lua state asks for them: mostly small, sometimes huge. */
static size_t some_len(uint32_t *seed)
{
    uint32_t r = next(seed) % 100;
    if (r < 80)
        return 1 + next(seed) % 128;
    return 1 + next(seed) % (r < 97 ? 4096 : 200000);
}

static void test_random_use(void **state)
{
    (void)state;
    char *region = malloc(SIZE);
    struct heap *heap = heap_init(region, SIZE);
    size_t empty = heap_used(heap), prefix = heap_prefix(heap);
    struct held held[BLOCKS] = {0};
    uint32_t seed = 42;
    for (int round = 0; round < 60000; round++) {
        struct held *h = &held[next(&seed) % BLOCKS];
        size_t len = some_len(&seed);
        check(h);
        if (h->at && next(&seed) % 2) {
            heap_free(heap, h->at);
            *h = (struct held){0};
            continue;
        }
        unsigned char *at = h->at ? heap_resize(heap, h->at, len) : heap_alloc(heap, len);
        assert_true(at || len > h->len);
        if (!at)
            continue;
        assert_int_equal((uintptr_t)at % 8, 0);
        for (size_t i = 0; i < len && i < h->len; i++)
            assert_int_equal(at[i], h->fill);
        *h = (struct held){at, len, (unsigned char)round};
        memset(at, h->fill, len);
        if (round % 1000 == 0)
            assert_true(heap_check(heap));
    }
    assert_true(heap_peak(heap) <= SIZE);
    for (size_t i = 0; i < BLOCKS; i++)
        heap_free(heap, held[i].at);
    assert_true(heap_check(heap));
    assert_int_equal(heap_used(heap), empty);
    assert_int_equal(heap_prefix(heap), prefix); // everything joined again
    heap_restore(heap, heap, 0);
    free(region);
}

static void test_limits(void **state)
{
    (void)state;
    char *region = malloc(HEAP_MIN);
    struct heap *heap = heap_init(region, HEAP_MIN);
    assert_null(heap_alloc(heap, HEAP_MIN));
    assert_null(heap_alloc(heap, SIZE_MAX));
    assert_null(heap_alloc(heap, SIZE_MAX - 7));
    void *all = heap_alloc(heap, HEAP_MIN - heap_used(heap) - 8);
    assert_non_null(all);
    assert_null(heap_alloc(heap, 1));
    assert_null(heap_resize(heap, all, HEAP_MIN));
    assert_ptr_equal(heap_resize(heap, all, 1), all);
    assert_non_null(heap_alloc(heap, 1));
    assert_true(heap_check(heap));
    heap_restore(heap, heap, 0);
    free(region);
}

static void test_image(void **state)
{
    (void)state;
    char *region = malloc(SIZE), *image = malloc(SIZE);
    struct heap *heap = heap_init(region, SIZE);
    char *kept = heap_alloc(heap, 100);
    strcpy(kept, "kept");
    heap_free(heap, heap_alloc(heap, 50));
    size_t len = heap_prefix(heap), used = heap_used(heap);
    heap_save(heap, image);
    strcpy(kept, "lost");
    for (int i = 0; i < 1000; i++)
        memset(heap_alloc(heap, 500), 0xEE, 500);
    heap_free(heap, kept);
    heap_restore(heap, image, len);
    assert_string_equal(kept, "kept");
    assert_int_equal(heap_used(heap), used);
    assert_int_equal(heap_peak(heap), used);
    assert_true(heap_check(heap));
    heap_restore(heap, heap, 0);
    free(region);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_use),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
