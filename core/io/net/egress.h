/* egress.h: the way out of one jail: a proxy of the engine on a socket that the jail handed over.
 *
 * Glossary
 *   egress    what one program may reach, from its start to its end, and what it reached
 *   host      a name and a port that it may ask for; nothing else is answered
 *   request   one request of HTTP, or one CONNECT with the TLS connection that follows
 *
 * Inside there is a listening socket, and no code and no route. A name is resolved here, once for a
 * request; every address that it leads to is judged (io/net/transport/address.h), and the
 * connection is made to one of these. A CONNECT is for TLS with exactly the host it names. Requests
 * of HTTP are written anew, so that two readers cannot see two requests in one. One request per
 * connection. Bytes and time are bounded for all requests together.
 */
#ifndef IO_EGRESS_H
#define IO_EGRESS_H

#include <uv.h>

#include "base/err.h"
#include "base/hash.h"

#define EGRESS_HOST_MAX     253
#define EGRESS_PATH_MAX     200 /* bytes of a path that are kept; its query is not */
#define EGRESS_REQUESTS_MAX 1000
#define EGRESS_FLOWS_MAX    32 /* connections at one time */
#define EGRESS_BODY_MAX     ((size_t)1 << 20) /* bytes of a request's body */

struct egress_host {
    const char *name;
    unsigned port;
    bool private; /* may lead to an address that is not of the Internet */
};

struct egress_spec {
    const struct egress_host *hosts;
    size_t count;
    uint64_t bytes; /* of all requests, in both directions */
    uint64_t ms;    /* from the first connection on */
};

/* One request, in the order in which they came. */
struct egress_request {
    char host[EGRESS_HOST_MAX + 1]; /* "" when it could not be read */
    unsigned port;
    char method[16];
    char path[EGRESS_PATH_MAX + 1]; /* of HTTP; "" of CONNECT */
    char address[48];               /* that it was connected to, or "" */
    int status;                     /* of HTTP's answer, or 0 */
    uint64_t sent, received;        /* bytes of the program's, and for it */
    struct hash hash;               /* of the received ones */
    const char *rule; /* "egress.host": why it was refused or cut; NULL: it was not */
    char why[160];    /* likewise; or why it failed; or "" */
};

struct egress;

/* Begins to serve what will be handed over on a socket, which it takes whatever it answers. The
 * spec is copied. ERR_MEMORY, ERR_IO. */
int egress_open(struct egress **out, uv_loop_t *loop, const struct egress_spec *spec, int handover,
                struct err *err) MUST_CHECK;

/* Ends every connection; the requests stay as they are. */
void egress_stop(struct egress *egress);

/* The requests so far; borrowed until it is closed. */
const struct egress_request *egress_requests(const struct egress *egress, size_t *count);

/* "bytes", "seconds", "requests": the bound that was hit, or NULL. */
const char *egress_limit(const struct egress *egress);

/* Stops it; its memory goes in the loop's next turns. */
void egress_close(struct egress *egress);

#endif
