/* raw_server.h: a server on the test's own loop that says exactly what a row tells it to: bytes in
 * pieces, then closes, resets or hangs. It waits for the end of the request's headers first. */
#ifndef TESTS_RAW_SERVER_H
#define TESTS_RAW_SERVER_H

#include <string.h>
#include <uv.h>

#include "base/buf.h"

enum raw_end { RAW_CLOSE, RAW_RESET, RAW_HANG, RAW_KEEP, RAW_REPEAT };

struct raw_script {
    const char *bytes; /* NULL: say nothing */
    size_t len;        /* 0: strlen(bytes) */
    size_t first;      /* size of the first piece; 0: as the others */
    size_t piece;      /* 0: all at once */
    unsigned gap_ms;   /* between pieces */
    enum raw_end end;  /* RAW_KEEP: serve the next request too; RAW_REPEAT: the bytes, forever */
    bool before;       /* do not wait for the request */
};

struct raw_server {
    uv_tcp_t tcp;
    struct raw_script script;
    unsigned connections, requests;
    struct buf seen; /* everything received */
    struct raw_peer *first;
    char url[64];
};

struct raw_peer {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_write_t write;
    struct raw_server *server;
    struct raw_peer *next;
    size_t at, tail;
    bool busy, writing, closing;
    int open;
    char input[4096];
};

static void raw_closed(uv_handle_t *handle)
{
    struct raw_peer *peer = handle->data;
    if (--peer->open == 0)
        free(peer);
}

static void raw_drop(struct raw_peer *peer, bool reset)
{
    if (peer->closing)
        return;
    peer->closing = true;
    for (struct raw_peer **at = &peer->server->first; *at; at = &(*at)->next)
        if (*at == peer) {
            *at = peer->next;
            break;
        }
    uv_close((uv_handle_t *)&peer->timer, raw_closed);
    if (reset)
        uv_tcp_close_reset(&peer->tcp, raw_closed);
    else
        uv_close((uv_handle_t *)&peer->tcp, raw_closed);
}

static void raw_step(struct raw_peer *peer);

static void raw_on_timer(uv_timer_t *timer)
{
    raw_step(timer->data);
}

static void raw_on_written(uv_write_t *write, int status)
{
    struct raw_peer *peer = write->data;
    peer->writing = false;
    if (status == 0 && !peer->closing)
        uv_timer_start(&peer->timer, raw_on_timer, peer->server->script.gap_ms, 0);
}

static void raw_step(struct raw_peer *peer)
{
    struct raw_script *s = &peer->server->script;
    size_t len = s->len;
    if (!s->bytes || !len)
        len = s->bytes ? strlen(s->bytes) : 0;
    if (peer->at == len && s->end == RAW_REPEAT)
        peer->at = s->first;
    if (peer->at < len) {
        size_t piece = s->first && peer->at == 0 ? s->first : s->piece;
        size_t n = piece && piece < len - peer->at ? piece : len - peer->at;
        uv_buf_t out = uv_buf_init((char *)s->bytes + peer->at, (unsigned)n);
        peer->at += n;
        peer->writing = true;
        peer->write.data = peer;
        uv_write(&peer->write, (uv_stream_t *)&peer->tcp, &out, 1, raw_on_written);
        return;
    }
    peer->busy = s->end == RAW_HANG;
    if (s->end == RAW_CLOSE || s->end == RAW_RESET)
        raw_drop(peer, s->end == RAW_RESET);
}

static void raw_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct raw_peer *peer = handle->data;
    (void)size;
    *buf = uv_buf_init(peer->input, sizeof peer->input);
}

static void raw_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct raw_peer *peer = stream->data;
    if (n < 0) {
        raw_drop(peer, false);
        return;
    }
    struct raw_server *server = peer->server;
    buf_put(&server->seen, buf->base, (size_t)n);
    if (!peer->busy &&
        memmem(server->seen.data + peer->tail, server->seen.len - peer->tail, "\r\n\r\n", 4)) {
        peer->tail = server->seen.len;
        server->requests++;
        peer->busy = true;
        peer->at = 0;
        raw_step(peer);
    }
}

static void raw_on_connection(uv_stream_t *listener, int status)
{
    struct raw_server *server = listener->data;
    struct raw_peer *peer = calloc(1, sizeof *peer);
    (void)status;
    server->connections++;
    peer->server = server;
    peer->open = 2;
    peer->tail = server->seen.len;
    peer->next = server->first;
    server->first = peer;
    peer->tcp.data = peer->timer.data = peer;
    uv_timer_init(listener->loop, &peer->timer);
    uv_tcp_init(listener->loop, &peer->tcp);
    uv_accept(listener, (uv_stream_t *)&peer->tcp);
    uv_read_start((uv_stream_t *)&peer->tcp, raw_alloc, raw_on_read);
    if (server->script.before) {
        peer->busy = true;
        raw_step(peer);
    }
}

static inline void raw_open(struct raw_server *server, uv_loop_t *loop, struct raw_script script)
{
    struct sockaddr_in address;
    int len = sizeof address;
    memset(server, 0, sizeof *server);
    server->script = script;
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(loop, &server->tcp);
    server->tcp.data = server;
    uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0);
    require(uv_listen((uv_stream_t *)&server->tcp, 1024, raw_on_connection) == 0);
    uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &len);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u/v1", ntohs(address.sin_port));
}

static void raw_listener_closed(uv_handle_t *handle)
{
    handle->data = NULL;
}

/* Runs the loop until the server's memory can go. */
static inline void raw_close(struct raw_server *server)
{
    while (server->first)
        raw_drop(server->first, false);
    uv_close((uv_handle_t *)&server->tcp, raw_listener_closed);
    while (server->tcp.data)
        uv_run(server->tcp.loop, UV_RUN_NOWAIT);
    buf_clear(&server->seen);
}

#endif
