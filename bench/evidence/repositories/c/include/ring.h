/* A ring of bytes: what is put last is taken last. */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

#define RING_ROOM 8

struct ring {
    unsigned char bytes[RING_ROOM];
    size_t first, count;
};

/* False, and nothing is put, when the ring is full. */
bool ring_put(struct ring *ring, unsigned char byte);

/* False when the ring is empty. */
bool ring_take(struct ring *ring, unsigned char *byte);

#endif
