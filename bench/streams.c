/* streams.c: many streams at once, a token now and then on each: a server that says them, and the
 * least that can hear them, libcurl whose write callback counts.
 *   streams serve N PACE        a server; when N requests have come, all are answered, a token
 *                               event each every PACE microseconds; prints its port
 *   streams poll|socket URL N   asks N times at once, by curl_multi_poll or
 *                               curl_multi_socket_action
 * The first number in a request's path says how many events its reply has. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "base/base.h"

static void sleep_us(long us)
{
    struct timespec left = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    while (us > 0 && nanosleep(&left, &left) && errno == EINTR)
        ;
}

/* ---- the server ---- */

#define HEAD                                                                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

struct server {
    int listener, poll, streams;
    int *asked; /* connections whose reply is due */
    int count, events;
};

static void say(int fd, const char *text, size_t len)
{
    require(write(fd, text, len) == (ssize_t)len || errno == EPIPE || errno == ECONNRESET);
}

static void say_event(int fd, const char *data)
{
    char chunk[512];
    size_t len = strlen(data) + 8;
    int size = snprintf(chunk, sizeof chunk, "%zx\r\ndata: %s\n\n\r\n", len, data);
    say(fd, chunk, (size_t)size);
}

static void say_token(int fd, int event, bool last)
{
    static const char *const words[] = {" the",      " card", " is",          "\\n",
                                        " verified", " by",   " \\\"who\\\"", " else"};
    char data[400];
    snprintf(data, sizeof data,
             "{\"id\":\"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG\",\"object\":\"chat.completion."
             "chunk\",\"created\":"
             "1741570283,\"model\":\"bench\",\"service_tier\":\"default\",\"system_fingerprint\":"
             "\"fp_50cad350e4\","
             "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"logprobs\":null,\"finish_"
             "reason\":%s}]}",
             words[event % (int)COUNT_OF(words)], last ? "\"stop\"" : "null");
    say_event(fd, data);
}

static void say_end(int fd)
{
    say_event(fd, "[DONE]");
    say(fd, "0\r\n\r\n", 5);
}

static void answer_all(struct server *s, long pace)
{
    for (int i = 0; i < s->count; i++)
        say(s->asked[i], HEAD, strlen(HEAD));
    for (int event = 0; event < s->events; event++) {
        sleep_us(pace);
        for (int i = 0; i < s->count; i++)
            say_token(s->asked[i], event, event == s->events - 1);
    }
    for (int i = 0; i < s->count; i++)
        say_end(s->asked[i]);
    s->count = 0;
}

static void add(struct server *s, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    require(fd >= 0 && epoll_ctl(s->poll, EPOLL_CTL_ADD, fd, &event) == 0);
}

/* The requests are small: one read each. */
static void hear(struct server *s, int fd)
{
    char input[65536];
    ssize_t got = read(fd, input, sizeof input - 1);
    if (got <= 0) {
        close(fd);
        return;
    }
    input[got] = '\0';
    const char *number = strpbrk(input, "0123456789");
    s->events = number ? atoi(number) : 0;
    s->asked[s->count++] = fd;
}

static void serve(int streams, long pace)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct server s = {
        .listener = socket(AF_INET, SOCK_STREAM, 0), .poll = epoll_create1(0), .streams = streams};
    struct epoll_event events[256];
    s.asked = calloc((size_t)streams, sizeof *s.asked);
    require(s.asked && bind(s.listener, (struct sockaddr *)&address, len) == 0 &&
            listen(s.listener, 4096) == 0);
    getsockname(s.listener, (struct sockaddr *)&address, &len);
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    add(&s, s.listener);
    for (;;) {
        int n = epoll_wait(s.poll, events, COUNT_OF(events), -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == s.listener)
                add(&s, accept(s.listener, NULL, NULL));
            else
                hear(&s, events[i].data.fd);
            if (s.count == s.streams)
                answer_all(&s, pace);
        }
    }
}

/* ---- bare libcurl ---- */

struct client {
    CURLM *multi;
    int poll, left;
    size_t bytes;
    bool timed;
    struct timespec due;
};

static size_t count(char *bytes, size_t size, size_t n, void *ctx)
{
    (void)bytes;
    *(size_t *)ctx += size * n;
    return size * n;
}

static CURL *new_easy(struct client *c, const char *url, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS,
                     "{\"model\":\"bench\",\"messages\":[],\"stream\":true}");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &c->bytes);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 2048L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

static void take_results(struct client *c)
{
    int queued;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &queued));) {
        CURL *easy = m->easy_handle;
        require(m->data.result == CURLE_OK);
        curl_multi_remove_handle(c->multi, easy);
        curl_easy_cleanup(easy);
        c->left--;
    }
}

static void run_poll(struct client *c)
{
    for (int running; c->left;) {
        curl_multi_poll(c->multi, NULL, 0, 1000, NULL);
        curl_multi_perform(c->multi, &running);
        take_results(c);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known)
{
    struct client *c = ctx;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE)
        return epoll_ctl(c->poll, EPOLL_CTL_DEL, fd, &event) && 0;
    event.events = what & CURL_POLL_IN ? EPOLLIN : 0;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    epoll_ctl(c->poll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(c->multi, fd, c);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *ctx)
{
    struct client *c = ctx;
    (void)multi;
    clock_gettime(CLOCK_MONOTONIC, &c->due);
    c->due.tv_sec += ms / 1000;
    c->due.tv_nsec += ms % 1000 * 1000000;
    c->timed = ms >= 0;
    return 0;
}

static int timeout(const struct client *c)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    long ms = (c->due.tv_sec - now.tv_sec) * 1000 + (c->due.tv_nsec - now.tv_nsec) / 1000000;
    if (!c->timed || ms > 1000)
        return 1000;
    return ms < 0 ? 0 : (int)ms;
}

static int flags_of(uint32_t events)
{
    int in = events & ~(uint32_t)EPOLLOUT ? CURL_CSELECT_IN : 0;
    return events & EPOLLOUT ? in | CURL_CSELECT_OUT : in;
}

static void run_socket(struct client *c)
{
    struct epoll_event events[256];
    for (int running; c->left;) {
        int wait = timeout(c), n = epoll_wait(c->poll, events, COUNT_OF(events), wait);
        for (int i = 0; i < n; i++)
            curl_multi_socket_action(c->multi, events[i].data.fd, flags_of(events[i].events),
                                     &running);
        if (c->timed && timeout(c) == 0) {
            c->timed = false;
            curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        take_results(c);
    }
}

static void ask(const char *how, const char *url, int n)
{
    struct client c = {.multi = curl_multi_init(), .poll = epoll_create1(0), .left = n};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    bool by_socket = strcmp(how, "socket") == 0;
    if (by_socket) {
        curl_multi_setopt(c.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(c.multi, CURLMOPT_SOCKETDATA, &c);
        curl_multi_setopt(c.multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(c.multi, CURLMOPT_TIMERDATA, &c);
    }
    for (int i = 0; i < n; i++)
        curl_multi_add_handle(c.multi, new_easy(&c, url, headers));
    (by_socket ? run_socket : run_poll)(&c);
    printf("BENCH {\"streams\":%d,\"bytes\":%zu}\n", n, c.bytes);
    curl_multi_cleanup(c.multi);
    curl_slist_free_all(headers);
    close(c.poll);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (argc != 4)
        return 2;
    if (strcmp(argv[1], "serve") == 0)
        serve(atoi(argv[2]), atol(argv[3]));
    ask(argv[1], argv[2], atoi(argv[3]));
    return 0;
}
