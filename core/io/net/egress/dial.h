/* dial.h: a connection to a host: its name is resolved once, every address that it leads to is
 * judged, and the connection is made to one of just these.
 */
#ifndef IO_EGRESS_DIAL_H
#define IO_EGRESS_DIAL_H

#include <uv.h>

#include "io/net/egress.h"
#include "io/net/transport/address.h"

#define DIAL_MS 10000 /* for one address */

struct dial;

struct dial_result {
    int fd;        /* a connected socket, the caller's; -1 */
    bool refused;  /* the name leads to an address that may not be reached */
    char address[ADDRESS_TEXT_MAX]; /* that it is, or that was refused */
    char why[160]; /* it has failed */
};

/* Called once, from the loop, unless the dial was dropped; it is gone then. */
typedef void dial_done(void *ctx, const struct dial_result *result);

/* Begins one; NULL without memory. */
struct dial *dial_start(uv_loop_t *loop, const char *host, unsigned port, bool private,
                        dial_done *done, void *ctx) MUST_CHECK;

/* Gives it up, without an answer. */
void dial_drop(struct dial *dial);

#endif
