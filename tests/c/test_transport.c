/* test_transport.c: a transfer against servers that do what no server should: each costs at most
 * its deadline or cap and ends with the right code. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "io/net/transport.h"
#include "raw_server.h"
#include "support.h"

struct result {
    unsigned done;
    int code, status;
    char text[400], deadline[16], challenge[600];
    bool began;
    int64_t retry_after;
    struct buf body, error_body;
    unsigned pieces;
    struct transfer *x;
    struct transport *t;
    int (*hook)(struct result *r, struct err *err);
};

struct fixture {
    uv_loop_t loop;
    struct transport *t;
    struct secrets *secrets;
};

static int on_body(void *ctx, const char *bytes, size_t len, struct err *err)
{
    struct result *r = ctx;
    buf_put(&r->body, bytes, len);
    r->pieces++;
    return r->hook ? r->hook(r, err) : 0;
}

static void on_done(void *ctx, const struct transport_result *result)
{
    struct result *r = ctx;
    r->done++;
    r->code = result->code;
    r->status = result->status;
    r->began = result->began;
    r->retry_after = result->retry_after;
    snprintf(r->text, sizeof r->text, "%s", result->err ? result->err->text : "");
    snprintf(r->deadline, sizeof r->deadline, "%s", result->deadline ? result->deadline : "");
    buf_put(&r->error_body, result->body, result->body_len);
    snprintf(r->challenge, sizeof r->challenge, "%s", result->challenge ? result->challenge : "");
}

static const struct transport_events events = {on_body, on_done};

static void clear(struct result *r)
{
    buf_clear(&r->body);
    buf_clear(&r->error_body);
    *r = (struct result){0};
}

static struct transport_request request_to(const char *url)
{
    return (struct transport_request){
        .url = url,
        .body = strdup("{}"),
        .body_len = 2,
        .deadlines = {.connect = 5000, .first_byte = 5000, .idle = 5000, .total = 5000},
        .caps = {.headers = 4096, .body = 100000},
    };
}

static void start(struct fixture *f, const struct transport_request *request, struct result *r)
{
    struct err err = {0};
    r->t = f->t;
    assert_int_equal(transport_start(f->t, request, &events, r, &r->x, &err), 0);
    assert_int_equal(r->done, 0);
}

static void run(struct fixture *f, struct result *r)
{
    uint64_t from = uv_hrtime();
    while (!r->done)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(r->done, 1);
    assert_true((uv_hrtime() - from) / 1000000 < 5000);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uv_loop_init(&f->loop);
    f->secrets = secrets_open();
    *state = f;
    return transport_open(&f->t, &f->loop, f->secrets, NULL);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    transport_close(f->t);
    secrets_close(f->secrets);
    for (int i = 0; i < 3000 && uv_run(&f->loop, UV_RUN_NOWAIT); i++)
        usleep(1000);                 // a failed test leaves its server
    int rc = uv_loop_close(&f->loop); // EBUSY when a handle was forgotten
    free(f);
    return rc;
}

#define OK      "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=x\r\n"
#define FIXED   OK "Content-Length: 5\r\n\r\nhello"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"

static const struct row {
    const char *name;
    struct raw_script script;
    int code, status;
    const char *body, *deadline;
} rows[] = {
    {"fixed", {.bytes = FIXED}, 0, 200, "hello", ""},
    {"fixed, byte by byte", {.bytes = FIXED, .piece = 1}, 0, 200, "hello", ""},
    {"chunked", {.bytes = CHUNKED}, 0, 200, "hello", ""},
    {"chunked, byte by byte", {.bytes = CHUNKED, .piece = 1}, 0, 200, "hello", ""},
    {"until close", {.bytes = OK "\r\nhello"}, 0, 200, "hello", ""},
    {"no content", {.bytes = "HTTP/1.1 204 No Content\r\n\r\n"}, 0, 204, "", ""},
    {"interim first", {.bytes = "HTTP/1.1 103 Early\r\nA: b\r\n\r\n" FIXED}, 0, 200, "hello", ""},
    {"hangs before the reply", {.end = RAW_HANG}, ERR_TIMEOUT, 0, "", "first_byte"},
    {"hangs in the status line",
     {.bytes = "HTTP/1.1 2", .end = RAW_HANG},
     ERR_TIMEOUT,
     0,
     "",
     "first_byte"},
    {"hangs in the headers", {.bytes = OK, .end = RAW_HANG}, ERR_TIMEOUT, 200, "", "idle"},
    {"hangs before the body", {.bytes = OK "\r\n", .end = RAW_HANG}, ERR_TIMEOUT, 200, "", "idle"},
    {"hangs in the body",
     {.bytes = OK "Content-Length: 9\r\n\r\nhello", .end = RAW_HANG},
     ERR_TIMEOUT,
     200,
     "hello",
     "idle"},
    {"hangs in a chunk",
     {.bytes = OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", .end = RAW_HANG},
     ERR_TIMEOUT,
     200,
     "hello",
     "idle"},
    {"drips",
     {.bytes = OK "\r\nx", .first = sizeof OK + 1, .piece = 1, .gap_ms = 15, .end = RAW_REPEAT},
     ERR_TIMEOUT,
     200,
     NULL,
     "total"},
    {"drips headers",
     {.bytes = "HTTP/1.1 200 OK\r\nX: a\r\n",
      .first = 17,
      .piece = 1,
      .gap_ms = 5,
      .end = RAW_REPEAT},
     ERR_TIMEOUT,
     200,
     "",
     "total"},
    {"cut short", {.bytes = OK "Content-Length: 9\r\n\r\nhello"}, ERR_PROTOCOL, 200, "hello", ""},
    {"cut chunk",
     {.bytes = OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello"},
     ERR_PROTOCOL,
     200,
     "hello",
     ""},
    {"reset in the body",
     {.bytes = OK "Content-Length: 9\r\n\r\nhello", .end = RAW_RESET, .gap_ms = 5},
     ERR_PROTOCOL,
     200,
     "hello",
     ""},
    {"closes at once", {.end = RAW_CLOSE}, ERR_NET, 0, "", ""},
    {"resets at once", {.end = RAW_RESET}, ERR_NET, 0, "", ""},
    {"not HTTP", {.bytes = "SSH-2.0-OpenSSH_9\r\n"}, ERR_PROTOCOL, 0, "", ""},
    {"HTTP/0.9", {.bytes = "<html>hello</html>\r\n\r\n"}, ERR_PROTOCOL, 0, "", ""},
    {"bad chunk size",
     {.bytes = OK "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello"},
     ERR_PROTOCOL,
     200,
     "",
     ""},
    {"doubled length",
     {.bytes = OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
     ERR_PROTOCOL,
     200,
     "",
     ""},
    {"another length first",
     {.bytes = OK "Content-Length: 6\r\nContent-Length: 5\r\n\r\nhello"},
     ERR_PROTOCOL,
     200,
     "",
     ""},
    {"the same length twice",
     {.bytes = OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
     0,
     200,
     "hello",
     ""},
    {"endless header",
     {.first = 17,
      .bytes = "HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      .end = RAW_REPEAT},
     ERR_LIMIT,
     200,
     "",
     ""},
    {"endless extension of a chunk",
     {.first = sizeof OK "Transfer-Encoding: chunked\r\n\r\n5" - 1,
      .bytes = OK "Transfer-Encoding: chunked\r\n\r\n5;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      .end = RAW_REPEAT},
     ERR_LIMIT,
     200,
     "",
     ""},
    {"endless error",
     {.first = 22,
      .bytes = "HTTP/1.1 500 Oops\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      .end = RAW_REPEAT},
     ERR_HTTP,
     500,
     "",
     ""},
    {"compressed error",
     {.bytes = "HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b", .end = RAW_HANG},
     ERR_HTTP,
     500,
     "",
     ""},
    {"endless headers",
     {.first = 17,
      .bytes = "HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
      .end = RAW_REPEAT},
     ERR_LIMIT,
     200,
     "",
     ""},
    {"endless interim replies",
     {.bytes = "HTTP/1.1 100 Continue\r\n\r\n", .end = RAW_REPEAT},
     ERR_LIMIT,
     100,
     "",
     ""},
    {"compressed",
     {.bytes = OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"},
     ERR_PROTOCOL,
     200,
     "",
     ""},
    {"redirect",
     {.bytes = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"},
     ERR_HTTP,
     302,
     "",
     ""},
    {"error with a body",
     {.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nba\xff"},
     ERR_HTTP,
     500,
     "",
     ""},
    {"error that hangs",
     {.bytes = "HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nba", .end = RAW_HANG},
     ERR_TIMEOUT,
     500,
     "",
     "idle"},
};

static void test_rows(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct raw_server server;
        struct result r = {0};
        raw_open(&server, &f->loop, row->script);
        struct transport_request request = request_to(server.url);
        if (strcmp(row->deadline, "total") == 0)
            request.deadlines.total = 300;
        else if (*row->deadline)
            request.deadlines.first_byte = request.deadlines.idle = 100;
        start(f, &request, &r);
        run(f, &r);
        if (r.code != row->code || r.status != row->status ||
            strcmp(r.deadline, row->deadline) != 0)
            fail_msg("%s: %s %d '%s' %s", row->name, err_name(r.code), r.status, r.deadline,
                     r.text);
        if (row->body && (r.body.len != strlen(row->body) ||
                          memcmp(r.body.len ? r.body.data : "", row->body, r.body.len) != 0))
            fail_msg("%s: body '%.*s'", row->name, (int)r.body.len, r.body.data);
        assert_true(strlen(r.text) > 0 || r.code == 0);
        clear(&r);
        raw_close(&server);
    }
}

static void test_error_body(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    struct buf reply = {0};
    buf_puts(&reply, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 50000\r\n\r\n\xff");
    for (int i = 1; i < 50000; i++)
        buf_putc(&reply, 'x');
    raw_open(&server, &f->loop, (struct raw_script){.bytes = reply.data, .len = reply.len});
    struct transport_request request = request_to(server.url);
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(r.code, ERR_HTTP);
    assert_int_equal(r.status, 429);
    assert_int_equal(r.retry_after, 7000);
    assert_int_equal(r.error_body.len, TRANSPORT_ERROR_BODY_MAX + 2); // one byte became three
    assert_memory_equal(r.error_body.data, "\xEF\xBF\xBDx", 4);
    clear(&r);
    buf_clear(&reply);
    raw_close(&server);
}

/* What it wants to be authenticated with: the first of them, visible, cut. */
static void test_challenge(void **state)
{
    struct fixture *f = *state;
    static const char lines[] = "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer\ta=\"\x1b[2J\"\r\n"
                                "www-authenticate: Basic\r\nX: ";
    struct raw_server server;
    struct result r = {0};
    for (unsigned i = 0; i < 2; i++) {
        struct buf reply = {0};
        if (i == 0)
            buf_puts(&reply, lines);
        else
            buf_puts(&reply, "HTTP/1.1 401 No\r\nWWW-Authenticate: ");
        for (unsigned n = 0; n < 1000; n++)
            buf_putc(&reply, 'x');
        buf_puts(&reply, "\r\nContent-Length: 0\r\n\r\n");
        raw_open(&server, &f->loop, (struct raw_script){.bytes = reply.data, .len = reply.len});
        struct transport_request request = request_to(server.url);
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.status, 401);
        if (i == 0)
            assert_string_equal(r.challenge, "Bearer?a=\"?[2J\"");
        else
            assert_int_equal(strspn(r.challenge, "x"), 511);
        clear(&r);
        buf_clear(&reply);
        raw_close(&server);
    }
}

/* One handle is used for a DELETE, and then for a GET and a POST. */
static void test_methods(void **state)
{
    struct fixture *f = *state;
    static const char *const lines[] = {"DELETE /v1 HTTP/1.1\r\n", "GET /v1 HTTP/1.1\r\n",
                                        "POST /v1 HTTP/1.1\r\n"};
    struct raw_server server;
    struct result r = {0};
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    for (unsigned i = 0; i < COUNT_OF(lines); i++) {
        struct transport_request request = request_to(server.url);
        if (i < 2) {
            free(request.body);
            request.body = NULL;
            request.body_len = 0;
        }
        request.remove = i != 1; // with a body it is a POST all the same
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, 0);
        assert_non_null(strstr(server.seen.data, lines[i]));
        clear(&r);
    }
    assert_int_equal(server.requests, 3);
    raw_close(&server);
}

static void test_body_cap(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    raw_open(&server, &f->loop,
             (struct raw_script){.bytes = OK "\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                                 .end = RAW_REPEAT});
    struct transport_request request = request_to(server.url);
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(r.code, ERR_LIMIT);
    assert_true(r.body.len <= 100000);
    clear(&r);
    raw_close(&server);
}

static void test_nobody_listens(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *url;
        int code;
    } cases[] = {
        {"http://127.0.0.1:1/", ERR_NET},
        {"http://[::1]:1/x", ERR_NET},
        {"http://localhost:1/", ERR_NET},
        {"https://127.0.0.1:1/", ERR_NET},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct result r = {0};
        struct transport_request request = request_to(cases[i].url);
        request.deadlines.connect = 1000;
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, cases[i].code);
        assert_false(r.began);
        clear(&r);
    }
}

/* A server that accepts and never shakes hands: the connect deadline covers TLS. */
static void test_tls_hangs(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    char url[80];
    raw_open(&server, &f->loop, (struct raw_script){.end = RAW_HANG});
    snprintf(url, sizeof url, "https%s", server.url + 4);
    struct transport_request request = request_to(url);
    request.deadlines.connect = 100;
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(r.code, ERR_TIMEOUT);
    assert_string_equal(r.deadline, "connect");
    clear(&r);
    raw_close(&server);
}

static void test_refused_requests(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"",
                                       "x",
                                       "file:///etc/passwd",
                                       "ftp://a/",
                                       "http://",
                                       "http://u:p@h/",
                                       "http://h:99999/",
                                       "gopher://h/",
                                       "http://h\r\nx: y/",
                                       "//h/"};
    static const char *const headers[] = {"",
                                          "X",
                                          ": x",
                                          "X y: z",
                                          "X: a\r\nB: c",
                                          "Host: x",
                                          "content-LENGTH: 1",
                                          "Authorization: x",
                                          "Transfer-Encoding: chunked",
                                          "X: \x01"};
    struct result r = {0};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct transport_request request = request_to(urls[i]);
        start(f, &request, &r);
        run(f, &r);
        if (r.code != ERR_USAGE)
            fail_msg("'%s' was taken", urls[i]);
        clear(&r);
    }
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        struct transport_request request = request_to("http://127.0.0.1:1/");
        request.headers = &headers[i];
        request.header_count = 1;
        start(f, &request, &r);
        run(f, &r);
        if (r.code != ERR_USAGE)
            fail_msg("'%s' was taken", headers[i]);
        clear(&r);
    }
    struct transport_request request = request_to("http://127.0.0.1:1/");
    request.key = "nobody";
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(r.code, ERR_NOT_FOUND);
    clear(&r);
    assert_int_equal(transport_count(f->t), 0);
}

static void test_keys_headers_and_reuse(void **state)
{
    struct fixture *f = *state;
    struct raw_server server, other;
    struct result r = {0};
    const char *header = "X-Title: Orket";
    setenv("TEST_TRANSPORT_KEY", "  sk-secret\n", 1);
    assert_int_equal(
        secret_define(f->secrets, "k", &(struct secret_source){.env = "TEST_TRANSPORT_KEY"}, NULL),
        0);
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    for (unsigned i = 0; i < 3; i++) {
        struct transport_request request = request_to(server.url);
        request.key = "k";
        request.headers = &header;
        request.header_count = 1;
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, 0);
        clear(&r);
    }
    assert_int_equal(server.requests, 3);
    assert_int_equal(server.connections, 1);
    assert_non_null(strstr(server.seen.data, "\r\nAuthorization: Bearer sk-secret\r\n"));
    assert_non_null(strstr(server.seen.data, "\r\nX-Title: Orket\r\n"));
    assert_non_null(strstr(server.seen.data, "POST /v1 HTTP/1.1\r\n"));
    assert_null(strstr(server.seen.data, "Expect"));
    assert_null(strstr(server.seen.data, "Accept-Encoding"));
    raw_open(&other, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    struct transport_request request = request_to(other.url);
    request.key = "k";
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(r.code, ERR_DENIED);
    assert_null(strstr(r.text, "sk-secret"));
    clear(&r);
    request = request_to(other.url); // the same easy handle goes to another place
    start(f, &request, &r);
    run(f, &r);
    assert_int_equal(other.requests, 1);
    assert_null(strstr(other.seen.data, "sk-secret"));
    clear(&r);
    raw_close(&server);
    raw_close(&other);
}

/* The server closes kept connections: the next request goes out again, on a fresh one. */
static void test_stale_connection(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    for (unsigned i = 0; i < 3; i++) {
        struct transport_request request = request_to(server.url);
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, 0);
        clear(&r);
        if (i < 2)
            raw_drop(server.first, i == 1);
    }
    assert_int_equal(server.requests, 3);
    raw_close(&server);
}

/* A kept connection that its server has closed does not keep the loop busy. */
static void test_closed_connection_rests(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    struct transport_request request = request_to(server.url);
    start(f, &request, &r);
    run(f, &r);
    raw_drop(server.first, false);
    for (int turn = 0; turn < 5; turn++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    struct pollfd loop = {.fd = uv_backend_fd(&f->loop), .events = POLLIN};
    assert_int_equal(poll(&loop, 1, 0), 0);
    clear(&r);
    raw_close(&server);
}

/* A request body larger than every buffer arrives whole, also when the server reads slowly. */
static void test_large_request(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {0};
    size_t len = 3000000;
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .gap_ms = 0, .end = RAW_HANG});
    server.script.bytes = NULL;
    struct transport_request request = request_to(server.url);
    free(request.body);
    request.body = malloc(len);
    request.body_len = len;
    memset(request.body, 'b', len);
    request.deadlines.first_byte = 20000;
    request.deadlines.total = 20000;
    start(f, &request, &r);
    while (server.seen.len < len && !r.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    transport_cancel(r.x);
    run(f, &r);
    const char *body = strstr(server.seen.data, "\r\n\r\n") + 4;
    assert_int_equal(server.seen.len - (size_t)(body - server.seen.data), len);
    assert_int_equal(strspn(body, "b"), len);
    clear(&r);
    raw_close(&server);
}

static int cancel_in_body(struct result *r, struct err *err)
{
    (void)err;
    transport_cancel(r->x);
    transport_cancel(r->x);
    return 0;
}

/* As a listener that has heard enough and gives up in the same moment. */
static int cancel_at_the_end(struct result *r, struct err *err)
{
    (void)err;
    transport_cancel(r->x);
    return TRANSPORT_ENOUGH;
}

static int refuse_in_body(struct result *r, struct err *err)
{
    (void)r;
    return err_set(err, ERR_JSON, "no");
}

static struct result second;

/* From inside curl's callback: cancel this one, start another. */
static int start_in_body(struct result *r, struct err *err)
{
    struct transport_request request = request_to(second.error_body.data);
    transport_cancel(r->x);
    return transport_start(r->t, &request, &events, &second, &second.x, err);
}

static int enough_in_body(struct result *r, struct err *err)
{
    (void)r, (void)err;
    return TRANSPORT_ENOUGH;
}

static void test_ends_from_the_body(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int (*hook)(struct result *, struct err *);
        int code;
    } cases[] = {{cancel_in_body, ERR_CANCELED},
                 {cancel_at_the_end, ERR_CANCELED},
                 {refuse_in_body, ERR_JSON},
                 {enough_in_body, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct raw_server server;
        struct result r = {.hook = cases[i].hook};
        raw_open(&server, &f->loop, (struct raw_script){.bytes = OK "\r\nhello", .end = RAW_HANG});
        struct transport_request request = request_to(server.url);
        request.deadlines.idle = request.deadlines.total = 5000;
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, cases[i].code);
        assert_int_equal(r.pieces, 1);
        clear(&r);
        raw_close(&server);
    }
}

static void test_start_from_the_body(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r = {.hook = start_in_body};
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED});
    buf_puts(&second.error_body, server.url);
    struct transport_request request = request_to(server.url);
    start(f, &request, &r);
    run(f, &r);
    run(f, &second);
    assert_int_equal(r.code, ERR_CANCELED);
    assert_int_equal(second.code, 0);
    assert_int_equal(second.body.len, 5);
    clear(&r);
    clear(&second);
    raw_close(&server);
}

/* The first request needs a set for its sockets, the second one a socket alone. */
static void test_no_descriptor_left(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit, none;
    char origin[100];
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){3, limit.rlim_max};
    for (int i = 0; i < 2; i++) {
        struct raw_server server;
        struct result r = {0};
        raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED});
        assert_int_equal(transport_origin(f->t, server.url, origin, sizeof origin, NULL), 0);
        struct transport_request request = request_to(server.url);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_int_equal(r.code, ERR_DESCRIPTORS);
        if (!strstr(r.text, "no room for a connection: Too many open files"))
            fail_msg("%s", r.text);
        clear(&r);
        request = request_to(server.url);
        start(f, &request, &r);
        run(f, &r);
        assert_int_equal(r.code, 0);
        clear(&r);
        raw_close(&server);
    }
}

/* Cancel at every turn of the loop, from before the connection to after the end. */
static void test_cancel_at_any_moment(void **state)
{
    struct fixture *f = *state;
    for (int turns = 0; turns < 40; turns++) {
        struct raw_server server;
        struct result r = {0};
        raw_open(&server, &f->loop, (struct raw_script){.bytes = CHUNKED, .piece = 7});
        struct transport_request request = request_to(server.url);
        start(f, &request, &r);
        for (int i = 0; i < turns && !r.done; i++)
            uv_run(&f->loop, UV_RUN_ONCE);
        bool before = !r.done;
        if (before)
            transport_cancel(r.x);
        run(f, &r);
        assert_int_equal(r.code, before ? ERR_CANCELED : 0);
        clear(&r);
        raw_close(&server);
    }
}

static void test_many_at_once(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 300 };
    struct raw_server server;
    struct result *r = calloc(MANY, sizeof *r);
    raw_open(&server, &f->loop,
             (struct raw_script){.bytes = CHUNKED, .piece = 16, .end = RAW_KEEP});
    for (int i = 0; i < MANY; i++) {
        struct transport_request request = request_to(server.url);
        request.deadlines =
            (struct transport_deadlines){.connect = 5000, .first_byte = 5000, .idle = 5000};
        start(f, &request, &r[i]);
        if (i % 3 == 2)
            transport_cancel(r[i - 1].x);
    }
    assert_int_equal(transport_count(f->t), MANY);
    for (int i = 0; i < MANY; i++) {
        while (!r[i].done)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(r[i].code, i % 3 == 1 ? ERR_CANCELED : 0);
        clear(&r[i]);
    }
    assert_int_equal(transport_count(f->t), 0);
    free(r);
    raw_close(&server);
}

/* Close ends what is running: a wait for a name, a hanging reply, one that was just started. */
static void test_close_while_running(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r[3] = {{0}};
    raw_open(&server, &f->loop, (struct raw_script){.bytes = OK "\r\nx", .end = RAW_HANG});
    struct transport_request request = request_to(server.url);
    start(f, &request, &r[0]);
    while (!r[0].pieces)
        uv_run(&f->loop, UV_RUN_ONCE);
    request = request_to("http://name.invalid/");
    start(f, &request, &r[1]);
    request = request_to(server.url);
    start(f, &request, &r[2]);
    transport_close(f->t);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(r[i].done, 1);
        assert_int_equal(r[i].code, ERR_CANCELED);
        clear(&r[i]);
    }
    raw_close(&server);
    assert_int_equal(transport_open(&f->t, &f->loop, f->secrets, NULL), 0);
}

static void test_name_is_resolved_once(void **state)
{
    struct fixture *f = *state;
    struct raw_server server;
    struct result r[20] = {{0}};
    char url[80];
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    snprintf(url, sizeof url, "http://localhost%s", strrchr(server.url, ':'));
    for (int i = 0; i < 20; i++) {
        struct transport_request request = request_to(url);
        request.deadlines = (struct transport_deadlines){.connect = 2000, .first_byte = 2000};
        start(f, &request, &r[i]);
    }
    for (int i = 0; i < 20; i++) {
        while (!r[i].done)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(r[i].code, 0);
        clear(&r[i]);
    }
    assert_non_null(strstr(server.seen.data, "Host: localhost:"));
    raw_close(&server);
}

/* Each allocation of a start fails once: it says so, or the request is made all the same. */
static void test_memory_fails_at_the_start(void **state)
{
    struct fixture *f = *state;
    const char *header = "X-Title: Orket";
    struct raw_server server;
    bool failed = true;
    raw_open(&server, &f->loop, (struct raw_script){.bytes = FIXED, .end = RAW_KEEP});
    for (unsigned n = 1; failed; n++) {
        struct result r = {0};
        struct err err = {0};
        struct transport_request request = request_to(server.url);
        request.headers = &header;
        request.header_count = 1;
        support_fail_at(n);
        int rc = transport_start(f->t, &request, &events, &r, &r.x, &err);
        failed = support_failed();
        support_fail_at(0);
        if (rc == 0)
            run(f, &r);
        assert_true(rc == 0 || rc == ERR_MEMORY);
        assert_true(r.code == 0 || r.code == ERR_MEMORY || r.code == ERR_USAGE);
        assert_true(failed || (rc == 0 && r.code == 0));
        clear(&r);
    }
    raw_close(&server);
}

static void test_keys(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *value, *name;
        struct secret_source source;
        int code;
    } cases[] = {
        {"x", "a b", {.env = "TEST_TRANSPORT_KEY"}, ERR_USAGE},
        {"x", "", {.env = "TEST_TRANSPORT_KEY"}, ERR_USAGE},
        {"x", "k", {.env = NULL}, ERR_USAGE},
        {"x", "k", {.env = "TEST_TRANSPORT_KEY", .file = "/dev/null"}, ERR_USAGE},
        {"x", "k", {.env = "TEST_TRANSPORT_KEY", .header = "a b"}, ERR_USAGE},
        {NULL, "k", {.env = "TEST_TRANSPORT_KEY"}, ERR_NOT_FOUND},
        {"", "k", {.env = "TEST_TRANSPORT_KEY"}, ERR_CONFIG},
        {" \n", "k", {.env = "TEST_TRANSPORT_KEY"}, ERR_CONFIG},
        {"a b", "k", {.env = "TEST_TRANSPORT_KEY"}, ERR_CONFIG},
        {"a\r\nX: y", "k", {.env = "TEST_TRANSPORT_KEY"}, ERR_CONFIG},
        {"x", "k", {.file = "/nowhere/key"}, ERR_NOT_FOUND},
        {"x", "k", {.file = "/dev/zero"}, ERR_IO},
        {"x", "k", {.file = "/tmp"}, ERR_IO},
        {"\tok\n", "k", {.env = "TEST_TRANSPORT_KEY"}, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        unsetenv("TEST_TRANSPORT_KEY");
        if (cases[i].value)
            setenv("TEST_TRANSPORT_KEY", cases[i].value, 1);
        if (secret_define(f->secrets, cases[i].name, &cases[i].source, &err) != cases[i].code)
            fail_msg("row %zu: %s %s", i, err_name(err.code), err.text);
    }
    struct secret *old = NULL, *new = NULL;
    assert_int_equal(secret_use(f->secrets, "k", "http://a:1", &old, NULL), 0);
    assert_string_equal(secret_line(old), "Authorization: Bearer ok");
    assert_int_equal(secret_use(f->secrets, "k", "http://b:1", &new, NULL), ERR_DENIED);
    setenv("TEST_TRANSPORT_KEY", "other", 1);
    const struct secret_source source = {
        .env = "TEST_TRANSPORT_KEY", .header = "x-api-key", .origin = "http://b:1"};
    assert_int_equal(secret_define(f->secrets, "k", &source, NULL), 0);
    assert_int_equal(secret_use(f->secrets, "k", "http://b:1", &new, NULL), 0);
    assert_string_equal(secret_line(new), "x-api-key: other");
    assert_string_equal(secret_line(old), "Authorization: Bearer ok"); // in use
    secret_release(old);
    secret_release(new);
}

/* A server that sends the key back, in every place, in pieces of every size. */
static void test_key_comes_back(void **state)
{
#define ECHOED "sk-0123456789-abc"
    struct fixture *f = *state;
    static const struct {
        const char *reply, *body;
    } cases[] = {
        {OK "Content-Length: 25\r\n\r\nkey " ECHOED " it", "key ***************** it"},
        {OK "\r\nkey " ECHOED "sk-0", "key *****************sk-0"},
        {"HTTP/1.1 401 No " ECHOED "\r\n\r\nkey s\\u006b-0123456789-abc",
         "key **********************"},
    };
    setenv("TEST_TRANSPORT_KEY", ECHOED, 1);
    assert_int_equal(
        secret_define(f->secrets, "k", &(struct secret_source){.env = "TEST_TRANSPORT_KEY"}, NULL),
        0);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (size_t piece = 0; piece < 30; piece += 1 + piece / 5) {
            struct raw_server server;
            struct result r = {0};
            raw_open(
                &server, &f->loop,
                (struct raw_script){.bytes = cases[i].reply, .piece = piece, .end = RAW_CLOSE});
            struct transport_request request = request_to(server.url);
            start(f, &request, &r);
            run(f, &r);
            const struct buf *got = r.status == 200 ? &r.body : &r.error_body;
            if (!got->len || strcmp(got->data, cases[i].body) != 0)
                fail_msg("row %zu by %zu: %s", i, piece, got->len ? got->data : "nothing");
            clear(&r);
            raw_close(&server);
        }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    setenv("http_proxy", "http://127.0.0.1:9", 1); // must not be heard
    setenv("all_proxy", "http://127.0.0.1:9", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_error_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_challenge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_methods, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_body_cap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_listens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tls_hangs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_headers_and_reuse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stale_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_connection_rests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_request, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ends_from_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_start_from_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_descriptor_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_at_any_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_many_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_close_while_running, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_name_is_resolved_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_fails_at_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_comes_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
