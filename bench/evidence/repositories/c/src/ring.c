#include "ring.h"

bool ring_put(struct ring *ring, unsigned char byte)
{
    if (ring->count == RING_ROOM)
        return false;
    ring->bytes[ring->first + ring->count] = byte;
    ring->count++;
    return true;
}

bool ring_take(struct ring *ring, unsigned char *byte)
{
    if (ring->count == 0)
        return false;
    *byte = ring->bytes[ring->first];
    ring->first = (ring->first + 1) % RING_ROOM;
    ring->count--;
    return true;
}
