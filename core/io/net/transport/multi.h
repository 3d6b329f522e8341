/* multi.h: libcurl's multi handle on the loop: one uv_poll for all its sockets, one timer. Knows
 * nothing of requests; transport.c does.
 */
#ifndef IO_TRANSPORT_MULTI_H
#define IO_TRANSPORT_MULTI_H

#include <uv.h>

#include "base/err.h"
#include "io/net/transport/curl.h"

struct multi;

/* An easy handle ended and is out of the multi handle; called from the loop, outside of curl: it
 * may add and remove handles. */
typedef void multi_done_fn(void *ctx, CURL *easy, CURLcode code);

/* Keeps up to `idle` connections for reuse. NULL, with errno, when out of memory or of descriptors.
 * `curl` is borrowed until multi_close returns. */
struct multi *multi_open(uv_loop_t *loop, const struct curl *curl, long idle,
                         multi_done_fn *on_done, void *ctx);

/* Closes the kept connections; no easy handle may be inside. Memory goes in the loop's next turns.
 */
void multi_close(struct multi *multi);

/* The easy handles inside. */
size_t multi_count(const struct multi *multi);

/* Starts easy, whose sockets are from multi_socket, in the loop's next turn. 0 or ERR_BUG,
 * ERR_MEMORY. */
int multi_add(struct multi *multi, CURL *easy) MUST_CHECK;

/* A socket for an easy handle inside, from its CURLOPT_OPENSOCKETFUNCTION: the set watches it.
 * CURL_SOCKET_BAD, with errno, when there is none. */
curl_socket_t multi_socket(struct multi *multi, const struct curl_sockaddr *address);

/* Takes easy out; on_done is not called. Never from inside one of curl's callbacks. */
void multi_remove(struct multi *multi, CURL *easy);

#endif
