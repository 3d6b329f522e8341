/* activation.h: a service of systemd: the socket that it was started with (sd_listen_fds), and what
 * it reports of itself (sd_notify). Both are a few lines, and need no library.
 */
#ifndef IO_HTTP_ACTIVATION_H
#define IO_HTTP_ACTIVATION_H

#include "base/err.h"

#define ACTIVATION_HOST 64

/* The listening TCP socket that this process was started with, its numeric address and port; closed
 * in programs that it starts. -1: it was started with none. ERR_CONFIG: what it was started with is
 * no such socket, or more than one. */
int activation_socket(char host[ACTIVATION_HOST], unsigned *port, struct err *err) MUST_CHECK;

/* "READY=1", "STOPPING=1": reports to NOTIFY_SOCKET, where there is one. No error is reported. */
void activation_notify(const char *state);

#endif
