/* conn.h: the structs of the HTTP server, shared by http.c (the listener), conn.c
 * (connections) and answer.c (answers). Private to them.
 */
#ifndef IO_HTTP_CONN_H
#define IO_HTTP_CONN_H

#include "io/net/http.h"
#include "io/net/http/websocket.h"

enum conn_state {
    CONN_READS,   /* waits for a request or receives one */
    CONN_ANSWERS, /* an exchange is open */
    CONN_LINGERS, /* said its last; discards what still comes, so that the answer is not reset */
    CONN_CLOSED,
};

struct http_server {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    struct http_limits limits;
    struct http_events events;
    void *ctx;
    struct http_conn *first, *last; /* the last one has waited longest since its last request */
    unsigned count;
    size_t held;                    /* bytes of requests that are not complete (room.h) */
    size_t unsent;                  /* bytes that wait for all clients together */
    size_t handles; /* not yet closed: the server, the listener and two per connection */
    struct wslay *wslay; /* loaded with the first WebSocket */
    bool draining;  /* the listener is closed: no further requests */
    bool closing;
    char date[40]; /* of the second `dated` */
    time_t dated;
    char input[65536]; /* what a read brings; parsed before the next */
};

struct http_exchange {
    struct http_conn *conn;
    void *data;
    bool began, chunked, is_head, keep_alive, is_1_0;
    bool awaits_room;
    bool bodyless; /* 204, 304, HEAD: pieces are counted but not sent */
};

struct http_conn {
    struct http_server *server;
    struct http_conn *prev, *next;
    uv_tcp_t tcp;
    uv_timer_t timer;
    enum conn_state state;
    struct http_parser parser;
    struct http_exchange exchange;
    struct websocket *websocket; /* what the exchange became, or NULL */
    struct buf pending;          /* bytes of later requests */
    bool reading;
    bool ended; /* the client says no more; what it said before is answered */
    bool cut;   /* drop it when everything has left */
    size_t held;  /* its part of the server's */
    size_t unsent;
    uint64_t queued; /* bytes that ever had to wait for the client */
    uint64_t taken;  /* how many of them it had taken when they were last looked at */
    uv_shutdown_t shutdown;
    int open; /* handles */
};

/* Takes the connection that waits at the listener; one over the limit is closed at once. */
void conn_accept(struct http_server *server);

/* One handle fewer; frees a closed server with its last. */
void server_handle_closed(struct http_server *server);

/* Queues bytes. ERR_MEMORY or ERR_IO; the connection is dropped by then. */
int conn_write(struct http_conn *c, const char *bytes, size_t len);

/* The same with a head before them: a large body is not copied where the kernel takes it. */
int conn_write_behind(struct http_conn *c, const struct buf *head, const char *bytes, size_t len);

/* The exchange is a WebSocket now: what came behind its request is its first bytes. */
void conn_socket_begins(struct http_conn *c);

/* The exchange is over: the next request, or the end. */
void conn_next(struct http_conn *c, bool keep_alive);

/* Drops the connection; on_gone when an exchange is open. */
void conn_drop(struct http_conn *c);

/* "Date: …\r\n" */
const char *server_date(struct http_server *server);

/* A whole answer without a handler: refusals. id: "" when it has none. */
void answer_refusal(struct http_conn *c, int status, const char *why, const char *id);

#endif
