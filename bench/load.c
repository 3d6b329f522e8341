/* load.c: a client that asks an OpenAI-compatible server for streamed replies, so many at once,
 * each on a kept connection of its own, and counts. It reads a reply only as far as it must: HTTP,
 * and that the stream said [DONE].
 *   load --port N [--requests N] [--at-once N] [--path /v1/chat/completions] [--body FILE]
 * Prints one line BENCH {...}: requests/s, milliseconds to the first byte of a reply and to its
 * end, bytes, and the client's own CPU time. Ends with 1 when a reply was no good. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include <llhttp.h>

#include "base/buf.h"
#include "bench.h"

#define DONE "[DONE]"

static const char body[] =
    "{\"model\":\"m\",\"stream\":true,\"messages\":[{\"role\":\"system\",\"content\":\"You are a "
    "programmer.\"},{\"role\":\"user\",\"content\":\"# Card L-1: load [[issue:L-1]]\"}]}";

struct load {
    uv_loop_t loop;
    llhttp_settings_t settings;
    struct sockaddr_in address;
    struct buf request;
    double *first, *whole; /* ms of each reply */
    long requests, at_once, started, ended, failed;
    uint64_t bytes;
};

struct client {
    struct load *load;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    llhttp_t parser;
    long number; /* of the request under way */
    uint64_t sent;
    char tail[sizeof DONE + 4]; /* the last bytes of the body, and a NUL */
    char input[16384];
};

static double ms_since(uint64_t from)
{
    return (double)(uv_hrtime() - from) / 1e6;
}

static _Noreturn void die(const char *what, int code)
{
    fprintf(stderr, "load: %s: %s\n", what, uv_strerror(code));
    exit(1);
}

/* ---- one request after the other ---- */

static void on_written(uv_write_t *write, int status)
{
    (void)write;
    if (status)
        die("write", status);
}

/* The next request, while there are any; then the connection closes. */
static void ask(struct client *client)
{
    struct load *load = client->load;
    uv_buf_t out = uv_buf_init(load->request.data, (unsigned)load->request.len);
    if (load->started == load->requests) {
        uv_close((uv_handle_t *)&client->tcp, NULL);
        return;
    }
    client->number = load->started++;
    client->tail[0] = '\0';
    load->first[client->number] = 0;
    client->sent = uv_hrtime();
    int rc = uv_write(&client->write, (uv_stream_t *)&client->tcp, &out, 1, on_written);
    if (rc)
        die("write", rc);
}

/* Keeps the end of what has come: blanks and the last event. */
static int on_body(llhttp_t *parser, const char *bytes, size_t len)
{
    struct client *client = parser->data;
    size_t room = sizeof client->tail - 1, had = strlen(client->tail);
    size_t take = len < room ? len : room, keep = had < room - take ? had : room - take;
    memmove(client->tail, client->tail + had - keep, keep);
    memcpy(client->tail + keep, bytes + len - take, take);
    client->tail[keep + take] = '\0';
    return 0;
}

static int on_complete(llhttp_t *parser)
{
    struct client *client = parser->data;
    struct load *load = client->load;
    load->whole[client->number] = ms_since(client->sent);
    load->ended++;
    load->failed += parser->status_code != 200 || !strstr(client->tail, DONE);
    ask(client);
    return 0;
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct client *client = handle->data;
    (void)size;
    *out = uv_buf_init(client->input, sizeof client->input);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *in)
{
    struct client *client = stream->data;
    struct load *load = client->load;
    if (n < 0)
        die("read", (int)n);
    if (n > 0 && load->first[client->number] == 0)
        load->first[client->number] = ms_since(client->sent);
    load->bytes += (uint64_t)n;
    if (n > 0 && llhttp_execute(&client->parser, in->base, (size_t)n) != HPE_OK)
        die("no HTTP reply", UV_EPROTO);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct client *client = connect->data;
    if (status)
        die("connect", status);
    uv_tcp_nodelay(&client->tcp, 1);
    uv_read_start((uv_stream_t *)&client->tcp, on_alloc, on_read);
    ask(client);
}

static struct client *begin(struct load *load)
{
    struct client *client = calloc(1, sizeof *client);
    require(client);
    client->load = load;
    llhttp_init(&client->parser, HTTP_RESPONSE, &load->settings);
    client->parser.data = client;
    client->connect.data = client;
    uv_tcp_init(&load->loop, &client->tcp);
    client->tcp.data = client;
    int rc = uv_tcp_connect(&client->connect, &client->tcp, (void *)&load->address, on_connected);
    if (rc)
        die("connect", rc);
    return client;
}

/* ---- the report ---- */

static void print_times(const char *name, double *times, long count)
{
    qsort(times, (size_t)count, sizeof *times, by_size);
    printf(",\"%s\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,\"max\":%.3f}", name, times[count / 2],
           times[count * 9 / 10], times[count * 99 / 100], times[count - 1]);
}

static double cpu_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static void report(struct load *load, double wall)
{
    printf("BENCH {\"requests\":%ld,\"failed\":%ld,\"at_once\":%ld,\"wall_ms\":%.1f,"
           "\"requests_per_s\":%.1f",
           load->ended, load->failed, load->at_once, wall, (double)load->ended / wall * 1e3);
    print_times("first_ms", load->first, load->ended);
    print_times("whole_ms", load->whole, load->ended);
    printf(",\"bytes\":%llu,\"bytes_per_request\":%.1f,\"client_cpu_ms\":%.1f}\n",
           (unsigned long long)load->bytes, (double)load->bytes / (double)load->ended, cpu_ms());
}

/* ---- the start ---- */

static void read_body(struct buf *out, const char *path)
{
    char piece[4096];
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!path)
        buf_puts(out, body);
    else if (!file)
        die(path, UV_ENOENT);
    for (size_t n; file && (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_put(out, piece, n);
    if (file)
        fclose(file);
}

static void write_request(struct load *load, int port, const char *path, const char *file)
{
    struct buf text = {0};
    read_body(&text, file);
    buf_printf(&load->request,
               "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
               "Accept: text/event-stream\r\nContent-Length: %zu\r\n\r\n",
               path, port, text.len);
    buf_put(&load->request, text.data, text.len);
    require(buf_ok(&load->request));
    buf_clear(&text);
}

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: load --port N [--requests N] [--at-once N] [--path PATH] [--body FILE]\n");
    exit(2);
}

struct options {
    const char *path, *body;
    long port, requests, at_once;
};

static void read_options(struct options *o, int argc, char **argv)
{
    const struct argument known[] = {
        {"--port", &o->port, NULL},       {"--requests", &o->requests, NULL},
        {"--at-once", &o->at_once, NULL}, {"--path", NULL, &o->path},
        {"--body", NULL, &o->body},
    };
    if (!arguments_read(known, COUNT_OF(known), argc, argv) || o->port <= 0 || o->port > 65535 ||
        o->requests <= 0 || o->at_once <= 0)
        usage();
}

static void run(struct load *load)
{
    struct client **clients = calloc((size_t)load->at_once, sizeof(struct client *));
    load->first = calloc((size_t)load->requests, sizeof *load->first);
    load->whole = calloc((size_t)load->requests, sizeof *load->whole);
    require(load->first && load->whole && clients);
    uint64_t began = uv_hrtime();
    for (long i = 0; i < load->at_once; i++)
        clients[i] = begin(load);
    uv_run(&load->loop, UV_RUN_DEFAULT);
    report(load, ms_since(began));
    for (long i = 0; i < load->at_once; i++)
        free(clients[i]);
    free(clients);
    free(load->first);
    free(load->whole);
}

int main(int argc, char **argv)
{
    struct options o = {.path = "/v1/chat/completions", .requests = 1000, .at_once = 100};
    read_options(&o, argc, argv);
    struct load load = {.requests = o.requests,
                        .at_once = o.at_once < o.requests ? o.at_once : o.requests};
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&load.loop);
    uv_ip4_addr("127.0.0.1", (int)o.port, &load.address);
    llhttp_settings_init(&load.settings);
    load.settings.on_body = on_body;
    load.settings.on_message_complete = on_complete;
    write_request(&load, (int)o.port, o.path, o.body);
    run(&load);
    buf_clear(&load.request);
    uv_loop_close(&load.loop);
    return load.failed > 0;
}
