/* deferred.c: commits by card, in a hash table with open addressing. */
#include "io/store/snapshot/deferred.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 64, COMMITS = 8 };

/* FNV-1a, 64 bits: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm". */
static uint64_t number_of(const char *name)
{
    uint64_t number = 0xcbf29ce484222325;
    for (; *name; name++)
        number = (number ^ (unsigned char)*name) * 0x100000001b3;
    return number;
}

/* Where the card is, or would be. */
static struct deferred_card *find(const struct deferred *deferred, const char *name)
{
    for (size_t at = number_of(name);; at++) {
        struct deferred_card *slot = &deferred->slots[at % deferred->size];
        if (!slot->name || strcmp(slot->name, name) == 0)
            return slot;
    }
}

static int grow(struct deferred *deferred)
{
    struct deferred grown = {.size = deferred->size ? deferred->size * 2 : SLOTS,
                             .used = deferred->used};
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (!grown.slots)
        return ERR_MEMORY;
    for (size_t i = 0; i < deferred->size; i++)
        if (deferred->slots[i].name)
            *find(&grown, deferred->slots[i].name) = deferred->slots[i];
    free(deferred->slots);
    *deferred = grown;
    return 0;
}

static int add_card(struct deferred *deferred, struct deferred_card *slot, const char *name)
{
    slot->name = strdup(name);
    if (!slot->name)
        return ERR_MEMORY;
    deferred->used++;
    return 0;
}

static int add_commit(struct deferred_card *card, int64_t commit)
{
    if (card->first == card->count)
        card->first = card->count = 0;
    if (card->count == card->room) {
        size_t room = card->room ? card->room * 2 : COMMITS;
        int64_t *commits = realloc(card->commits, room * sizeof *commits);
        if (!commits)
            return ERR_MEMORY;
        card->commits = commits;
        card->room = room;
    }
    card->commits[card->count++] = commit;
    return 0;
}

int deferred_add(struct deferred *deferred, const char *card, int64_t commit)
{
    int rc = deferred->used * 2 >= deferred->size ? grow(deferred) : 0;
    if (rc)
        return rc;
    struct deferred_card *slot = find(deferred, card);
    rc = slot->name ? 0 : add_card(deferred, slot, card);
    return rc ? rc : add_commit(slot, commit);
}

bool deferred_take(struct deferred *deferred, const char *card, int64_t *commit)
{
    struct deferred_card *slot = deferred->size ? find(deferred, card) : NULL;
    if (!slot || slot->first == slot->count)
        return false;
    *commit = slot->commits[slot->first++];
    return true;
}

const char *deferred_each(const struct deferred *deferred, size_t *at)
{
    while (*at < deferred->size) {
        const struct deferred_card *slot = &deferred->slots[(*at)++];
        if (slot->name && slot->first < slot->count)
            return slot->name;
    }
    return NULL;
}

void deferred_clear(struct deferred *deferred)
{
    for (size_t i = 0; i < deferred->size; i++) {
        free(deferred->slots[i].name);
        free(deferred->slots[i].commits);
    }
    free(deferred->slots);
    *deferred = (struct deferred){0};
}
