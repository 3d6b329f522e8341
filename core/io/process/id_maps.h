/* id_maps.h: the ids that a child has in a user namespace of its own: ours, and no other. */
#ifndef IO_ID_MAPS_H
#define IO_ID_MAPS_H

#include "base/base.h"

struct id_maps {
    char uid[48], gid[48]; /* as /proc/self/uid_map and gid_map take them */
};

/* One id inside, the same as outside. */
void id_maps_init(struct id_maps *maps);

/* Called in the child, which may share our memory: makes system calls only. -1 with errno. */
int id_maps_enter(const struct id_maps *maps) MUST_CHECK;

#endif
