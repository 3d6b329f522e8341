/* transport.c: what a streamed model reply costs, ours (transport, event stream, reply) beside a
 * bare libcurl loop with the same options in the same run, and what a transfer that waits weighs.
 *   N= requests (20000), C= at once (100), W= waiting (1000), T= token events per reply (8)
 * The server is a child process: it reads a request and says a fixed reply. Prints one JSON line.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <uv.h>

#include "io/net/sse.h"
#include "io/net/transport.h"
#include "model/reply/reply.h"

static const char shape_text[] =
    "{\"done\":\"[DONE]\",\"stream\":{\"content\":\"choices.0.delta.content\",\"reasoning\":"
    "[\"choices.0.delta.reasoning_content\",\"choices.0.delta.reasoning\"],\"calls\":"
    "\"choices.0.delta.tool_calls\",\"index\":\"index\",\"id\":\"id\",\"name\":\"function.name\","
    "\"arguments\":\"function.arguments\",\"finish\":\"choices.0.finish_reason\",\"prompt_tokens\":"
    "\"usage.prompt_tokens\",\"completion_tokens\":\"usage.completion_tokens\",\"error\":\"error\"}"
    "}";

static int number(const char *name, int otherwise)
{
    const char *text = getenv(name);
    int value = text ? atoi(text) : otherwise;
    require(value > 0);
    return value;
}

static double cpu_ms(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static double rss_kb(void)
{
    long total, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    require(file && fscanf(file, "%ld %ld", &total, &resident) == 2);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

/* ---- the server ---- */

static void make_reply(struct buf *out, int tokens)
{
    struct buf body = {0};
    for (int i = 0; i < tokens; i++)
        buf_printf(
            &body,
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
            "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"token%d \"},"
            "\"finish_reason\":%s}]}\n\n",
            i, i == tokens - 1 ? "\"stop\"" : "null");
    buf_puts(&body, "data: [DONE]\n\n");
    buf_printf(
        out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %zu\r\n\r\n%s",
        body.len, body.data);
    buf_clear(&body);
}

/* Answers each read that ends a request; with silent, none. The bodies are small: one read each. */
static void serve(int listener, const struct buf *reply, bool silent)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    char input[65536];
    int poll = epoll_create1(0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (event.data.fd >= 0)
                    epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t got = read(fd, input, sizeof input);
            if (got <= 0)
                close(fd);
            else if (!silent && write(fd, reply->data, reply->len) < 0)
                close(fd);
        }
    }
}

static pid_t start_server(char *url, size_t size, const struct buf *reply, bool silent)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    require(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 4096) == 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    snprintf(url, size, "http://127.0.0.1:%u/v1/chat/completions", ntohs(address.sin_port));
    pid_t pid = fork();
    if (pid == 0) {
        serve(fd, reply, silent);
        _exit(0);
    }
    close(fd);
    return pid;
}

static void stop_server(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- ours ---- */

struct world {
    uv_loop_t loop;
    struct transport *transport;
    struct shape shape;
    const char *url;
    int left, running;
};

struct call {
    struct world *world;
    struct sse sse;
    struct reply reply;
};

static void start(struct world *w);

static int on_event(void *ctx, const struct sse_event *event)
{
    struct call *call = ctx;
    return reply_event(&call->reply, event->data, event->data_len, NULL);
}

static int on_body(void *ctx, const char *bytes, size_t len, struct err *err)
{
    struct call *call = ctx;
    int rc = sse_feed(&call->sse, bytes, len, err);
    return !rc && call->reply.done ? TRANSPORT_ENOUGH : rc;
}

static void on_done(void *ctx, const struct transport_result *result)
{
    struct call *call = ctx;
    struct world *w = call->world;
    struct buf message = {0};
    if (result->code != ERR_CANCELED) {
        require(result->code == 0 && reply_end(&call->reply, NULL) == 0);
        reply_message(&call->reply, &message);
        require(message.len > 30);
    }
    buf_clear(&message);
    sse_clear(&call->sse);
    reply_clear(&call->reply);
    free(call);
    w->running--;
    if (w->left > 0)
        start(w);
}

static char *new_body(size_t len)
{
    char *body = malloc(len + 1);
    require(body != NULL);
    memset(body, ' ', len);
    body[0] = '{';
    body[len - 1] = '}';
    body[len] = '\0';
    return body;
}

#define BODY 3600

static void start(struct world *w)
{
    static const struct transport_events events = {on_body, on_done};
    struct call *call = calloc(1, sizeof *call);
    struct transport_request request = {.url = w->url, .body = new_body(BODY), .body_len = BODY};
    struct transfer *transfer;
    require(call != NULL);
    call->world = w;
    sse_init(&call->sse, 0, 0, on_event, call);
    reply_init(&call->reply, &w->shape);
    w->left--;
    w->running++;
    require(transport_start(w->transport, &request, &events, call, &transfer, NULL) == 0);
}

static void open_world(struct world *w)
{
    struct json_doc doc = {0};
    uv_loop_init(&w->loop);
    require(json_parse(&doc, shape_text, strlen(shape_text), NULL, NULL) == 0);
    require(shape_init(&w->shape, &doc.root, NULL) == 0);
    json_doc_clear(&doc);
    require(transport_open(&w->transport, &w->loop, NULL, NULL) == 0);
}

static void close_world(struct world *w)
{
    transport_close(w->transport);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    shape_clear(&w->shape);
    require(uv_loop_close(&w->loop) == 0);
}

static double run_ours(const char *url, int n, int at_once)
{
    struct world w = {.url = url, .left = n};
    open_world(&w);
    double from = cpu_ms();
    for (int i = 0; i < at_once && w.left; i++)
        start(&w);
    while (w.running)
        uv_run(&w.loop, UV_RUN_ONCE);
    double spent = cpu_ms() - from;
    close_world(&w);
    return spent * 1000 / n;
}

static double weigh_ours(const char *url, int count)
{
    struct world w = {.url = url, .left = count};
    open_world(&w);
    start(&w); // what is paid once
    for (int i = 0; i < 20; i++) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
        usleep(2000);
    }
    double before = rss_kb();
    while (w.left) {
        start(&w);
        for (int i = 0; i < 3; i++)
            uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    for (int i = 0; i < 300; i++) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
        usleep(2000);
    }
    double weight = (rss_kb() - before) / count;
    require(w.running == count);
    close_world(&w);
    return weight;
}

/* ---- bare libcurl ---- */

static size_t swallow(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes;
    *(size_t *)ctx += size * count;
    return size * count;
}

static CURL *bare_easy(const char *url, const char *body, struct curl_slist *headers, size_t *sum)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)BODY);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, sum);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 2048L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

/* curl_multi_poll and perform: every handle is looked at in every turn. */
static double run_bare(const char *url, int n, int at_once)
{
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *body = new_body(BODY);
    size_t sum = 0;
    int left = n, running = 0, done = 0, queued;
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1024L);
    double from = cpu_ms();
    for (int i = 0; i < at_once && left; i++, left--)
        curl_multi_add_handle(multi, bare_easy(url, body, headers, &sum));
    while (done < n) {
        curl_multi_perform(multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(multi, &queued));) {
            CURL *easy = m->easy_handle;
            require(m->data.result == CURLE_OK);
            curl_multi_remove_handle(multi, easy);
            done++;
            if (left-- > 0)
                curl_multi_add_handle(multi, easy);
            else
                curl_easy_cleanup(easy);
        }
        if (done < n)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    double spent = cpu_ms() - from;
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    free(body);
    return spent * 1000 / n;
}

static double weigh_bare(const char *url, int count)
{
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *body = new_body(BODY);
    CURL **easy = calloc((size_t)count, sizeof(CURL *));
    size_t sum = 0;
    int running;
    double before = 0;
    for (int i = 0; i < count; i++) {
        if (i == 1)
            before = rss_kb();
        easy[i] = bare_easy(url, body, headers, &sum);
        curl_multi_add_handle(multi, easy[i]);
        curl_multi_perform(multi, &running);
    }
    for (int i = 0; i < 100; i++) {
        curl_multi_perform(multi, &running);
        usleep(2000);
    }
    double weight = (rss_kb() - before) / count;
    for (int i = 0; i < count; i++) {
        curl_multi_remove_handle(multi, easy[i]);
        curl_easy_cleanup(easy[i]);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    free(easy);
    free(body);
    return weight;
}

int main(void)
{
    char talks[100], waits[100];
    struct buf reply = {0};
    struct rlimit files;
    int n = number("N", 20000), at_once = number("C", 100), waiting = number("W", 1000);
    int tokens = number("T", 8);
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    make_reply(&reply, tokens);
    pid_t one = start_server(talks, sizeof talks, &reply, false);
    pid_t two = start_server(waits, sizeof waits, &reply, true);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    double bare_kb = weigh_bare(waits, waiting);
    malloc_trim(0);
    double ours_kb = weigh_ours(waits, waiting);
    run_bare(talks, n / 10 + 1, at_once); // warm
    double bare = run_bare(talks, n, at_once);
    double ours = run_ours(talks, n, at_once);
    printf("{\"requests\":%d,\"at_once\":%d,\"tokens\":%d,\"bare_us\":%.1f,\"ours_us\":%.1f,"
           "\"ratio\":%.2f,\"waiting\":%d,\"bare_kb\":%.1f,\"ours_kb\":%.1f}\n",
           n, at_once, tokens, bare, ours, ours / bare, waiting, bare_kb, ours_kb);
    stop_server(one);
    stop_server(two);
    buf_clear(&reply);
    return 0;
}
