/* model.c: a fake OpenAI-compatible model server, fast enough not to be what is measured. A reply
 * is a pure function of its request: the last [[issue:ID]] in it names the card, and the number of
 * "tool" messages says which step it is: 0 write_file, 1 read_file, 2 and more finish. Streamed
 *   when asked to. model [--port N] [--latency MS]
 *   POST …/chat/completions   the reply, MS later
 *   GET /stats                requests, those in flight, and when the first came (ms since 1970)
 *   POST /reset               counts begin again
 * Prints its port. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/json.h"
#include "io/net/http.h"

#define CONTENT 1024 /* bytes of the file it writes */
#define PIECES  8    /* events that carry a call's arguments */

struct model {
    uv_loop_t loop;
    struct http_server *server;
    uint64_t latency;
    char content[CONTENT + 1];
    long requests, in_flight;
    double first_ms;
};

/* A request that waits for its reply. */
struct pending {
    struct model *model;
    struct http_exchange *exchange; /* NULL when the client has left */
    uv_timer_t timer;
    struct buf reply;
    bool stream;
};

static const struct http_header json_type = {"content-type", "application/json"};
static const struct http_header stream_type = {"content-type", "text/event-stream"};

static double epoch_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* ---- what a request asks for ---- */

struct question {
    char issue[64];
    int step;
    bool stream, usage;
};

/* The value after each "name": in a body without spaces or with one. */
static bool has(const char *body, const char *name, const char *value)
{
    size_t len = strlen(name);
    for (const char *at = body; (at = strstr(at, name)); at += len) {
        const char *is = at + len;
        is += strspn(is, ": ");
        if (strncmp(is, value, strlen(value)) == 0)
            return true;
    }
    return false;
}

static int count_results(const char *body)
{
    int count = 0;
    for (const char *at = body; (at = strstr(at, "\"role\"")); at++) {
        const char *is = at + 6;
        is += strspn(is, ": ");
        count += strncmp(is, "\"tool\"", 6) == 0;
    }
    return count;
}

static void read_question(struct question *q, const char *body)
{
    const char *mark = NULL;
    for (const char *at = body; (at = strstr(at, "[[issue:")); at += 8)
        mark = at + 8;
    size_t len = mark ? strcspn(mark, "]\"\\") : 0;
    len = len < sizeof q->issue ? len : sizeof q->issue - 1;
    memcpy(q->issue, mark ? mark : "", len);
    q->issue[len] = '\0';
    q->step = count_results(body);
    q->stream = has(body, "\"stream\"", "true");
    q->usage = has(body, "\"include_usage\"", "true");
}

/* ---- the reply ---- */

static const char *const tools[] = {"write_file", "read_file", "finish"};

static void put_arguments(struct buf *out, const struct model *m, const struct question *q,
                          int step)
{
    if (step == 0)
        buf_printf(out, "{\"path\":\"out/%s.txt\",\"content\":\"%s\"}", q->issue, m->content);
    else if (step == 1)
        buf_printf(out, "{\"path\":\"out/%s.txt\"}", q->issue);
    else
        buf_printf(out, "{\"issue\":\"%s\",\"status\":\"done\",\"summary\":\"written and read\"}",
                   q->issue);
}

static void open_event(struct buf *out, const struct question *q)
{
    buf_printf(out,
               "data: "
               "{\"id\":\"chat-%s-%d\",\"object\":\"chat.completion.chunk\",\"created\":1,"
               "\"model\":\"bench\",",
               q->issue, q->step);
}

static void put_stream(struct buf *out, const struct question *q, const char *tool,
                       const struct buf *arguments)
{
    size_t each = arguments->len / PIECES + 1;
    open_event(out, q);
    buf_printf(
        out,
        "\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":null,\"tool_"
        "calls\":"
        "[{\"index\":0,\"id\":\"call_%s_%d\",\"type\":\"function\",\"function\":{\"name\":\"%s\","
        "\"arguments\":\"\"}}]},\"finish_reason\":null}]}\n\n",
        q->issue, q->step, tool);
    for (size_t at = 0; at < arguments->len; at += each) {
        size_t left = arguments->len - at;
        open_event(out, q);
        buf_puts(out, "\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,"
                      "\"function\":{\"arguments\":");
        json_write_string(out, arguments->data + at, left < each ? left : each);
        buf_puts(out, "}}]},\"finish_reason\":null}]}\n\n");
    }
    open_event(out, q);
    buf_puts(out, "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n");
    if (q->usage) {
        open_event(out, q);
        buf_puts(out, "\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":300,"
                      "\"total_tokens\":1200}}\n\n");
    }
    buf_puts(out, "data: [DONE]\n\n");
}

static void put_whole(struct buf *out, const struct question *q, const char *tool,
                      const struct buf *arguments)
{
    buf_printf(out,
               "{\"id\":\"chat-%s-%d\",\"object\":\"chat.completion\",\"created\":1,\"model\":"
               "\"bench\",\"choices\":"
               "[{\"index\":0,\"finish_reason\":\"tool_calls\",\"message\":{\"role\":\"assistant\","
               "\"content\":null,"
               "\"tool_calls\":[{\"id\":\"call_%s_%d\",\"type\":\"function\",\"function\":{"
               "\"name\":\"%s\",\"arguments\":",
               q->issue, q->step, q->issue, q->step, tool);
    json_write_string(out, arguments->data, arguments->len);
    buf_puts(out, "}}]}}],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":300,\"total_"
                  "tokens\":1200}}");
}

static void make_reply(struct buf *out, const struct model *m, const struct question *q)
{
    int step = q->step < 2 ? q->step : 2;
    struct buf arguments = {0};
    put_arguments(&arguments, m, q, step);
    (q->stream ? put_stream : put_whole)(out, q, tools[step], &arguments);
    buf_clear(&arguments);
}

/* ---- the server ---- */

static void send_text(struct http_exchange *x, int status, const struct http_header *type,
                      const struct buf *text)
{
    struct err err = {0};
    require(buf_ok(text));
    if (http_send(x, status, type, 1, text->data, text->len, &err))
        fprintf(stderr, "model: %s\n", err.text);
}

static void on_closed(uv_handle_t *timer)
{
    struct pending *p = timer->data;
    buf_clear(&p->reply);
    free(p);
}

static void settle(struct pending *p)
{
    struct http_exchange *x = p->exchange;
    p->exchange = NULL;
    p->model->in_flight--;
    uv_close((uv_handle_t *)&p->timer, on_closed);
    if (x)
        send_text(x, 200, p->stream ? &stream_type : &json_type, &p->reply);
}

static void on_due(uv_timer_t *timer)
{
    settle(timer->data);
}

static void on_gone(void *data)
{
    struct pending *p = data;
    if (p && p->exchange) {
        p->exchange = NULL;
        settle(p);
    }
}

static void answer_later(struct model *m, struct http_exchange *x, const struct question *q)
{
    struct pending *p = calloc(1, sizeof *p);
    require(p != NULL);
    p->model = m;
    p->exchange = x;
    p->stream = q->stream;
    make_reply(&p->reply, m, q);
    require(uv_timer_init(&m->loop, &p->timer) == 0);
    p->timer.data = p;
    http_set_data(x, p);
    m->in_flight++;
    uv_timer_start(&p->timer, on_due, m->latency, 0);
}

static void complete(struct model *m, struct http_exchange *x, const char *body)
{
    struct question q;
    read_question(&q, body);
    if (m->requests++ == 0)
        m->first_ms = epoch_ms();
    if (m->latency) {
        answer_later(m, x, &q);
        return;
    }
    struct buf reply = {0};
    make_reply(&reply, m, &q);
    send_text(x, 200, q.stream ? &stream_type : &json_type, &reply);
    buf_clear(&reply);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_request *request)
{
    struct model *m = ctx;
    struct buf text = {0};
    int status = 200;
    if (ends_with(request->path, "/chat/completions")) {
        complete(m, x, request->body);
        return;
    }
    if (strcmp(request->path, "/stats") == 0) {
        buf_printf(&text, "{\"requests\":%ld,\"in_flight\":%ld,\"first_ms\":%.3f}", m->requests,
                   m->in_flight, m->first_ms);
    } else if (strcmp(request->path, "/reset") == 0) {
        m->requests = 0;
        m->first_ms = 0;
        buf_puts(&text, "{}");
    } else {
        status = 404;
        buf_puts(&text, "{\"error\":{\"message\":\"no such path\"}}");
    }
    send_text(x, status, &json_type, &text);
    buf_clear(&text);
}

static void listen_at(struct model *m, unsigned port)
{
    struct http_limits limits = {.body = 16 << 20, .connections = 65536, .idle_ms = 3600000};
    struct http_events events = {.on_request = on_request, .on_gone = on_gone};
    struct err err = {0};
    if (http_listen(&m->server, &m->loop, "127.0.0.1", port, &limits, &events, m, &err)) {
        fprintf(stderr, "model: %s\n", err.text);
        exit(1);
    }
    printf("%u\n", http_port(m->server));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct model m = {0};
    struct rlimit files;
    unsigned port = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--port") == 0)
            port = (unsigned)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--latency") == 0)
            m.latency = (uint64_t)atoll(argv[i + 1]);
    }
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < CONTENT; i++)
        m.content[i] = i % 64 == 63 ? ' ' : (char)('a' + i % 26);
    require(uv_loop_init(&m.loop) == 0);
    listen_at(&m, port);
    return uv_run(&m.loop, UV_RUN_DEFAULT);
}
