/* slab.h: an allocator for many small pieces whose size the owner remembers, made for a Lua state.
 * A small piece comes from the free list of its size; what is freed stays with the slab. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include "base/base.h"

/* Under the address sanitizer every piece is malloc's, so that stale pointers are found. */
#if defined(__SANITIZE_ADDRESS__)
#define SLAB_PIECE_MAX 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_PIECE_MAX 0
#endif
#endif
#ifndef SLAB_PIECE_MAX
#define SLAB_PIECE_MAX 512 /* larger ones are malloc's */
#endif
#define SLAB_GRAIN 16

struct slab {
    struct slab_free *free[SLAB_PIECE_MAX / SLAB_GRAIN + 1]; /* by size in grains */
    struct slab_block *blocks;
    size_t left; /* bytes of the newest block that nobody has had */
};

/* Allocates (piece NULL), resizes or frees (wanted 0) a piece of `had` bytes, as lua_Alloc wants
 * it. NULL without memory; a piece that gets smaller never fails. */
void *slab_alloc(void *slab, void *piece, size_t had, size_t wanted);

/* Frees all small pieces; large ones have to be freed before. */
void slab_clear(struct slab *slab);

#endif
