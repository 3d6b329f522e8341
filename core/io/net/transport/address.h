/* address.h: which addresses a request may go to. A name says nothing about where it leads, and may
 * lead elsewhere a moment later: what is judged is the address that a socket is about to be
 * connected to.
 */
#ifndef IO_TRANSPORT_ADDRESS_H
#define IO_TRANSPORT_ADDRESS_H

#include <sys/socket.h>

#include "base/base.h"

#define ADDRESS_TEXT_MAX 48

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_OWN,     /* this machine: 127.0.0.0/8, ::1 */
    ADDRESS_PRIVATE, /* of a network that is not the Internet: RFC 1918, carrier's NAT, ULA */
    ADDRESS_LINK, /* of one link: 169.254.0.0/16, where clouds hand out their keys, and fe80::/10 */
    ADDRESS_NONE, /* of no machine: 0.0.0.0/8, multicast, reserved */
};

/* What was written down about where a request may go. */
struct address_leave {
    bool any;   /* private addresses, however the host is written */
    bool own;   /* the host is "localhost" */
    bool plain; /* the host is an address itself, written as itself */
};

/* Its kind; of one inside another (mapped, 6to4, NAT64), the inner one's. `inner`, which may be
 * NULL, says whether it is inside another. Unknown families are ADDRESS_NONE. */
enum address_kind address_kind(const struct sockaddr *address, bool *inner);

/* May a socket be connected to it? ADDRESS_NONE never; a public one always; of the others only what
 * was written down. */
bool address_allowed(const struct sockaddr *address, const struct address_leave *leave);

/* The address as text, "?" for an unknown family, and what its kind is called. */
void address_text(const struct sockaddr *address, char out[ADDRESS_TEXT_MAX]);
const char *address_word(enum address_kind kind);

#endif
