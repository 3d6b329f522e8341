/* sockets.c: clients of `orket serve` that follow /ws/events, while comments are posted beside:
 * how long a comment takes to each client, and whether one is missing.
 *
 *   sockets --port N --key KEY --card ID [--clients 1000] [--events 60] [--rate 20]
 *
 * --rate is in comments a second; 0: as fast as eight connections can post them. A client looks
 * for the number in each comment's text, and reads of the protocol only that it was taken (101).
 *
 * Prints one line BENCH {...}: deliveries, those missing, deliveries/s from the first post on,
 * and milliseconds from a post to its delivery. Ends with 1 when one is missing after a minute. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include "base/buf.h"
#include "bench.h"

#define MARK    "bench-"
#define DIGITS  6
#define POSTERS 8
#define MINUTE  60000 /* ms */

struct meter {
    uv_loop_t loop;
    uv_timer_t ticker, deadline;
    struct sockaddr_in address;
    const char *key, *card;
    long port, clients, events, rate;
    long open, due, posted, delivered;
    uint64_t began, ticked;
    double part;    /* of a comment that is due */
    uint64_t *sent; /* when each was posted */
    double *took;   /* ms of each delivery */
    struct client *idle[POSTERS];
    int idles;
};

struct client {
    struct meter *meter;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    struct buf request;
    bool posts, taken;
    size_t kept; /* bytes of the last read that may begin a number */
    char input[16384];
};

static _Noreturn void die(const char *what, int code)
{
    fprintf(stderr, "sockets: %s: %s\n", what, uv_strerror(code));
    exit(1);
}

/* ---- the report ---- */

static double at(const struct meter *m, double part)
{
    return m->delivered ? m->took[(long)((double)(m->delivered - 1) * part)] : 0;
}

static _Noreturn void report(struct meter *m)
{
    double wall = (double)(uv_hrtime() - m->began) / 1e9;
    long missing = m->clients * m->events - m->delivered;
    qsort(m->took, (size_t)m->delivered, sizeof *m->took, by_size);
    printf("BENCH {\"clients\":%ld,\"events\":%ld,\"rate\":%ld,\"deliveries\":%ld,\"missing\":%ld,"
           "\"per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           m->clients, m->events, m->rate, m->delivered, missing, (double)m->delivered / wall,
           at(m, .5), at(m, .99), at(m, 1));
    exit(missing ? 1 : 0);
}

static void on_deadline(uv_timer_t *timer)
{
    report(timer->data);
}

/* ---- posts ---- */

static void on_written(uv_write_t *write, int status)
{
    (void)write;
    if (status)
        die("write", status);
}

static void send_request(struct client *c)
{
    uv_buf_t out = uv_buf_init(c->request.data, (unsigned)c->request.len);
    int rc = uv_write(&c->write, (uv_stream_t *)&c->tcp, &out, 1, on_written);
    if (rc)
        die("write", rc);
}

static void post(struct client *c)
{
    struct meter *m = c->meter;
    struct buf body = {0};
    buf_printf(&body, "{\"card\":\"%s\",\"text\":\"" MARK "%0*ld\"}", m->card, DIGITS, m->posted);
    c->request.len = 0;
    buf_printf(&c->request,
               "POST /v1/acts/comment HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\nX-API-Key: %s\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               m->port, m->key, body.len, body.data);
    require(buf_ok(&c->request));
    buf_clear(&body);
    m->sent[m->posted++] = uv_hrtime();
    send_request(c);
}

static void post_due(struct meter *m)
{
    while (m->idles && m->due && m->posted < m->events) {
        m->due -= m->rate != 0;
        post(m->idle[--m->idles]);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct meter *m = timer->data;
    uint64_t now = uv_hrtime();
    m->part += (double)m->rate * (double)(now - m->ticked) / 1e9;
    m->ticked = now;
    m->due += m->rate ? (long)m->part : 1;
    m->part -= (double)(long)m->part;
    post_due(m);
}

/* Every client follows: from now on comments are posted. */
static void begin_posts(struct meter *m)
{
    m->began = m->ticked = uv_hrtime();
    uv_timer_start(&m->ticker, on_tick, 0, 1);
    uv_timer_start(&m->deadline, on_deadline, MINUTE, 0);
}

/* ---- what comes ---- */

static void note_delivery(struct meter *m, long number)
{
    if (number < 0 || number >= m->posted)
        return;
    m->took[m->delivered++] = (double)(uv_hrtime() - m->sent[number]) / 1e6;
    if (m->delivered == m->clients * m->events)
        report(m);
}

/* Each number once, also one that came in two pieces. */
static void look_for_numbers(struct client *c, size_t len)
{
    const char *from = c->input, *end = c->input + len, *found;
    const size_t whole = strlen(MARK) + DIGITS;
    while ((found = memmem(from, (size_t)(end - from), MARK, strlen(MARK))) &&
           (size_t)(end - found) > whole) {
        note_delivery(c->meter, atol(found + strlen(MARK)));
        from = found + whole;
    }
    c->kept = (size_t)(end - from) < whole ? (size_t)(end - from) : whole;
    memmove(c->input, end - c->kept, c->kept);
}

static void on_event(struct client *c, size_t len)
{
    struct meter *m = c->meter;
    if (!c->taken) {
        if (len < 12 || memcmp(c->input, "HTTP/1.1 101", 12) != 0)
            die("no WebSocket", UV_EPROTO);
        c->taken = true;
        if (++m->open == m->clients)
            begin_posts(m);
    }
    look_for_numbers(c, len);
}

/* Answers to comments are small and come in one piece. */
static void on_answer(struct client *c, size_t len)
{
    struct meter *m = c->meter;
    if (len < 12 || memcmp(c->input, "HTTP/1.1 200", 12) != 0)
        die("a comment was not taken", UV_EPROTO);
    m->idle[m->idles++] = c;
    post_due(m);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct client *c = handle->data;
    (void)size;
    *out = uv_buf_init(c->input + c->kept, (unsigned)(sizeof c->input - c->kept));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
    struct client *c = stream->data;
    (void)in;
    if (n < 0)
        die("read", (int)n);
    if (n > 0 && c->posts)
        on_answer(c, (size_t)n);
    else if (n > 0)
        on_event(c, c->kept + (size_t)n);
}

/* ---- the start ---- */

static void on_connected(uv_connect_t *connect, int status)
{
    struct client *c = connect->data;
    struct meter *m = c->meter;
    if (status)
        die("connect", status);
    uv_tcp_nodelay(&c->tcp, 1);
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
    if (c->posts) {
        m->idle[m->idles++] = c;
        return;
    }
    buf_printf(&c->request,
               "GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1:%ld\r\nX-API-Key: %s\r\n"
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
               m->port, m->key);
    require(buf_ok(&c->request));
    send_request(c);
}

static void begin(struct meter *m, bool posts)
{
    struct client *c = calloc(1, sizeof *c);
    require(c);
    *c = (struct client){.meter = m, .posts = posts};
    uv_tcp_init(&m->loop, &c->tcp);
    c->tcp.data = c->connect.data = c;
    int rc = uv_tcp_connect(&c->connect, &c->tcp, (void *)&m->address, on_connected);
    if (rc)
        die("connect", rc);
}

static _Noreturn void usage(void)
{
    fprintf(stderr, "usage: sockets --port N --key KEY --card ID [--clients N] [--events N] "
                    "[--rate N]\n");
    exit(2);
}

static void read_options(struct meter *m, int argc, char **argv)
{
    const struct argument known[] = {
        {"--port", &m->port, NULL},     {"--clients", &m->clients, NULL},
        {"--events", &m->events, NULL}, {"--rate", &m->rate, NULL},
        {"--key", NULL, &m->key},       {"--card", NULL, &m->card},
    };
    if (!arguments_read(known, COUNT_OF(known), argc, argv) || m->port <= 0 || m->port > 65535 ||
        m->clients <= 0 || m->events <= 0 || m->rate < 0 || !m->key || !m->card)
        usage();
}

/* A descriptor each. */
static void raise_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

int main(int argc, char **argv)
{
    static struct meter m = {.clients = 1000, .events = 60, .rate = 20};
    read_options(&m, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    m.sent = calloc((size_t)m.events, sizeof *m.sent);
    m.took = calloc((size_t)(m.clients * m.events), sizeof *m.took);
    require(m.sent && m.took);
    uv_loop_init(&m.loop);
    uv_timer_init(&m.loop, &m.ticker);
    uv_timer_init(&m.loop, &m.deadline);
    m.ticker.data = m.deadline.data = &m;
    uv_ip4_addr("127.0.0.1", (int)m.port, &m.address);
    for (int i = 0; i < POSTERS; i++)
        begin(&m, true);
    for (long i = 0; i < m.clients; i++)
        begin(&m, false);
    return uv_run(&m.loop, UV_RUN_DEFAULT);
}
