/* multis.c: the first handle with room is chosen: there an idle connection is likely. */
#include "io/net/transport/multis.h"

/* One more; those beyond the first keep one connection each. */
static struct multi *add(struct multis *all)
{
    long idle = all->count < MULTIS_IDLE / MULTIS_EACH ? MULTIS_EACH : 1;
    struct multi *multi = multi_open(all->loop, all->curl, idle, all->on_done, all->ctx);
    if (multi)
        all->list[all->count++] = multi;
    return multi;
}

struct multi *multis_choose(struct multis *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (multi_count(all->list[i]) < MULTIS_EACH)
            return all->list[i];
    return all->count < MULTIS_MOST ? add(all) : all->list[MULTIS_MOST - 1];
}

void multis_close(struct multis *all)
{
    while (all->count)
        multi_close(all->list[--all->count]);
}
