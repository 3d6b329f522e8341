/* websocket.h: an exchange that became a WebSocket (RFC 6455): frames by libwslay, which is loaded
 * with the first one. What clients say is bounded and not looked at, but for pings and their end.
 */
#ifndef IO_HTTP_WEBSOCKET_H
#define IO_HTTP_WEBSOCKET_H

#include "base/err.h"

struct http_conn;
struct wslay;     /* the loaded library, one per server */
struct websocket; /* the frames of one connection */

#define WEBSOCKET_ACCEPT 29 /* room for Sec-WebSocket-Accept */

/* Loads the library. ERR_LIBRARY with the package, ERR_MEMORY. It stays loaded. The caller frees
 * *out. */
int wslay_load(struct wslay **out, struct err *err) MUST_CHECK;

/* What proves to the client that its key was understood; false when the key is none. */
bool websocket_accept(const char *key, char out[WEBSOCKET_ACCEPT]);

/* ERR_MEMORY. `library` is borrowed. */
int websocket_open(struct websocket **out, const struct wslay *library, struct http_conn *c,
                   struct err *err) MUST_CHECK;
void websocket_close(struct websocket *socket);

/* Bytes of the client: answers pings and the end. False when it is over: the client said so, or
 * spoke another protocol, and the connection is to end. */
bool websocket_feed(struct websocket *socket, const char *bytes, size_t len);

/* Sends a text message; or a ping, which any answer follows. ERR_MEMORY, ERR_IO. */
int websocket_send(struct websocket *socket, const char *text, size_t len) MUST_CHECK;
int websocket_ping(struct websocket *socket) MUST_CHECK;

/* Says that it goes away. */
void websocket_bye(struct websocket *socket);

#endif
