/* conn.c: connections: accept, read, hand over requests, write, time out, close.
 *
 * Ownership: the server owns its connections, a connection its one exchange. Memory of a connection
 * goes when its two handles are closed, so a pointer taken in a callback stays good until that
 * callback returns. */
#include "io/net/http/conn.h"

#include <string.h>

#include "io/net/http/room.h"

#define LINGER_MS 500

struct piece { /* one queued write */
    uv_write_t write;
    struct http_conn *conn;
    size_t len;
    char bytes[];
};

/* ---- closing ---- */

static void on_conn_closed(uv_handle_t *handle)
{
    struct http_conn *c = handle->data;
    struct http_server *s = c->server;
    if (--c->open == 0) {
        websocket_close(c->websocket);
        http_parser_clear(&c->parser);
        buf_clear(&c->pending);
        free(c);
    }
    server_handle_closed(s);
}

static void unlink_conn(struct http_conn *c)
{
    struct http_server *s = c->server;
    *(c->prev ? &c->prev->next : &s->first) = c->next;
    *(c->next ? &c->next->prev : &s->last) = c->prev;
}

static void link_first(struct http_conn *c)
{
    struct http_server *s = c->server;
    c->prev = NULL;
    c->next = s->first;
    *(c->next ? &c->next->prev : &s->last) = c;
    s->first = c;
}

static void close_conn(struct http_conn *c)
{
    struct http_server *s = c->server;
    if (c->state == CONN_CLOSED)
        return;
    c->state = CONN_CLOSED;
    unlink_conn(c);
    room_leave(c);
    s->unsent -= c->unsent;
    s->count--;
    uv_close((uv_handle_t *)&c->timer, on_conn_closed);
    uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
    if (s->draining && s->count == 0)
        s->events.on_drained(s->ctx);
}

void conn_drop(struct http_conn *c)
{
    bool was_open = c->state == CONN_ANSWERS;
    close_conn(c);
    if (was_open)
        c->server->events.on_gone(c->exchange.data);
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer);

static void arm(struct http_conn *c, uint64_t ms)
{
    uv_timer_start(&c->timer, on_timer, ms, 0);
}

/* Says no more: sends what is queued and the end, then waits a little for the client to hear it. */
static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
    struct http_conn *c = shutdown->data;
    if (c->state != CONN_LINGERS)
        return;
    if (status)
        conn_drop(c);
    else
        arm(c, LINGER_MS);
}

static void say_goodbye(struct http_conn *c)
{
    c->state = CONN_LINGERS;
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown))
        conn_drop(c);
    else
        arm(c, c->server->limits.send_ms);
}

static void name_peer(const struct http_conn *c, char out[HTTP_PEER])
{
    struct sockaddr_storage address;
    int len = sizeof address;
    out[0] = '\0';
    if (!uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len))
        uv_ip_name((struct sockaddr *)&address, out, HTTP_PEER);
}

static void refuse(struct http_conn *c, int status, const char *why)
{
    const struct http_server *server = c->server;
    char peer[HTTP_PEER], id[HTTP_ID] = "";
    name_peer(c, peer);
    if (server->events.on_refused)
        server->events.on_refused(server->ctx, peer, status, why, id);
    answer_refusal(c, status, why, id);
    if (c->state != CONN_CLOSED)
        say_goodbye(c);
}

/* Bytes that the client took, of all that had to wait for it. */
static uint64_t taken(const struct http_conn *c)
{
    return c->queued - uv_stream_get_write_queue_size((const uv_stream_t *)&c->tcp);
}

/* A slow client may take as long as it likes, one that takes nothing may not. */
static void look_at_progress(struct http_conn *c)
{
    uint64_t now = taken(c);
    if (now == c->taken) {
        conn_drop(c);
        return;
    }
    c->taken = now;
    arm(c, c->server->limits.send_ms);
}

static void take_pending(struct http_conn *c);

static bool is_half_closed(const struct http_conn *c)
{
    return c->ended && c->server->limits.half_closed_ms;
}

static void on_timer(uv_timer_t *timer)
{
    struct http_conn *c = timer->data;
    if (c->state == CONN_READS && c->pending.len && c->unsent <= HTTP_MARK)
        take_pending(c);
    else if (c->state == CONN_READS && http_parser_began(&c->parser))
        refuse(c, 408, "the request came too slowly");
    else if (c->unsent)
        look_at_progress(c);
    else if (c->state != CONN_ANSWERS || (is_half_closed(c) && !c->exchange.began))
        conn_drop(c);
}

static void read_on(struct http_conn *c, bool on);

/* Waits for the next request, once so much of the answers before has left that its own finds room:
 * who asks and never reads is asked to read first. */
static void await_request(struct http_conn *c)
{
    const struct http_limits *limits = &c->server->limits;
    bool is_full = c->unsent > HTTP_MARK;
    read_on(c, !is_full && !c->ended && c->pending.len < HTTP_PENDING);
    if (!is_full && c->pending.len)
        arm(c, 0);
    else
        arm(c, c->unsent ? limits->send_ms : limits->idle_ms);
}

/* ---- writing ---- */

static void on_written(uv_write_t *write, int status)
{
    struct piece *piece = write->data;
    struct http_conn *c = piece->conn;
    c->unsent -= piece->len;
    if (c->state != CONN_CLOSED)
        c->server->unsent -= piece->len;
    free(piece);
    if (c->state == CONN_CLOSED)
        return;
    if (status || (c->cut && c->unsent == 0)) {
        conn_drop(c);
    } else if (c->state == CONN_ANSWERS && c->exchange.awaits_room && c->unsent <= HTTP_MARK / 2) {
        c->exchange.awaits_room = false;
        c->server->events.on_writable(c->exchange.data);
    } else if (c->state == CONN_READS && !http_parser_began(&c->parser)) {
        await_request(c);
    }
}

static int queue(struct http_conn *c, const char *bytes, size_t len)
{
    struct piece *piece = malloc(sizeof *piece + len);
    if (!piece)
        return ERR_MEMORY;
    memcpy(piece->bytes, bytes, len);
    piece->conn = c;
    piece->len = len;
    piece->write.data = piece;
    uv_buf_t out = uv_buf_init(piece->bytes, (unsigned)len);
    if (uv_write(&piece->write, (uv_stream_t *)&c->tcp, &out, 1, on_written)) {
        free(piece);
        return ERR_IO;
    }
    if (c->unsent == 0) {
        c->taken = c->queued;
        arm(c, c->server->limits.send_ms);
    }
    c->queued += len;
    c->unsent += len;
    c->server->unsent += len;
    room_to_send(c);
    return 0;
}

/* Bytes that the kernel took at once, of all parts together; negative: the client is gone. */
static ssize_t try_write(struct http_conn *c, const uv_buf_t parts[2])
{
    if (c->unsent || parts[0].len + parts[1].len > INT32_MAX)
        return 0;
    int sent = uv_try_write((uv_stream_t *)&c->tcp, parts, 2);
    return sent == UV_EAGAIN ? 0 : sent;
}

static int write_parts(struct http_conn *c, const uv_buf_t parts[2])
{
    if (c->state == CONN_CLOSED)
        return ERR_IO;
    ssize_t sent = try_write(c, parts);
    int rc = sent < 0 ? ERR_IO : 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        size_t done = (size_t)sent < parts[i].len ? (size_t)sent : parts[i].len;
        if (done < parts[i].len)
            rc = queue(c, parts[i].base + done, parts[i].len - done);
        sent -= (ssize_t)done;
    }
    if (rc)
        conn_drop(c);
    return rc;
}

int conn_write_behind(struct http_conn *c, const struct buf *head, const char *bytes, size_t len)
{
    const uv_buf_t parts[] = {{head->data, head->len}, {(char *)bytes, len}};
    return write_parts(c, parts);
}

int conn_write(struct http_conn *c, const char *bytes, size_t len)
{
    const uv_buf_t parts[] = {{(char *)bytes, len}, {NULL, 0}};
    return write_parts(c, parts);
}

/* ---- reading ---- */

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct http_server *s = ((struct http_conn *)handle->data)->server;
    (void)size;
    *buf = uv_buf_init(s->input, sizeof s->input);
}

static void read_on(struct http_conn *c, bool on)
{
    if (c->state == CONN_CLOSED || c->reading == on)
        return;
    c->reading = on;
    if (!on)
        uv_read_stop((uv_stream_t *)&c->tcp);
    else if (uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read))
        conn_drop(c);
}

static void keep(struct http_conn *c, const char *bytes, size_t len)
{
    buf_put(&c->pending, bytes, len);
    if (!buf_ok(&c->pending))
        conn_drop(c);
    else if (c->pending.len >= HTTP_PENDING)
        read_on(c, false);
    room_count(c);
}

/* A client that says no more may have left: its answer has less time. */
static void await_answer(struct http_conn *c)
{
    if (is_half_closed(c))
        arm(c, c->server->limits.half_closed_ms);
    else
        uv_timer_stop(&c->timer);
}

static void hand_over(struct http_conn *c)
{
    const struct http_request *request = &c->parser.request;
    c->state = CONN_ANSWERS;
    room_leave(c);
    await_answer(c);
    c->exchange = (struct http_exchange){
        .conn = c,
        .keep_alive = request->keep_alive && !c->server->draining,
        .is_head = strcmp(request->method, "HEAD") == 0,
        .is_1_0 = request->is_1_0,
    };
    c->server->events.on_request(c->server->ctx, &c->exchange, request);
}

/* Parses up to the end of one request; what follows it is kept. */
static void parse(struct http_conn *c, const char *bytes, size_t len)
{
    bool began = http_parser_began(&c->parser), headed = c->parser.head_done;
    size_t used = http_parser_feed(&c->parser, bytes, len);
    room_count(c);
    if (c->parser.status) {
        refuse(c, c->parser.status, c->parser.why ? c->parser.why : "bad request");
        return;
    }
    if (c->parser.wants_continue && !c->parser.done) {
        c->parser.wants_continue = false;
        if (conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25))
            return;
    }
    if (!headed && c->parser.head_done)
        arm(c, c->server->limits.receive_ms);
    else if (!began)
        arm(c, c->server->limits.head_ms);
    if (used < len)
        keep(c, bytes + used, len - used);
    if (c->parser.done && c->state == CONN_READS)
        hand_over(c);
}

/* Called from a turn of the loop of its own: handlers do not nest however much is pipelined. */
static void take_pending(struct http_conn *c)
{
    struct buf pending = c->pending;
    c->pending = (struct buf){0};
    parse(c, pending.data, pending.len);
    buf_clear(&pending);
    if (c->state == CONN_READS || c->state == CONN_ANSWERS)
        read_on(c, c->pending.len < HTTP_PENDING && !c->ended);
}

static void feed_socket(struct http_conn *c, const char *bytes, size_t len)
{
    if (websocket_feed(c->websocket, bytes, len) || c->state != CONN_ANSWERS)
        return;
    say_goodbye(c);
    c->server->events.on_gone(c->exchange.data);
}

void conn_socket_begins(struct http_conn *c)
{
    struct buf pending = c->pending;
    c->pending = (struct buf){0};
    if (pending.len)
        feed_socket(c, pending.data, pending.len);
    buf_clear(&pending);
    read_on(c, true);
}

/* The client closed its side: what it asked for is answered, unless that answer has begun and goes
 * on in pieces. */
static void on_end(struct http_conn *c)
{
    bool has_asked = c->state == CONN_READS && !http_parser_began(&c->parser);
    c->ended = true;
    read_on(c, false);
    if (c->state == CONN_ANSWERS && !c->exchange.began && is_half_closed(c))
        await_answer(c);
    else if (has_asked && c->pending.len)
        return; // await_request takes it
    else if (has_asked && c->unsent)
        say_goodbye(c);
    else
        conn_drop(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct http_conn *c = stream->data;
    if (n == UV_EOF && c->state != CONN_LINGERS) {
        on_end(c);
        return;
    }
    if (n < 0) {
        if (c->state == CONN_LINGERS && c->unsent)
            read_on(c, false);
        else
            conn_drop(c);
        return;
    }
    if (n == 0 || c->state == CONN_LINGERS)
        return;
    if (c->state == CONN_ANSWERS && c->websocket)
        feed_socket(c, buf->base, (size_t)n);
    else if (c->state == CONN_ANSWERS || c->pending.len)
        keep(c, buf->base, (size_t)n);
    else
        parse(c, buf->base, (size_t)n);
}

void conn_next(struct http_conn *c, bool keep_alive)
{
    if (c->state == CONN_CLOSED)
        return;
    http_parser_reset(&c->parser);
    if (!keep_alive || c->server->draining || (c->ended && !c->pending.len)) {
        say_goodbye(c);
        return;
    }
    c->state = CONN_READS;
    unlink_conn(c);
    link_first(c);
    room_count(c);
    await_request(c);
}

void http_abort(struct http_exchange *x)
{
    struct http_conn *c = x->conn;
    c->state = CONN_LINGERS; // no on_gone
    c->cut = true;
    if (c->unsent == 0)
        close_conn(c);
}

/* ---- the beginning ---- */

void conn_accept(struct http_server *s)
{
    struct http_conn *c = calloc(1, sizeof *c);
    if (!c)
        return;
    c->server = s;
    c->open = 2;
    c->tcp.data = c->timer.data = c;
    room_for_connection(s);
    link_first(c);
    s->count++;
    s->handles += 2;
    http_parser_init(&c->parser, s->limits.head, s->limits.body);
    uv_timer_init(s->loop, &c->timer);
    uv_tcp_init(s->loop, &c->tcp);
    if (uv_accept((uv_stream_t *)&s->tcp, (uv_stream_t *)&c->tcp) ||
        s->count > s->limits.connections) {
        conn_drop(c);
        return;
    }
    uv_tcp_nodelay(&c->tcp, 1);
    arm(c, s->limits.idle_ms);
    read_on(c, true);
}

void http_peer(const struct http_exchange *x, char out[HTTP_PEER])
{
    name_peer(x->conn, out);
}
