/* owed.c: commits by card, in a hash table with open addressing. */
#include "io/store/owed.h"

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
static struct owed_card *find(const struct owed *owed, const char *name)
{
    for (size_t at = number_of(name);; at++) {
        struct owed_card *slot = &owed->slots[at % owed->size];
        if (!slot->name || strcmp(slot->name, name) == 0)
            return slot;
    }
}

static int grow(struct owed *owed)
{
    struct owed grown = {.size = owed->size ? owed->size * 2 : SLOTS, .used = owed->used};
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (!grown.slots)
        return ERR_MEMORY;
    for (size_t i = 0; i < owed->size; i++)
        if (owed->slots[i].name)
            *find(&grown, owed->slots[i].name) = owed->slots[i];
    free(owed->slots);
    *owed = grown;
    return 0;
}

static int add_card(struct owed *owed, struct owed_card *slot, const char *name)
{
    slot->name = strdup(name);
    if (!slot->name)
        return ERR_MEMORY;
    owed->used++;
    return 0;
}

static int add_commit(struct owed_card *card, int64_t commit)
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

int owed_add(struct owed *owed, const char *card, int64_t commit)
{
    int rc = owed->used * 2 >= owed->size ? grow(owed) : 0;
    if (rc)
        return rc;
    struct owed_card *slot = find(owed, card);
    rc = slot->name ? 0 : add_card(owed, slot, card);
    return rc ? rc : add_commit(slot, commit);
}

bool owed_take(struct owed *owed, const char *card, int64_t *commit)
{
    struct owed_card *slot = owed->size ? find(owed, card) : NULL;
    if (!slot || slot->first == slot->count)
        return false;
    *commit = slot->commits[slot->first++];
    return true;
}

const char *owed_each(const struct owed *owed, size_t *at)
{
    while (*at < owed->size) {
        const struct owed_card *slot = &owed->slots[(*at)++];
        if (slot->name && slot->first < slot->count)
            return slot->name;
    }
    return NULL;
}

void owed_clear(struct owed *owed)
{
    for (size_t i = 0; i < owed->size; i++) {
        free(owed->slots[i].name);
        free(owed->slots[i].commits);
    }
    free(owed->slots);
    *owed = (struct owed){0};
}
