/* owed.h: commits by card: what a sparse moment has put off (sparse.c). */
#ifndef IO_STORE_OWED_H
#define IO_STORE_OWED_H

#include "base/err.h"

struct owed_card {
    char *name;       /* owned; NULL: the slot is free */
    int64_t *commits; /* owned; in their order */
    size_t first, count, room;
};
struct owed {
    struct owed_card *slots; /* owned; at least half of them are free */
    size_t used, size;
};

/* A later commit than all before. ERR_MEMORY. */
int owed_add(struct owed *owed, const char *card, int64_t commit);
/* Takes the first commit of a card, or answers false: there is none. */
bool owed_take(struct owed *owed, const char *card, int64_t *commit);
/* The next card that has commits; NULL: no more. *at begins with 0. */
const char *owed_each(const struct owed *owed, size_t *at);
void owed_clear(struct owed *owed);

#endif
