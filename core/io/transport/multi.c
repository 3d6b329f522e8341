/* multi.c: curl says which sockets it wants watched and when it wants to be called; the loop does
 * it.
 *
 * A uv_poll lives while curl wants its socket watched. libcurl 7.88 closes sockets that never got
 * connected without a word and says CURL_POLL_REMOVE afterwards; by then the number may be another
 * socket's (see on_open_socket). Nothing here keeps the loop alive: transfers do, with their
 * deadlines. */
#include "io/transport/multi.h"

#include <sys/socket.h>

struct watch {
    uv_poll_t poll;
    struct multi *multi;
    curl_socket_t fd;
    int events; /* UV_READABLE | UV_WRITABLE as curl wants it */
};

struct multi {
    const struct curl *curl;
    CURLM *handle;
    uv_loop_t *loop;
    uv_timer_t timer;
    multi_done_fn *on_done;
    void *ctx;
    struct watch **watches; /* by descriptor */
    size_t size;
    size_t handles; /* not yet closed: the timer and every poll */
    bool closing;
};

static void handle_closed(struct multi *m)
{
    if (--m->handles == 0) {
        free(m->watches);
        free(m);
    }
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct multi *m = w->multi;
    free(w);
    handle_closed(m);
}

static void on_timer_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void drop_watch(struct multi *m, curl_socket_t fd)
{
    if (fd < 0 || (size_t)fd >= m->size || !m->watches[fd])
        return;
    struct watch *w = m->watches[fd];
    m->watches[fd] = NULL;
    uv_poll_stop(&w->poll);
    uv_close((uv_handle_t *)&w->poll, on_poll_closed);
}

static bool make_room(struct multi *m, size_t fd)
{
    size_t size = m->size ? m->size : 64;
    while (size <= fd)
        size *= 2;
    if (size == m->size)
        return true;
    struct watch **watches = realloc(m->watches, size * sizeof *watches);
    if (!watches)
        return false;
    for (size_t i = m->size; i < size; i++)
        watches[i] = NULL;
    m->watches = watches;
    m->size = size;
    return true;
}

static struct watch *add_watch(struct multi *m, curl_socket_t fd)
{
    struct watch *w = make_room(m, (size_t)fd) ? calloc(1, sizeof *w) : NULL;
    if (!w)
        return NULL;
    *w = (struct watch){.multi = m, .fd = fd};
    if (uv_poll_init_socket(m->loop, &w->poll, fd)) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    uv_unref((uv_handle_t *)&w->poll);
    m->handles++;
    m->watches[fd] = w;
    return w;
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
        m->curl->multi_remove_handle(m->handle, easy); // message is gone with it
        m->on_done(m->ctx, easy, code);
    }
}

static void act(struct multi *m, curl_socket_t fd, int flags)
{
    int running;
    m->curl->multi_socket_action(m->handle, fd, flags, &running);
    take_results(m);
}

/* An error is left for curl to find: it names it better. The loop has stopped the poll then. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct multi *m = w->multi;
    curl_socket_t fd = w->fd;
    if (status < 0)
        events = UV_READABLE | UV_WRITABLE;
    act(m, fd,
        (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
            (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
    if (status < 0 && m->watches[fd] == w)
        uv_poll_start(&w->poll, w->events, on_poll);
}

static int watch_for(struct multi *m, curl_socket_t fd, int events)
{
    struct watch *w = (size_t)fd < m->size ? m->watches[fd] : NULL;
    if (!w && !(w = add_watch(m, fd)))
        return -1;
    w->events = events;
    return uv_poll_start(&w->poll, events, on_poll) ? -1 : 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
    struct multi *m = ctx;
    (void)easy;
    (void)unused;
    if (what != CURL_POLL_REMOVE)
        return watch_for(m, fd,
                         (what & CURL_POLL_IN ? UV_READABLE : 0) |
                             (what & CURL_POLL_OUT ? UV_WRITABLE : 0));
    drop_watch(m, fd);
    return 0;
}

/* A watch of this number belongs to a socket that curl has closed silently, in the call that is
 * running: curl takes the new socket for the old one and will not ask again, so the watch moves. */
static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct multi *m = ctx;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct watch *stale = (size_t)fd < m->size ? m->watches[fd] : NULL;
    int events = stale ? stale->events : 0;
    drop_watch(m, fd);
    if (events && watch_for(m, fd, events)) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

static void on_timeout(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Also for 0: curl must not be called from here. */
static int on_timer(CURLM *handle, long ms, void *ctx)
{
    struct multi *m = ctx;
    (void)handle;
    if (m->closing)
        return 0;
    if (ms < 0)
        uv_timer_stop(&m->timer);
    else
        uv_timer_start(&m->timer, on_timeout, (uint64_t)ms, 0);
    return 0;
}

/* ---- what transport.c asks ---- */

struct multi *multi_open(uv_loop_t *loop, const struct curl *curl, multi_done_fn *on_done,
                         void *ctx)
{
    struct multi *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    *m = (struct multi){.curl = curl, .loop = loop, .on_done = on_done, .ctx = ctx};
    m->handle = curl->multi_init();
    if (!m->handle) {
        free(m);
        return NULL;
    }
    uv_timer_init(loop, &m->timer);
    uv_unref((uv_handle_t *)&m->timer);
    m->timer.data = m;
    m->handles = 1;
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl->multi_setopt(m->handle, CURLMOPT_SOCKETDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERFUNCTION, on_timer);
    curl->multi_setopt(m->handle, CURLMOPT_TIMERDATA, m);
    curl->multi_setopt(m->handle, CURLMOPT_MAXCONNECTS, MULTI_IDLE_MAX);
    curl->multi_setopt(m->handle, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return m;
}

void multi_close(struct multi *m)
{
    if (!m)
        return;
    m->closing = true;
    m->curl->multi_cleanup(m->handle);
    for (size_t fd = 0; fd < m->size; fd++)
        drop_watch(m, (curl_socket_t)fd);
    uv_close((uv_handle_t *)&m->timer, on_timer_closed);
}

void multi_prepare(struct multi *m, CURL *easy)
{
    m->curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    m->curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, m);
}

int multi_add(struct multi *m, CURL *easy)
{
    CURLMcode rc = m->curl->multi_add_handle(m->handle, easy);
    return rc == CURLM_OK ? 0 : rc == CURLM_OUT_OF_MEMORY ? ERR_MEMORY : ERR_BUG;
}

void multi_remove(struct multi *m, CURL *easy)
{
    m->curl->multi_remove_handle(m->handle, easy);
}
