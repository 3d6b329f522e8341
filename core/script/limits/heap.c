/* heap.c: a good-fit allocator with boundary tags. A block is an 8-byte head (its own size and the
 * size of the block before it) and its bytes. Sizes and places are 32-bit offsets into the region,
 * so the bookkeeping is small: it is part of every image. The free space above `top` is not a block
 * and is never touched; no free block borders on it. */
#include "script/limits/heap.h"

#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(HEAP_ASAN)
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum {
    HEAD = 8,       /* bytes before a block's memory */
    MIN_BLOCK = 16, /* a free block holds two links */
    LINEAR = 32,    /* bins of exactly 8, 16, ... bytes below 256 */
    STEPS = 8,      /* bins per doubling above */
    BINS = LINEAR + (30 - 8) * STEPS + STEPS,
    WORDS = (BINS + 63) / 64
};

#define FREE 1u /* in block.size, which is a multiple of 8 */

struct block {
    uint32_t before; /* size of the block before this one, 0 for the first */
    uint32_t size;   /* with the head; | FREE */
    uint32_t next;   /* free blocks only: neighbours in the bin, 0 = none */
    uint32_t prev;
};

struct heap {
    uint32_t size, top, top_before; /* region; end of the last block; that block's size */
    uint32_t used, peak, high;
    uint64_t map[WORDS]; /* bins that are not empty */
    uint32_t bins[BINS];
};

static struct block *at(const struct heap *heap, uint32_t place)
{
    return (struct block *)((char *)heap + place);
}

static uint32_t place_of(const struct heap *heap, const struct block *b)
{
    return (uint32_t)((const char *)b - (const char *)heap);
}

static uint32_t size_of(const struct block *b)
{
    return b->size & ~7u;
}

/* The bin in which a free block of this size hangs. */
static unsigned bin_of(uint32_t size)
{
    if (size < 256)
        return size / 8;
    unsigned log = 31u - (unsigned)__builtin_clz(size);
    return LINEAR + (log - 8) * STEPS + ((size >> (log - 3)) & 7);
}

/* The first bin all of whose blocks are large enough. */
static unsigned bin_for(uint32_t size)
{
    if (size < 256)
        return size / 8;
    unsigned log = 31u - (unsigned)__builtin_clz(size);
    return bin_of(size + (1u << (log - 3)) - 1);
}

static void bin_put(struct heap *heap, struct block *b)
{
    unsigned bin = bin_of(size_of(b));
    uint32_t first = heap->bins[bin], place = place_of(heap, b);
    b->size |= FREE;
    b->next = first;
    b->prev = 0;
    if (first)
        at(heap, first)->prev = place;
    heap->bins[bin] = place;
    heap->map[bin / 64] |= UINT64_C(1) << (bin % 64);
    POISON((char *)b + MIN_BLOCK, size_of(b) - MIN_BLOCK);
}

static void bin_take(struct heap *heap, struct block *b)
{
    unsigned bin = bin_of(size_of(b));
    UNPOISON(b, size_of(b));
    b->size &= ~FREE;
    if (b->next)
        at(heap, b->next)->prev = b->prev;
    if (b->prev)
        at(heap, b->prev)->next = b->next;
    else if (!(heap->bins[bin] = b->next))
        heap->map[bin / 64] &= ~(UINT64_C(1) << (bin % 64));
}

/* A free block of at least size bytes out of the bins, or NULL. */
static struct block *bin_find(struct heap *heap, uint32_t size)
{
    unsigned bin = bin_for(size);
    if (bin >= BINS)
        return NULL;
    unsigned word = bin / 64;
    uint64_t bits = heap->map[word] & (~UINT64_C(0) << (bin % 64));
    while (!bits) {
        if (++word == WORDS)
            return NULL;
        bits = heap->map[word];
    }
    struct block *b = at(heap, heap->bins[word * 64 + (unsigned)__builtin_ctzll(bits)]);
    bin_take(heap, b);
    return b;
}

/* Tells the block after b (or the top) b's size. */
static void tell_next(struct heap *heap, const struct block *b)
{
    uint32_t end = place_of(heap, b) + size_of(b);
    if (end == heap->top)
        heap->top_before = size_of(b);
    else
        at(heap, end)->before = size_of(b);
}

/* Returns a block that is in no bin to the free space, joined with its neighbours. */
static void release(struct heap *heap, struct block *b)
{
    if (b->before) {
        struct block *before = at(heap, place_of(heap, b) - b->before);
        if (before->size & FREE) {
            bin_take(heap, before);
            before->size += size_of(b);
            b = before;
        }
    }
    uint32_t end = place_of(heap, b) + size_of(b);
    if (end == heap->top) {
        heap->top = place_of(heap, b);
        heap->top_before = b->before;
        POISON(b, size_of(b));
        return;
    }
    struct block *after = at(heap, end);
    if (after->size & FREE) {
        bin_take(heap, after);
        b->size += size_of(after);
    }
    tell_next(heap, b);
    bin_put(heap, b);
}

/* Cuts b down to size; the rest becomes free when it can be a block. */
static void trim(struct heap *heap, struct block *b, uint32_t size)
{
    uint32_t rest = size_of(b) - size;
    if (rest < MIN_BLOCK)
        return;
    b->size = size;
    struct block *tail = at(heap, place_of(heap, b) + size);
    tail->before = size;
    tail->size = rest;
    tell_next(heap, tail);
    release(heap, tail);
}

static struct block *from_top(struct heap *heap, uint32_t size)
{
    if (heap->size - heap->top < size)
        return NULL;
    struct block *b = at(heap, heap->top);
    UNPOISON(b, size);
    b->before = heap->top_before;
    b->size = size;
    heap->top += size;
    heap->top_before = size;
    return b;
}

/* Bytes of a block for len bytes of memory; 0 when that cannot be. */
static uint32_t block_size(const struct heap *heap, size_t len)
{
    if (len > heap->size - HEAD)
        return 0;
    uint32_t size = ((uint32_t)len + HEAD + 7) & ~7u;
    return size < MIN_BLOCK ? MIN_BLOCK : size;
}

static void count(struct heap *heap, uint32_t before, uint32_t now)
{
    if (heap->top > heap->high)
        heap->high = heap->top;
    heap->used += now - before;
    if (heap->used > heap->peak)
        heap->peak = heap->used;
}

struct heap *heap_init(void *region, size_t size)
{
    require(size >= HEAP_MIN && size <= HEAP_MAX);
    struct heap *heap = region;
    UNPOISON(region, size);
    memset(heap, 0, sizeof *heap);
    heap->size = (uint32_t)size & ~7u;
    heap->top = (sizeof *heap + 7) & ~7u;
    heap->used = heap->peak = heap->top;
    POISON((char *)region + heap->top, heap->size - heap->top);
    return heap;
}

void *heap_alloc(struct heap *heap, size_t len)
{
    uint32_t size = block_size(heap, len);
    if (!size)
        return NULL;
    struct block *b = bin_find(heap, size);
    if (b)
        trim(heap, b, size);
    else if (!(b = from_top(heap, size)))
        return NULL;
    count(heap, 0, size_of(b));
    return (char *)b + HEAD;
}

/* Lets b grow to size where it stands. */
static bool grow_in_place(struct heap *heap, struct block *b, uint32_t size)
{
    uint32_t end = place_of(heap, b) + size_of(b), more = size - size_of(b);
    if (end == heap->top) {
        if (heap->size - end < more)
            return false;
        UNPOISON((char *)heap + end, more);
        heap->top += more;
        b->size = heap->top_before = size;
        return true;
    }
    struct block *after = at(heap, end);
    if (!(after->size & FREE) || size_of(after) < more)
        return false;
    bin_take(heap, after);
    b->size += size_of(after);
    tell_next(heap, b);
    trim(heap, b, size);
    return true;
}

void *heap_resize(struct heap *heap, void *memory, size_t len)
{
    struct block *b = (struct block *)((char *)memory - HEAD);
    uint32_t old = size_of(b), size = block_size(heap, len);
    if (!size)
        return NULL;
    if (size <= old || grow_in_place(heap, b, size)) {
        if (size < old)
            trim(heap, b, size);
        count(heap, old, size_of(b));
        return memory;
    }
    void *moved = heap_alloc(heap, len);
    if (moved) {
        memcpy(moved, memory, old - HEAD);
        heap_free(heap, memory);
    }
    return moved;
}

void heap_free(struct heap *heap, void *memory)
{
    if (!memory)
        return;
    struct block *b = (struct block *)((char *)memory - HEAD);
    heap->used -= size_of(b);
    release(heap, b);
}

size_t heap_used(const struct heap *heap)
{
    return heap->used;
}

size_t heap_peak(const struct heap *heap)
{
    return heap->peak;
}

void heap_peak_reset(struct heap *heap)
{
    heap->peak = heap->used;
}

size_t heap_prefix(const struct heap *heap)
{
    return heap->top;
}

void heap_save(struct heap *heap, void *image)
{
    UNPOISON(heap, heap->top);
    heap->high = heap->top;
    heap_peak_reset(heap);
    memcpy(image, heap, heap->top);
}

void heap_restore(struct heap *heap, const void *image, size_t len)
{
    UNPOISON(heap, ((const struct heap *)image)->size);
    memcpy(heap, image, len);
}

size_t heap_high(const struct heap *heap)
{
    return heap->high;
}

bool heap_check(const struct heap *heap)
{
    uint32_t before = 0, used = (sizeof *heap + 7) & ~7u, free_blocks = 0, binned = 0;
    bool was_free = false;
    uint32_t place = used;
    while (place < heap->top) {
        const struct block *b = at(heap, place);
        bool is_free = b->size & FREE;
        if (b->before != before || size_of(b) < MIN_BLOCK || (is_free && was_free))
            return false;
        if (is_free)
            free_blocks++;
        else
            used += size_of(b);
        was_free = is_free;
        before = size_of(b);
        place += before;
    }
    for (unsigned bin = 0; bin < BINS; bin++)
        for (uint32_t p = heap->bins[bin]; p; p = at(heap, p)->next, binned++)
            if (bin_of(size_of(at(heap, p))) != bin || !(at(heap, p)->size & FREE))
                return false;
    return place == heap->top && before == heap->top_before && !was_free && used == heap->used &&
           free_blocks == binned;
}
