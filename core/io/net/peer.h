/* peer.h: who is at the other end of a unix socket. */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <stdbool.h>

enum peer {
    PEER_STRANGER, // of another user, of a jail or a container; or it cannot be found out
    PEER_TRUSTED,
    PEER_GONE, // it has ended or is about to, and will answer nothing
};

/* Trusted is a process of this user, or of root, in the pid and user namespaces of this process:
 * a program in a jail has the engine's own uid when that is an ordinary user. */
enum peer peer_of(int socket);

#endif
