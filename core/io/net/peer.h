/* peer.h: who is at the other end of a unix socket. */
#ifndef IO_PEER_H
#define IO_PEER_H

#include <stdbool.h>

/* True when it is a process of this user, or of root, in the pid and user namespaces of this
 * process: a program in a jail has the engine's own uid when that is an ordinary user. False also
 * when that cannot be found out, and when the process that connected has ended. */
bool peer_is_trusted(int socket);

#endif
