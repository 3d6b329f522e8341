/* room.h: what all clients together hold of the server: connections, bytes of requests that are not
 * complete, and bytes that wait to be read. Where there is no room, the client that has waited
 * longest since its last request gives up its own.
 */
#ifndef IO_HTTP_ROOM_H
#define IO_HTTP_ROOM_H

#include "io/net/http/conn.h"

/* Before a connection is taken: at the limit one is dropped, one that asks nothing or slowly, else
 * one that was answered for the last time and does not leave. */
void room_for_connection(struct http_server *server);

/* Counts what c holds while it reads; above limits.held others that read are dropped. */
void room_count(struct http_conn *c);

/* More waits for c: above limits.all_unsent others that were answered and do not read are dropped;
 * an exchange that is open never is. */
void room_to_send(struct http_conn *c);

/* c reads no more. */
void room_leave(struct http_conn *c);

#endif
