/* heap.h: the memory of one box: a region of fixed size that contains its own bookkeeping.
 *
 * Everything the allocator knows lies at the start of the region, and everything it gave out lies
 * below `top`. So the first heap_prefix() bytes *are* the heap: copied away and back to the same
 * address, they restore it exactly. Every operation is O(1): free blocks hang in bins by size, a
 * freed block joins its free neighbours. Nothing here grows beyond the region.
 */
#ifndef SCRIPT_LIMITS_HEAP_H
#define SCRIPT_LIMITS_HEAP_H

#include "base/base.h"

#define HEAP_MIN ((size_t)64 << 10)
#define HEAP_MAX ((size_t)1 << 30)

struct heap;

/* Makes a heap of size bytes (HEAP_MIN..HEAP_MAX) at region, which stays the caller's. */
struct heap *heap_init(void *region, size_t size);

/* len bytes aligned to 8, or NULL when the region is full. */
void *heap_alloc(struct heap *heap, size_t len);

/* The block with another length, moved when needed; NULL (and the old block intact) when full. A
 * shrink never fails and never moves. */
void *heap_resize(struct heap *heap, void *block, size_t len);

/* Gives a block back; NULL is ignored. */
void heap_free(struct heap *heap, void *block);

/* Bytes given out now, and the most there were since heap_peak_reset; both count the bookkeeping.
 */
size_t heap_used(const struct heap *heap);
size_t heap_peak(const struct heap *heap);
void heap_peak_reset(struct heap *heap);

/* Bytes from the start of the region that hold all of its state. */
size_t heap_prefix(const struct heap *heap);

/* Copies the prefix to image, and back to the start of the heap's region. */
void heap_save(struct heap *heap, void *image);
void heap_restore(struct heap *heap, const void *image, size_t len);

/* The largest prefix there was since the last restore. */
size_t heap_high(const struct heap *heap);

/* Walks all blocks; false when the bookkeeping contradicts itself (tests). */
bool heap_check(const struct heap *heap);

#endif
