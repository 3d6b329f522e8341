/* test_http.c: requests as they should and should not be, cut at every place; the server over real
 * sockets: pipelining, time, bounds, clients that leave, answers in pieces. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/net/http.h"
#include "io/net/http/websocket.h"

/* ---- the parser ---- */

#define HOST "Host: h\r\n"

static const struct row {
    const char *in;
    int status;       /* 0: accepted */
    const char *want; /* "METHOD path?query body" */
} rows[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 0, "GET /? "},
    {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0, "GET /? "},
    {"GET /a%20b?x=1&y=?z HTTP/1.1\r\n" HOST "\r\n", 0, "GET /a%20b?x=1&y=?z "},
    {"GET http://h:1/a?b HTTP/1.1\r\n" HOST "\r\n", 0, "GET /a?b "},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, "OPTIONS *? "},
    {"GET / HTTP/1.0\r\n\r\n", 0, "GET /? "},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 0, "POST /? abc"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, "POST /? "},
    {"POST / HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nT: v\r\n\r\n",
     0, "POST /? abc"},
    {"PUT / HTTP/1.1\r\n" HOST "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n", 0, "PUT /? "},
    {"GET / HTTP/1.1\r\n" HOST "Empty:\r\nE2: \r\nX:  y \t\r\n\r\n", 0, "GET /? "},
    {"GET /ws HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 0,
     "GET /ws? "},

    {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
    {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400, "more than one Host"},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host"},
    {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, "Host"},
    {"GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400, "folded"},
    {"GET / HTTP/1.1\r\n" HOST "A:\r\n\tc\r\n\r\n", 400, "folded"},
    {"GET / HTTP/1.1\r\n " HOST "\r\n", 400, "folded"},
    {"GET / HTTP/1.1\n" HOST "\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A b: c\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A : c\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST ": c\r\n\r\n", 400, NULL},
    {"GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n", 400, NULL},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 505, "HTTP/1.1"},
    {"GET / HTTP/1.2\r\n" HOST "\r\n", 400, NULL},
    {"GET /\r\n\r\n", 400, NULL},
    {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"get / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"FOO / HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET x HTTP/1.1\r\n" HOST "\r\n", 400, NULL},
    {"GET /#f HTTP/1.1\r\n" HOST "\r\n", 400, "path"},
    {"GET * HTTP/1.1\r\n" HOST "\r\n", 400, "path"},
    {"CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n", 501, "CONNECT"},
    {"\x16\x03\x01\x02", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\na", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 101\r\n\r\n", 413, "body"},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
     400, NULL},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "frame"},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "coding"},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 501, NULL},
    {"POST / HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\nab\r\n0\r\n\r\n", 400, NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400,
     NULL},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400,
     NULL},
    {"POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417,
     "100-continue"},
};

/* Feeds all bytes, the first piece of `first`, then of `step`. */
static void feed(struct http_parser *p, const char *in, size_t first, size_t step)
{
    size_t len = strlen(in);
    for (size_t at = 0, n = first; at < len && !p->done && !p->status; at += n, n = step) {
        if (n > len - at)
            n = len - at;
        size_t used = http_parser_feed(p, in + at, n);
        assert_true(used <= n);
        if (p->done)
            assert_int_equal(at + used, len); // nothing of the request is left over
    }
}

static void expect(const struct row *row, struct http_parser *p)
{
    char got[300] = "";
    const struct http_request *r = &p->request;
    if (p->done)
        snprintf(got, sizeof got, "%s %s?%s %s", r->method, r->path, r->query, r->body);
    if (p->status != row->status || (p->status == 0) != p->done)
        fail_msg("%s -> %d %s %s", row->in, p->status, p->why ? p->why : "", got);
    if (p->done && strcmp(got, row->want) != 0)
        fail_msg("%s -> '%s'", row->in, got);
    if (p->status && row->want && !strstr(p->why, row->want))
        fail_msg("%s -> %d %s", row->in, p->status, p->why);
}

static void test_parser(void **state)
{
    (void)state;
    struct http_parser p;
    http_parser_init(&p, 300, 100);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t len = strlen(rows[i].in);
        for (size_t first = 1; first <= len; first++)
            for (size_t step = 1; step <= len; step += len) {
                http_parser_reset(&p);
                feed(&p, rows[i].in, first, step);
                expect(&rows[i], &p);
            }
    }
    http_parser_clear(&p);
}

static void test_parser_headers(void **state)
{
    (void)state;
    struct http_parser p;
    http_parser_init(&p, 300, 100);
    const char *in =
        "GET / HTTP/1.1\r\nHOST: h\r\nEmpty:\r\nX-Y:  a b \t\r\nCookie: c\r\nLast: z\r\n\r\n";
    for (size_t step = 1; step < strlen(in); step++) {
        http_parser_reset(&p);
        feed(&p, in, step, step);
        assert_true(p.done);
        assert_int_equal(p.request.header_count, 5);
        assert_string_equal(http_header_of(&p.request, "host"), "h");
        assert_string_equal(http_header_of(&p.request, "empty"), "");
        assert_string_equal(http_header_of(&p.request, "x-y"), "a b");
        assert_string_equal(http_header_of(&p.request, "last"), "z");
        assert_null(http_header_of(&p.request, "none"));
        assert_string_equal(p.request.target, "/");
        assert_true(p.request.keep_alive);
    }
    http_parser_clear(&p);
}

static int flood(const char *head, const char *filler, size_t max)
{
    struct http_parser p;
    http_parser_init(&p, 1000, 1000);
    feed(&p, head, strlen(head), 1);
    for (size_t sent = 0; sent < max && !p.status && !p.done; sent += strlen(filler))
        http_parser_feed(&p, filler, strlen(filler));
    int status = p.status;
    assert_true(p.text.cap < 8192 && p.body.cap < 8192);
    http_parser_clear(&p);
    return status;
}

static void test_parser_floods(void **state)
{
    (void)state;
    size_t max = 1 << 20;
    assert_int_equal(flood("GET /", "aaaaaaaa", max), 414);
    assert_int_equal(flood("GET / HTTP/1.1\r\n" HOST "X: ", "aaaaaaaa", max), 431);
    assert_int_equal(flood("GET / HTTP/1.1\r\n" HOST "X:", "        ", max), 431);
    assert_int_equal(flood("GET / HTTP/1.1\r\n" HOST, "A: b\r\n", max), 431);
    assert_int_equal(flood("", "\r\n", max), 431);
    assert_int_equal(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
                           "4\r\nabcd\r\n", max),
                     413);
    assert_int_equal(
        flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1;a=", "bbbbbbbb", max),
        431);
    assert_int_equal(flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n",
                           "A: b\r\n", max),
                     400);
    assert_int_equal(
        flood("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "0000000000", max),
        400);
}

/* ---- the server ---- */

struct client {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct buf got;
    bool connected, ended;
    int open;
    char input[65536];
};

struct fixture {
    uv_loop_t loop;
    struct http_server *server;
    struct http_exchange *held; /* by a handler that answers later; the last large one */
    unsigned requests, gone, drained;
    size_t large;     /* bytes of each answer; 0: it says what was asked */
    bool hold, empty; /* empty: the last connection is gone, after http_drain */
};

static void answer_large(struct fixture *f, struct http_exchange *x)
{
    char *body = calloc(1, f->large);
    f->held = x;
    assert_int_equal(http_send(x, 200, NULL, 0, body, f->large, NULL), 0);
    free(body);
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *request)
{
    struct fixture *f = ctx;
    char body[200];
    f->requests++;
    http_set_data(x, f);
    if (f->hold) {
        f->held = x;
        return;
    }
    if (f->large) {
        answer_large(f, x);
        return;
    }
    int len =
        snprintf(body, sizeof body, "%s %s %zu", request->method, request->path, request->body_len);
    assert_int_equal(http_send(x, 200, NULL, 0, body, (size_t)len, NULL), 0);
}

static void on_gone(void *data)
{
    struct fixture *f = data;
    f->held = NULL;
    f->gone++;
}

static void on_writable(void *data)
{
    ((struct fixture *)data)->drained++;
}

static void on_drained(void *ctx)
{
    ((struct fixture *)ctx)->empty = true;
}

static void on_refused(void *ctx, const char *peer, int status, const char *why, char id[HTTP_ID])
{
    (void)ctx;
    assert_string_equal(peer, "127.0.0.1");
    assert_true(*why);
    snprintf(id, HTTP_ID, "r-%d", status);
}

static const struct http_events events = {.on_request = on_request,
                                         .on_gone = on_gone,
                                         .on_writable = on_writable,
                                         .on_drained = on_drained,
                                         .on_refused = on_refused};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct http_limits limits = {.head = 1000,
                                 .body = 1000,
                                 .unsent = 1000000,
                                 .held = 5000,
                                 .all_unsent = 48000000,
                                 .connections = 8,
                                 .idle_ms = 150,
                                 .head_ms = 100,
                                 .receive_ms = 100,
                                 .send_ms = 150,
                                 .half_closed_ms = 150};
    struct err err = {0};
    uv_loop_init(&f->loop);
    *state = f;
    return http_listen(&f->server, &f->loop, "localhost", 0, &limits, &events, f, &err);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_close(f->server);
    for (int i = 0; i < 3000 && uv_run(&f->loop, UV_RUN_NOWAIT); i++)
        usleep(1000);
    int rc = uv_loop_close(&f->loop);
    free(f);
    return rc;
}

static void on_client_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct client *c = handle->data;
    (void)size;
    *buf = uv_buf_init(c->input, sizeof c->input);
}

static void on_client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct client *c = stream->data;
    if (n < 0) {
        c->ended = true;
        uv_read_stop(stream);
    } else {
        buf_put(&c->got, buf->base, (size_t)n);
    }
}

static void on_client_connected(uv_connect_t *connect, int status)
{
    struct client *c = connect->data;
    assert_int_equal(status, 0);
    c->connected = true;
}

static struct client *dial(struct fixture *f)
{
    struct client *c = calloc(1, sizeof *c);
    struct sockaddr_in address;
    uv_ip4_addr("127.0.0.1", (int)http_port(f->server), &address);
    uv_tcp_init(&f->loop, &c->tcp);
    c->tcp.data = c->connect.data = c;
    uv_tcp_connect(&c->connect, &c->tcp, (struct sockaddr *)&address, on_client_connected);
    while (!c->connected)
        uv_run(&f->loop, UV_RUN_ONCE);
    return c;
}

static void listen_to(struct client *c)
{
    uv_read_start((uv_stream_t *)&c->tcp, on_client_alloc, on_client_read);
}

static void say(struct client *c, const char *text)
{
    uv_buf_t out = uv_buf_init((char *)text, (unsigned)strlen(text));
    assert_int_equal(uv_try_write((uv_stream_t *)&c->tcp, &out, 1), strlen(text));
}

static void on_hung_up(uv_handle_t *handle)
{
    struct client *c = handle->data;
    buf_clear(&c->got);
    free(c);
}

static void hang_up(struct client *c)
{
    uv_close((uv_handle_t *)&c->tcp, on_hung_up);
}

static void on_tick(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Runs the loop until `what` is in what c got, or c was closed, or a second is over. */
static bool hears(struct fixture *f, struct client *c, const char *what)
{
    uv_timer_t timer;
    bool late = false;
    uv_timer_init(&f->loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_tick, 2000, 0);
    while (!late && !c->ended && !(what && c->got.len && strstr(c->got.data, what)))
        uv_run(&f->loop, UV_RUN_ONCE);
    bool found = what ? c->got.len && strstr(c->got.data, what) : c->ended;
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    return found;
}

static size_t count_of(const struct client *c, const char *what)
{
    size_t count = 0;
    for (const char *at = c->got.len ? c->got.data : ""; (at = strstr(at, what)); at++)
        count++;
    return count;
}

static void test_keep_alive(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    listen_to(c);
    say(c, "GET /a HTTP/1.1\r\n" HOST "\r\n");
    assert_true(hears(f, c, "GET /a 0"));
    say(c, "POST /b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nxy");
    assert_true(hears(f, c, "POST /b 2"));
    assert_non_null(strstr(c->got.data, "HTTP/1.1 200 OK\r\nDate: "));
    assert_non_null(strstr(c->got.data, "Content-Length: 8\r\n"));
    say(c, "GET /c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(hears(f, c, NULL));
    assert_non_null(strstr(c->got.data, "Connection: close\r\n"));
    assert_int_equal(f->requests, 3);
    hang_up(c);
}

static void test_1_0_and_head(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    listen_to(c);
    say(c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(hears(f, c, "Connection: keep-alive\r\n"));
    say(c, "HEAD /a HTTP/1.0\r\n\r\n");
    assert_true(hears(f, c, NULL));
    assert_int_equal(count_of(c, "Content-Length: 8\r\n"), 1);
    assert_int_equal(count_of(c, "Content-Length: 9\r\n"), 1);
    assert_int_equal(count_of(c, "HEAD /a"), 0);
    hang_up(c);
}

static void test_pipelining(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    struct buf all = {0};
    listen_to(c);
    for (int i = 0; i < 500; i++)
        buf_printf(&all, "GET /%d HTTP/1.1\r\n" HOST "\r\n", i);
    say(c, all.data);
    assert_true(hears(f, c, "GET /499 0"));
    assert_int_equal(f->requests, 500);
    assert_int_equal(count_of(c, "HTTP/1.1 200 OK"), 500);
    assert_true(strstr(c->got.data, "GET /7 0") < strstr(c->got.data, "GET /8 0"));
    buf_clear(&all);
    hang_up(c);
}

/* While an answer is awaited, what is pipelined is kept up to a bound, and answered after it. */
static void test_pipelining_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    struct buf more = {0};
    size_t sent = 0;
    listen_to(c);
    f->hold = true;
    say(c, "GET /first HTTP/1.1\r\n" HOST "\r\n");
    while (!f->held)
        uv_run(&f->loop, UV_RUN_ONCE);
    for (int i = 0; i < 100; i++)
        buf_puts(&more, "GET /more HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 5000; i++) { // until the kernel takes no more
        uv_buf_t out = uv_buf_init(more.data, (unsigned)more.len);
        int n = uv_try_write((uv_stream_t *)&c->tcp, &out, 1);
        uv_run(&f->loop, UV_RUN_NOWAIT);
        if (n != (int)more.len)
            break;
        sent++;
    }
    assert_true(sent < 5000);
    f->hold = false;
    assert_int_equal(http_send(f->held, 200, NULL, 0, "first", 5, NULL), 0);
    assert_true(hears(f, c, "GET /more 0"));
    assert_true(strstr(c->got.data, "first") < strstr(c->got.data, "GET /more"));
    buf_clear(&more);
    hang_up(c);
}

static struct client *hold_one(struct fixture *f, const char *version)
{
    struct client *c = dial(f);
    char in[100];
    f->hold = true;
    f->held = NULL;
    snprintf(in, sizeof in, "GET / HTTP/%s\r\n" HOST "\r\n", version);
    say(c, in);
    while (!f->held)
        uv_run(&f->loop, UV_RUN_ONCE);
    return c;
}

static void shut(struct client *c)
{
    uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, NULL);
}

static void test_half_closed_pipeline(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    listen_to(c);
    say(c, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\nGET /3 HTTP/1.1\r\n" HOST
           "\r\n");
    shut(c);
    assert_true(hears(f, c, NULL));
    assert_int_equal(count_of(c, "HTTP/1.1 200 OK"), 3);
    hang_up(c);
}

static void test_half_closed_client_is_answered(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    listen_to(c);
    shut(c);
    for (int i = 0; i < 5; i++) // until the server has heard of it
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(f->gone, 0);
    assert_int_equal(http_send(f->held, 200, NULL, 0, "after all", 9, NULL), 0);
    assert_true(hears(f, c, NULL));
    assert_non_null(strstr(c->got.data, "after all"));
    hang_up(c);
}

/* Its answer was queued before it closed its side. */
static void test_half_closed_reader_gets_all(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    f->large = 40000;
    for (unsigned asked = 1; !f->held || !http_unsent(f->held); asked++) { // the kernel takes all
        say(c, "GET / HTTP/1.1\r\n" HOST "\r\n");
        while (f->requests < asked)
            uv_run(&f->loop, UV_RUN_ONCE);
    }
    shut(c);
    for (int i = 0; i < 5; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    listen_to(c);
    assert_true(hears(f, c, NULL));
    assert_true(c->got.len > f->requests * f->large);
    hang_up(c);
}

static void test_half_closed_client_does_not_wait_forever(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1"), *other;
    uint64_t began = uv_now(&f->loop);
    listen_to(c);
    shut(c);
    assert_true(hears(f, c, NULL));
    assert_int_equal(f->gone, 1);
    assert_true(uv_now(&f->loop) - began >= 150);
    other = hold_one(f, "1.1"); // which is answered in pieces
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    shut(other);
    while (f->gone < 2)
        uv_run(&f->loop, UV_RUN_ONCE);
    hang_up(other);
    hang_up(c);
}

/* An answer in pieces that begins after the client closed its side, and makes progress. */
static void test_half_closed_client_gets_all_pieces(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    listen_to(c);
    shut(c);
    for (int i = 0; i < 5; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    for (uint64_t began = uv_now(&f->loop); uv_now(&f->loop) - began < 300;) {
        assert_int_equal(f->gone, 0);
        assert_int_equal(http_write(f->held, "piece", 5, NULL), 0);
        usleep(20000);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(http_finish(f->held, NULL), 0);
    assert_true(hears(f, c, NULL));
    assert_non_null(strstr(c->got.data, "\r\n0\r\n\r\n"));
    hang_up(c);
}

static void test_refusals_close(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n" HOST "Content-Length: 2000\r\n\r\n",
         "HTTP/1.1 413 Payload Too Large\r\n"},
        {"GET /", "HTTP/1.1 408 Request Timeout\r\n"},
        {"GET / HTTP/1.1\r\n" HOST, "HTTP/1.1 408 "},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nx", "HTTP/1.1 408 "},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct client *c = dial(f);
        listen_to(c);
        say(c, cases[i].in);
        assert_true(hears(f, c, NULL));
        if (!c->got.len || strncmp(c->got.data, cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("%s -> %s", cases[i].in, c->got.len ? c->got.data : "");
        assert_non_null(strstr(c->got.data, "Connection: close\r\n"));
        assert_non_null(strstr(c->got.data, "X-Request-Id: r-4"));
        assert_non_null(strstr(c->got.data, ",\"instance\":\"r-4"));
        hang_up(c);
    }
    assert_int_equal(f->requests, 0);
}

/* The refusal arrives although the client goes on sending. */
static void test_large_body_hears_413(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    struct buf body = {0};
    listen_to(c);
    for (int i = 0; i < 100000; i++)
        buf_putc(&body, 'x');
    say(c, "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000\r\n\r\n");
    say(c, body.data);
    assert_true(hears(f, c, "413 Payload Too Large"));
    buf_clear(&body);
    hang_up(c);
}

static void test_continue(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    listen_to(c);
    say(c, "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_true(hears(f, c, "HTTP/1.1 100 Continue\r\n\r\n"));
    say(c, "ab");
    assert_true(hears(f, c, "POST / 2"));
    hang_up(c);
}

static void test_idle_connections_go(void **state)
{
    struct fixture *f = *state;
    struct client *silent = dial(f), *kept = dial(f);
    listen_to(silent);
    listen_to(kept);
    say(kept, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(hears(f, kept, NULL));
    assert_true(hears(f, silent, NULL));
    assert_int_equal(silent->got.len, 0);
    hang_up(silent);
    hang_up(kept);
}

static void test_connection_limit(void **state)
{
    struct fixture *f = *state;
    struct client *c[9];
    for (int i = 0; i < 9; i++) {
        c[i] = dial(f);
        listen_to(c[i]);
    }
    assert_true(hears(f, c[0], NULL)); // it asked nothing for the longest time
    assert_int_equal(c[0]->got.len, 0);
    say(c[8], "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(hears(f, c[8], "GET / 0"));
    for (int i = 0; i < 9; i++)
        hang_up(c[i]);
}

/* Bodies that do not end fill no memory: the oldest of them gives way to a further one. */
static void test_unfinished_bodies_make_room(void **state)
{
    struct fixture *f = *state;
    struct client *c[8];
    char body[901];
    memset(body, 'x', 900);
    body[900] = '\0';
    for (int i = 0; i < 8; i++) {
        c[i] = dial(f);
        listen_to(c[i]);
        say(c[i], "POST / HTTP/1.1\r\n" HOST "Content-Length: 904\r\n\r\n");
        say(c[i], body);
    }
    assert_true(hears(f, c[0], NULL));
    assert_int_equal(c[0]->got.len, 0);
    say(c[7], "rest");
    assert_true(hears(f, c[7], "POST / 904"));
    for (int i = 0; i < 8; i++)
        hang_up(c[i]);
}

/* Clients that were refused and do not hang up keep no other client out. */
static void test_lingering_connections_make_room(void **state)
{
    struct fixture *f = *state;
    struct client *c[8];
    for (int i = 0; i < 8; i++) {
        c[i] = dial(f);
        listen_to(c[i]);
        say(c[i], "nonsense\r\n\r\n");
        assert_true(hears(f, c[i], "400"));
    }
    struct client *late = dial(f);
    listen_to(late);
    say(late, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_true(hears(f, late, "GET / 0"));
    hang_up(late);
    for (int i = 0; i < 8; i++)
        hang_up(c[i]);
}

/* Exchanges that are open are never cut for a newcomer. */
static void test_limit_of_open_exchanges(void **state)
{
    struct fixture *f = *state;
    struct client *c[8];
    for (int i = 0; i < 8; i++)
        c[i] = hold_one(f, "1.1");
    struct client *late = dial(f);
    listen_to(late);
    assert_true(hears(f, late, NULL));
    assert_int_equal(late->got.len, 0);
    assert_int_equal(f->gone, 0);
    assert_int_equal(http_send(f->held, 200, NULL, 0, "x", 1, NULL), 0);
    hang_up(late);
    for (int i = 0; i < 8; i++)
        hang_up(c[i]);
}

static void test_drain(void **state)
{
    struct fixture *f = *state;
    struct client *idle = dial(f), *open = hold_one(f, "1.1");
    listen_to(idle);
    listen_to(open);
    http_drain(f->server);
    http_drain(f->server);
    assert_true(hears(f, idle, NULL));
    assert_false(f->empty);
    assert_int_equal(http_send(f->held, 200, NULL, 0, "last", 4, NULL), 0);
    assert_true(hears(f, open, "Connection: close\r\nContent-Length: 4\r\n\r\nlast"));
    hang_up(idle);
    hang_up(open);
    while (!f->empty)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void test_pieces(void **state)
{
    struct fixture *f = *state;
    const struct http_header header = {"Content-Type", "text/event-stream"};
    struct client *c = hold_one(f, "1.1");
    struct err err = {0};
    listen_to(c);
    assert_int_equal(http_write(f->held, "x", 1, &err), ERR_USAGE);
    assert_int_equal(http_finish(f->held, &err), ERR_USAGE);
    assert_int_equal(http_start(f->held, 200, &header, 1, NULL), 0);
    assert_int_equal(http_start(f->held, 200, NULL, 0, &err), ERR_USAGE);
    assert_int_equal(http_write(f->held, "one", 3, NULL), 0);
    assert_int_equal(http_write(f->held, "", 0, NULL), 0);
    assert_true(hears(f, c, "3\r\none\r\n"));
    assert_int_equal(http_write(f->held, "twelve bytes", 12, NULL), 0);
    assert_int_equal(http_finish(f->held, NULL), 0);
    assert_true(hears(f, c, "c\r\ntwelve bytes\r\n0\r\n\r\n"));
    assert_non_null(strstr(
        c->got.data, "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"));
    f->hold = false;
    say(c, "GET /next HTTP/1.1\r\n" HOST "\r\n");
    assert_true(hears(f, c, "GET /next"));
    hang_up(c);
    c = hold_one(f, "1.0");
    listen_to(c);
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    assert_int_equal(http_write(f->held, "plain", 5, NULL), 0);
    assert_int_equal(http_finish(f->held, NULL), 0);
    assert_true(hears(f, c, NULL));
    assert_non_null(strstr(c->got.data, "Connection: close\r\n\r\nplain"));
    hang_up(c);
    assert_int_equal(f->gone, 0);
}

static void test_abort_cuts(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    listen_to(c);
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    assert_int_equal(http_write(f->held, "part", 4, NULL), 0);
    http_abort(f->held);
    assert_true(hears(f, c, NULL));
    assert_non_null(strstr(c->got.data, "4\r\npart\r\n"));
    assert_null(strstr(c->got.data, "0\r\n\r\n"));
    assert_int_equal(f->gone, 0);
    hang_up(c);
}

static void test_bad_answers(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    static const struct http_header bad[] = {
        {"", "x"},
        {"a b", "x"},
        {"A", "b\r\nc"},
        {"A", "\x01"},
        {"Content-Length", "1"},
        {"connection", "close"},
        {"Transfer-Encoding", "chunked"},
        {"A:", "b"},
    };
    struct err err = {0};
    listen_to(c);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(http_send(f->held, 200, &bad[i], 1, "", 0, &err), ERR_USAGE);
    assert_int_equal(http_send(f->held, 99, NULL, 0, "", 0, &err), ERR_USAGE);
    assert_int_equal(http_send(f->held, 100, NULL, 0, "", 0, &err), ERR_USAGE);
    assert_int_equal(http_send(f->held, 204, NULL, 0, "ignored", 7, &err), 0);
    assert_true(hears(f, c, "HTTP/1.1 204 No Content\r\n"));
    assert_null(strstr(c->got.data, "ignored"));
    assert_null(strstr(c->got.data, "Content-Length"));
    hang_up(c);
}

static void test_client_leaves(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    hang_up(c);
    while (!f->gone)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_null(f->held);
    c = hold_one(f, "1.1");
    http_close(f->server); // the server goes first
    assert_int_equal(f->gone, 2);
    hang_up(c);
}

/* A client that does not read: the queue is bounded, a writer is told to wait, then to go on. */
static void test_back_pressure(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    char *piece = calloc(1, 50000);
    struct err err = {0};
    int rc = 0;
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    for (int i = 0; i < 1000 && rc >= 0; i++)
        rc = http_write(f->held, piece, 50000, &err);
    assert_int_equal(rc, ERR_LIMIT);
    assert_true(http_unsent(f->held) > HTTP_MARK && http_unsent(f->held) <= 1000000);
    assert_int_equal(f->drained, 0);
    listen_to(c);
    assert_int_equal(http_write(f->held, "x", 1, &err) >= 0 || err.code == ERR_LIMIT, 1);
    while (!f->drained)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->drained, 1);
    assert_true(http_unsent(f->held) <= HTTP_MARK);
    assert_int_equal(http_finish(f->held, NULL), 0);
    assert_true(hears(f, c, "x") || true);
    free(piece);
    hang_up(c);
}

/* The first piece may be over the bound; what follows it is not. */
static void test_nothing_is_kept_behind_a_large_piece(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    size_t large = (size_t)16 << 20; // more than the kernel takes at once
    char *piece = calloc(1, large);
    struct err err = {0};
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    assert_int_equal(http_write(f->held, piece, large, &err), 1);
    size_t unsent = http_unsent(f->held);
    assert_true(unsent > 1000000);
    assert_int_equal(http_write(f->held, "x", 1, &err), ERR_LIMIT);
    assert_int_equal(http_unsent(f->held), unsent);
    http_abort(f->held);
    free(piece);
    hang_up(c);
}

static void test_client_that_never_reads_is_dropped(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    char *piece = calloc(1, 50000);
    int rc = 0;
    assert_int_equal(http_start(f->held, 200, NULL, 0, NULL), 0);
    while (rc >= 0)
        rc = http_write(f->held, piece, 50000, NULL);
    while (!f->gone)
        uv_run(&f->loop, UV_RUN_ONCE);
    free(piece);
    hang_up(c);
}

static void run_for(struct fixture *f, unsigned ms)
{
    uv_timer_t timer;
    bool over = false;
    uv_timer_init(&f->loop, &timer);
    timer.data = &over;
    uv_timer_start(&timer, on_tick, ms, 0);
    while (!over)
        uv_run(&f->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Reads some, and pauses for less than a client may take nothing; all together for much longer. */
static void read_slowly(struct fixture *f, struct client *c, size_t total)
{
    while (!c->ended && c->got.len < total) {
        size_t before = c->got.len;
        listen_to(c);
        while (!c->ended && c->got.len < total && c->got.len < before + (4 << 20))
            uv_run(&f->loop, UV_RUN_ONCE);
        uv_read_stop((uv_stream_t *)&c->tcp);
        run_for(f, 60);
    }
}

static void test_slow_client_gets_all(void **state)
{
    static const char *const requests[] = {"GET / HTTP/1.1\r\n" HOST "\r\n",
                                           "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"};
    struct fixture *f = *state;
    f->large = (size_t)32 << 20;
    for (int i = 0; i < 2; i++) {
        struct client *c = dial(f);
        say(c, requests[i]);
        read_slowly(f, c, f->large);
        assert_true(c->got.len > f->large);
        hang_up(c);
    }
}

/* Who asks on and on and reads nothing is asked to read first. */
static void test_answers_wait_for_their_reader(void **state)
{
    struct fixture *f = *state;
    struct client *c = dial(f);
    struct buf all = {0};
    f->large = (size_t)8 << 20;
    for (int i = 0; i < 100; i++)
        buf_puts(&all, "GET / HTTP/1.1\r\n" HOST "\r\n");
    say(c, all.data);
    run_for(f, 100);
    assert_true(f->requests >= 1 && f->requests < 4);
    unsigned before = f->requests;
    read_slowly(f, c, f->large * 5);
    assert_true(f->requests > before);
    buf_clear(&all);
    hang_up(c);
}

/* What waits for all clients together is bounded: those that have waited longest give way. */
static void test_answers_make_room(void **state)
{
    struct fixture *f = *state;
    struct client *c[4];
    f->large = (size_t)20 << 20;
    for (int i = 0; i < 4; i++) {
        c[i] = dial(f);
        say(c[i], "GET / HTTP/1.1\r\n" HOST "\r\n");
        while (f->requests <= (unsigned)i)
            uv_run(&f->loop, UV_RUN_ONCE);
    }
    for (int i = 0; i < 4; i++)
        listen_to(c[i]);
    for (int i = 3; i >= 0; i--) {
        while (!c[i]->ended && c[i]->got.len < f->large)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(c[i]->got.len >= f->large, i >= 2);
        hang_up(c[i]);
    }
}

static void test_listen_fails(void **state)
{
    struct fixture *f = *state;
    struct http_limits limits = {0};
    struct http_server *other;
    struct err err = {0};
    static const char *const hosts[] = {"", "example.com", "1.2.3", "[::1]"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++)
        assert_int_equal(http_listen(&other, &f->loop, hosts[i], 0, &limits, &events, f, &err),
                         ERR_USAGE);
    assert_int_equal(http_listen(&other, &f->loop, "127.0.0.1", 65536, &limits, &events, f, &err),
                     ERR_USAGE);
    assert_int_equal(
        http_listen(&other, &f->loop, "127.0.0.1", http_port(f->server), &limits, &events, f, &err),
        ERR_IO);
    assert_non_null(strstr(err.text, "in use"));
}

/* The sample of RFC 6455, 1.3; and keys that are none. */
static void test_websocket_accept(void **state)
{
    char out[WEBSOCKET_ACCEPT];
    (void)state;
    assert_true(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==", out));
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_false(websocket_accept("", out));
    assert_false(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=", out));
    assert_false(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==a", out));
}

static void test_upgrade_refused(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.0");
    assert_int_equal(http_upgrade(f->held, "dGhlIHNhbXBsZSBub25jZQ==", NULL, 0, NULL), ERR_USAGE);
    assert_int_equal(http_send(f->held, 200, NULL, 0, "x", 1, NULL), 0);
    hang_up(c);
}

static void test_upgrade(void **state)
{
    struct fixture *f = *state;
    struct client *c = hold_one(f, "1.1");
    listen_to(c);
    const char *key = "dGhlIHNhbXBsZSBub25jZQ==";
    struct http_header id = {"X-Request-Id", "r-1"}, broken = {"a b", "c"};
    assert_int_equal(http_upgrade(f->held, "none", NULL, 0, NULL), ERR_USAGE);
    assert_int_equal(http_upgrade(f->held, key, &broken, 1, NULL), ERR_USAGE);
    assert_int_equal(http_upgrade(f->held, key, &id, 1, NULL), 0);
    assert_int_equal(http_write(f->held, "hello", 5, NULL), 0);
    assert_true(hears(f, c, "X-Request-Id: r-1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
                            "\x81\x05hello"));
    char end[] = "\x88\x80\0\0\0";
    uv_buf_t bye = uv_buf_init(end, 6);
    assert_int_equal(uv_try_write((uv_stream_t *)&c->tcp, &bye, 1), 6);
    while (!f->gone)
        uv_run(&f->loop, UV_RUN_ONCE);
    hang_up(c);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parser),
        cmocka_unit_test(test_parser_headers),
        cmocka_unit_test(test_parser_floods),
        WITH_SERVER(test_keep_alive),
        WITH_SERVER(test_1_0_and_head),
        WITH_SERVER(test_pipelining),
        WITH_SERVER(test_pipelining_is_bounded),
        WITH_SERVER(test_half_closed_pipeline),
        WITH_SERVER(test_half_closed_client_is_answered),
        WITH_SERVER(test_half_closed_reader_gets_all),
        WITH_SERVER(test_half_closed_client_does_not_wait_forever),
        WITH_SERVER(test_half_closed_client_gets_all_pieces),
        WITH_SERVER(test_refusals_close),
        WITH_SERVER(test_large_body_hears_413),
        WITH_SERVER(test_continue),
        WITH_SERVER(test_idle_connections_go),
        WITH_SERVER(test_connection_limit),
        WITH_SERVER(test_unfinished_bodies_make_room),
        WITH_SERVER(test_lingering_connections_make_room),
        WITH_SERVER(test_limit_of_open_exchanges),
        WITH_SERVER(test_drain),
        WITH_SERVER(test_pieces),
        WITH_SERVER(test_abort_cuts),
        WITH_SERVER(test_bad_answers),
        WITH_SERVER(test_client_leaves),
        WITH_SERVER(test_back_pressure),
        WITH_SERVER(test_nothing_is_kept_behind_a_large_piece),
        WITH_SERVER(test_client_that_never_reads_is_dropped),
        WITH_SERVER(test_slow_client_gets_all),
        WITH_SERVER(test_answers_wait_for_their_reader),
        WITH_SERVER(test_answers_make_room),
        WITH_SERVER(test_listen_fails),
        cmocka_unit_test(test_websocket_accept),
        WITH_SERVER(test_upgrade_refused),
        WITH_SERVER(test_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
