/* multis.h: many multi handles with few connections each. libcurl looks at all connections of a
 * handle when it begins a request and when it ends one, which is dear with a thousand of them.
 */
#ifndef IO_TRANSPORT_MULTIS_H
#define IO_TRANSPORT_MULTIS_H

#include "io/net/transport/multi.h"

#define MULTIS_MOST 512  /* handles; the last one takes what comes then */
#define MULTIS_EACH 128  /* easy handles of one */
#define MULTIS_IDLE 1024 /* connections kept for reuse, in the first of them */

struct multis { /* the first four are given by its owner */
    uv_loop_t *loop;
    const struct curl *curl;
    multi_done_fn *on_done;
    void *ctx;
    struct multi *list[MULTIS_MOST];
    size_t count;
};

/* A handle with room, NULL when out of memory or of descriptors. */
struct multi *multis_choose(struct multis *multis);

/* Closes all; no easy handle may be inside. */
void multis_close(struct multis *multis);

#endif
