/* multi.c: curl says which sockets it wants watched and when it wants to be called; the loop does
 * it.
 *
 * The sockets are in an epoll set of their own, which the loop polls as one. libcurl 7.88 closes
 * sockets that never got connected without a word, and their numbers may be another file's at once:
 * the kernel takes a closed socket out of the set, and nothing of the loop knew its number. For the
 * same reason a socket may stay in the set when curl has lost interest: a connection that is kept
 * for reuse costs no system call per request. Nothing here keeps the loop alive: transfers do, with
 * their deadlines. */
#include "io/net/transport/multi.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fault.h"

#define BATCH  128 /* events taken at once */
#define ROUNDS 8   /* and how often in one turn of the loop */

/* A socket of curl, by its number. */
struct watch {
    uint8_t wanted; /* EPOLLIN | EPOLLOUT as curl wants it */
    uint8_t armed;  /* as it is in the set; 0: it is not in it */
};

struct multi {
    const struct curl *curl;
    CURLM *handle;
    int set;
    uv_poll_t poll; /* of the set */
    uv_timer_t timer;
    multi_done_fn *on_done;
    void *ctx;
    struct watch *watches; /* by descriptor */
    size_t size;
    size_t count;     /* easy handles inside */
    unsigned handles; /* not yet closed: the poll and the timer */
    bool timing; /* curl is called by the timer */
    bool closing;
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct multi *m = handle->data;
    if (--m->handles == 0) {
        close(m->set);
        free(m->watches);
        free(m);
    }
}

static struct watch *watch_of(struct multi *m, curl_socket_t fd)
{
    size_t size = m->size ? m->size : 64;
    while (size <= (size_t)fd)
        size *= 2;
    if (size > m->size) {
        struct watch *watches = realloc(m->watches, size * sizeof *watches);
        if (!watches)
            return NULL;
        memset(watches + m->size, 0, (size - m->size) * sizeof *watches);
        m->watches = watches;
        m->size = size;
    }
    return &m->watches[fd];
}

/* Brings the set to what is wanted of a socket. */
static int arm(struct multi *m, curl_socket_t fd, struct watch *w)
{
    struct epoll_event event = {.events = w->wanted, .data.fd = fd};
    int op = w->armed ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (!w->wanted)
        op = EPOLL_CTL_DEL;
    if (w->armed == w->wanted)
        return 0;
    w->armed = w->wanted;
    return epoll_ctl(m->set, op, fd, &event) ? -1 : 0;
}

/* ---- what curl asks ---- */

static void take_results(struct multi *m)
{
    CURLMsg *message;
    int left;
    while ((message = m->curl->multi_info_read(m->handle, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        multi_remove(m, easy); // message is gone with it
        m->on_done(m->ctx, easy, code);
    }
}

static void act(struct multi *m, curl_socket_t fd, int flags)
{
    int running;
    m->curl->multi_socket_action(m->handle, fd, flags, &running);
    m->timing = false;
    take_results(m);
}

/* An error is left for curl to find: it names it better. */
static void on_event(struct multi *m, const struct epoll_event *event)
{
    curl_socket_t fd = event->data.fd;
    struct watch *w = &m->watches[fd];
    bool failed = event->events & (EPOLLERR | EPOLLHUP);
    int flags = failed || event->events & EPOLLIN ? CURL_CSELECT_IN : 0;
    if (failed || event->events & EPOLLOUT)
        flags |= CURL_CSELECT_OUT;
    if (!w->wanted) // its server has closed it, or it was for sending
        (void)arm(m, fd, w);
    else
        act(m, fd, flags);
}

static void on_events(uv_poll_t *poll, int status, int readable)
{
    struct multi *m = poll->data;
    struct epoll_event events[BATCH];
    (void)status, (void)readable;
    for (int round = 0, count = BATCH; round < ROUNDS && count == BATCH; round++) {
        count = epoll_wait(m->set, events, BATCH, 0);
        for (int i = 0; i < count; i++)
            on_event(m, &events[i]);
    }
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
    struct watch *w = watch_of(ctx, fd);
    (void)easy;
    (void)unused;
    if (!w)
        return -1;
    w->wanted = what != CURL_POLL_REMOVE && what & CURL_POLL_IN ? EPOLLIN : 0;
    if (what != CURL_POLL_REMOVE && what & CURL_POLL_OUT)
        w->wanted |= EPOLLOUT;
    return w->wanted ? arm(ctx, fd, w) : 0;
}

/* What is wanted of its number is wanted of a socket that curl has closed silently, in the call
 * that is running: curl takes the new socket for the old one and will not ask again. */
curl_socket_t multi_socket(struct multi *m, const struct curl_sockaddr *address)
{
    int type = address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = FAULT_CALL(connect, socket(address->family, type, address->protocol));
    struct watch *w = fd < 0 ? NULL : watch_of(m, fd);
    if (w)
        w->armed = 0;
    if (w && arm(m, fd, w) == 0)
        return fd;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return CURL_SOCKET_BAD;
}

static void on_timeout(uv_timer_t *timer)
{
    struct multi *m = timer->data;
    m->timing = true;
    act(m, CURL_SOCKET_TIMEOUT, 0);
}

/* Also for 0: curl must not be called from here. It says 0 again as long as a socket has bytes;
 * libuv runs a timer of 0 that a timer started at once, and would run nothing else, no deadline,
 * while a server floods. */
static int on_timer(CURLM *handle, long ms, void *ctx)
{
    struct multi *m = ctx;
    (void)handle;
    if (m->closing)
        return 0;
    if (ms < 0)
        uv_timer_stop(&m->timer);
    else
        uv_timer_start(&m->timer, on_timeout, m->timing && ms == 0 ? 1 : (uint64_t)ms, 0);
    return 0;
}

/* ---- what transport.c asks ---- */

static void set_options(struct multi *m, long idle)
{
    const struct curl *curl = m->curl;
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, idle);
    curl->multi_setopt(m->handle, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

static void join_loop(struct multi *m, uv_loop_t *loop)
{
    uv_timer_init(loop, &m->timer);
    m->timer.data = m->poll.data = m;
    m->handles = 2;
    uv_unref((uv_handle_t *)&m->timer);
    uv_unref((uv_handle_t *)&m->poll);
}

struct multi *multi_open(uv_loop_t *loop, const struct curl *curl, long idle,
                         multi_done_fn *on_done, void *ctx)
{
    struct multi *m = calloc(1, sizeof *m);
    CURLM *handle = curl->multi_init();
    int set = m && handle ? epoll_create1(EPOLL_CLOEXEC) : -1;
    if (set < 0 || uv_poll_init(loop, &m->poll, set)) {
        int error = m && handle ? errno : ENOMEM;
        if (set >= 0)
            close(set);
        if (handle)
            curl->multi_cleanup(handle);
        free(m);
        errno = error;
        return NULL;
    }
    m->curl = curl;
    m->handle = handle;
    m->set = set;
    m->on_done = on_done;
    m->ctx = ctx;
    join_loop(m, loop);
    set_options(m, idle);
    return m;
}

void multi_close(struct multi *m)
{
    if (!m)
        return;
    m->closing = true;
    m->curl->multi_cleanup(m->handle);
    uv_close((uv_handle_t *)&m->poll, on_handle_closed);
    uv_close((uv_handle_t *)&m->timer, on_handle_closed);
}

size_t multi_count(const struct multi *m)
{
    return m->count;
}

int multi_add(struct multi *m, CURL *easy)
{
    if (!uv_is_active((uv_handle_t *)&m->poll))
        uv_poll_start(&m->poll, UV_READABLE, on_events);
    CURLMcode rc = m->curl->multi_add_handle(m->handle, easy);
    m->count += rc == CURLM_OK;
    if (rc == CURLM_OK)
        return 0;
    return rc == CURLM_OUT_OF_MEMORY ? ERR_MEMORY : ERR_BUG;
}

void multi_remove(struct multi *m, CURL *easy)
{
    m->curl->multi_remove_handle(m->handle, easy);
    m->count--;
}
