/* deferred.h: commits by card: what a sparse moment has put off (snapshot_lazy.c). */
#ifndef IO_STORE_DEFERRED_H
#define IO_STORE_DEFERRED_H

#include "base/err.h"

struct deferred_card {
    char *name;       /* owned; NULL: the slot is free */
    int64_t *commits; /* owned; in their order */
    size_t first, count, room;
};
struct deferred {
    struct deferred_card *slots; /* owned; at least half of them are free */
    size_t used, size;
};

/* A later commit than all before. ERR_MEMORY. */
int deferred_add(struct deferred *deferred, const char *card, int64_t commit);
/* Takes the first commit of a card, or answers false: there is none. */
bool deferred_take(struct deferred *deferred, const char *card, int64_t *commit);
/* The next card that has commits; NULL: no more. *at begins with 0. */
const char *deferred_each(const struct deferred *deferred, size_t *at);
void deferred_clear(struct deferred *deferred);

#endif
