/* slab.c: blocks are cut from the end; free pieces hang on a list per size. */
#include "base/slab.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)32 << 10)

struct slab_free {
    struct slab_free *next;
};

struct slab_block {
    struct slab_block *next;
    _Alignas(SLAB_GRAIN) char bytes[];
};

static size_t grains(size_t len)
{
    return (len + SLAB_GRAIN - 1) / SLAB_GRAIN;
}

static void *cut(struct slab *slab, size_t len)
{
    if (slab->left < len) {
        struct slab_block *block = malloc(sizeof *block + BLOCK_BYTES);
        if (!block)
            return NULL;
        block->next = slab->blocks;
        slab->blocks = block;
        slab->left = BLOCK_BYTES;
    }
    slab->left -= len;
    return slab->blocks->bytes + slab->left;
}

static void *take(struct slab *slab, size_t len)
{
    if (len > SLAB_PIECE_MAX)
        return malloc(len);
    struct slab_free **list = &slab->free[grains(len)];
    struct slab_free *piece = *list;
    if (!piece)
        return cut(slab, grains(len) * SLAB_GRAIN);
    *list = piece->next;
    __builtin_prefetch(piece->next, 1); // it has lain untouched since it was freed
    return piece;
}

static void give(struct slab *slab, void *at, size_t len)
{
    struct slab_free *piece = at;
    if (len > SLAB_PIECE_MAX) {
        free(at);
    } else if (len) {
        piece->next = slab->free[grains(len)];
        slab->free[grains(len)] = piece;
    }
}

static void *resize(struct slab *slab, void *piece, size_t had, size_t wanted)
{
    if (had > SLAB_PIECE_MAX && wanted > SLAB_PIECE_MAX) {
        void *resized = realloc(piece, wanted);
        return resized || wanted > had ? resized : piece;
    }
    if (had <= SLAB_PIECE_MAX && wanted <= SLAB_PIECE_MAX && grains(had) == grains(wanted))
        return piece;
    void *moved = take(slab, wanted);
    if (!moved)
        return wanted < had ? piece : NULL; // a piece may be larger than its list says
    memcpy(moved, piece, had < wanted ? had : wanted);
    give(slab, piece, had);
    return moved;
}

void *slab_alloc(void *ctx, void *piece, size_t had, size_t wanted)
{
    struct slab *slab = ctx;
    if (piece && wanted)
        return resize(slab, piece, had, wanted);
    if (wanted)
        return take(slab, wanted);
    if (piece)
        give(slab, piece, had);
    return NULL;
}

void slab_clear(struct slab *slab)
{
    while (slab->blocks) {
        struct slab_block *next = slab->blocks->next;
        free(slab->blocks);
        slab->blocks = next;
    }
    *slab = (struct slab){0};
}
