/* http.h: an HTTP/1.1 server on the loop.
 *
 * Glossary
 *   exchange   one request and its answer; belongs to its connection
 *   mark       bytes waiting to be sent above which a writer should wait for on_writable
 *
 * One exchange at a time per connection; what a client pipelines waits (bounded). Every bound
 * answers with its status: 431 head, 414 target, 413 body, 408 too slow. Loopback unless another
 * address is given.
 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include <uv.h>

#include "base/err.h"
#include "io/net/http/parse.h"

#define HTTP_MARK    65536 /* bytes unsent: a writer should wait */
#define HTTP_PENDING 65536 /* bytes of pipelined requests kept */
#define HTTP_ID      65    /* bytes of an id, and its end */

struct http_server;
struct http_exchange;

struct http_limits { /* 0 = the default */
    size_t head;     /* bytes of target and headers, 16 KiB */
    size_t body;     /* bytes, 1 MiB */
    size_t unsent;   /* bytes waiting to be sent per connection, 8 MiB; a single answer may be as
                        large as it is */
    size_t held;     /* bytes of all requests that are not complete, 64 bodies; above it, those that
                        have waited longest are dropped */
    size_t all_unsent; /* bytes waiting to be sent to all clients, 256 MiB; above it those that have
                          waited longest since their last request are dropped */
    unsigned connections; /* 1024; a further one takes the place of the one that has waited longest
                             for its request, else of one whose last answer is out */
    uint32_t idle_ms;     /* a connection without a request, 60 s */
    uint32_t head_ms;     /* from the first byte of a request to the end of its head, 10 s */
    uint32_t receive_ms;  /* from there to its last byte, 30 s */
    uint32_t send_ms;     /* a client that takes nothing of what waits for it, 30 to 60 s */
    uint32_t half_closed_ms; /* how long one that closed its side is answered; 0: it has left */
    int socket;           /* a listening one (activation.h); 0: one is made */
};

struct http_events {
    /* A request; borrowed until it returns. The exchange lasts until it is sent, finished or
     * aborted, or until on_gone. */
    void (*on_request)(void *ctx, struct http_exchange *x, const struct http_request *request);
    /* The client left (or the server closes) before the end of the answer: x ends here. One that
     * only closed its side has left once an answer in pieces has begun, or when half_closed_ms
     * are over and nothing waits for it. */
    void (*on_gone)(void *data);
    /* What was unsent is below the mark again, after a write answered 1. */
    void (*on_writable)(void *data);
    /* A text message of a client over a WebSocket, borrowed until it returns. */
    void (*on_message)(void *data, const char *text, size_t len);
    /* After http_drain: the last connection is gone. */
    void (*on_drained)(void *ctx);
    /* A client sent what is no request, too much or too slowly, and is answered so. What is put
     * into `id` (letters, digits, '.', '_', '-') is that answer's X-Request-Id. NULL: not reported.
     * The texts are borrowed until it returns. */
    void (*on_refused)(void *ctx, const char *peer, int status, const char *why,
                       char id[HTTP_ID]);
};

/* The ERR_* of such an answer. */
int http_refusal_code(int status);

/* Listens on a numeric address or "localhost"; port 0 = any. limits.socket: on that one, which it
 * takes over, in their place. ERR_USAGE (no address), ERR_IO, with the cause; ERR_MEMORY. */
int http_listen(struct http_server **out, uv_loop_t *loop, const char *host, unsigned port,
                const struct http_limits *limits, const struct http_events *events, void *ctx,
                struct err *err) MUST_CHECK;

/* The port that it listens on. */
unsigned http_port(const struct http_server *server);

/* Stops listening; open exchanges come to their end, and their connections with them. on_drained
 * follows, perhaps from inside. Idempotent. */
void http_drain(struct http_server *server);

/* Stops listening and drops every connection (on_gone for open exchanges); memory goes in the
 * loop's next turns. */
void http_close(struct http_server *server);

/* The numeric address of the client; "" when the kernel does not say. */
#define HTTP_PEER 48
void http_peer(const struct http_exchange *x, char out[HTTP_PEER]);

/* The value given back to on_gone and on_writable. */
void http_set_data(struct http_exchange *x, void *data);

/* Answers with one piece; the exchange is over. Content-Length is ours; headers with control bytes
 * or no name are ERR_USAGE, and nothing is sent then. */
int http_send(struct http_exchange *x, int status, const struct http_header *headers, size_t count,
              const char *body, size_t len, struct err *err) MUST_CHECK;

/* Begins an answer in pieces (chunked for HTTP/1.1). ERR_USAGE as above or when it has begun. */
int http_start(struct http_exchange *x, int status, const struct http_header *headers, size_t count,
               struct err *err) MUST_CHECK;

/* Makes the exchange a WebSocket (RFC 6455): each piece is a text message then, an empty one a
 * ping; on_gone also when the client says goodbye. `key` is its Sec-WebSocket-Key. ERR_USAGE (no
 * such key, HTTP/1.0, begun, headers as above), ERR_LIBRARY, ERR_MEMORY, ERR_IO. */
int http_upgrade(struct http_exchange *x, const char *key, const struct http_header *headers,
                 size_t count, struct err *err) MUST_CHECK;

/* Sends a piece. 0; 1: sent or kept, but wait for on_writable; ERR_LIMIT: too much is waiting,
 * nothing was taken; ERR_USAGE: not begun; ERR_MEMORY. */
int http_write(struct http_exchange *x, const char *bytes, size_t len, struct err *err) MUST_CHECK;

/* Ends an answer in pieces; the exchange is over. ERR_USAGE: not begun, and it goes on. */
int http_finish(struct http_exchange *x, struct err *err) MUST_CHECK;

/* Drops the connection after what was written so far has left; the exchange is over. */
void http_abort(struct http_exchange *x);

/* Bytes written and not yet taken by the kernel. */
size_t http_unsent(const struct http_exchange *x);

#endif
