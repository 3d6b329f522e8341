/* dial.c: uv_getaddrinfo, then one address after the other. A dial that is given up lives on until
 * the loop has let go of what it waits for. */
#include "io/net/egress/dial.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

struct dial {
    uv_loop_t *loop;
    uv_getaddrinfo_t lookup;
    uv_poll_t poll;
    uv_timer_t timer;
    int fd; /* being connected; owned */
    struct addrinfo *found;
    const struct addrinfo *next; /* the address to try next */
    bool private, dropped, resolving;
    bool turning; /* the loop lets go of one socket, then comes the next */
    int handles; /* open or closing */
    dial_done *done;
    void *ctx;
    struct dial_result result;
};

/* ---- the end ---- */

static void free_dial(struct dial *d)
{
    uv_freeaddrinfo(d->found);
    base_close_fd(&d->fd);
    free(d);
}

static void on_closed(uv_handle_t *handle)
{
    struct dial *d = handle->data;
    if (--d->handles == 0 && !d->resolving)
        free_dial(d);
}

/* Frees it, now or when the loop has let go of it. */
static void let_go(struct dial *d)
{
    if (d->turning)
        return;
    if (d->handles == 0 && !d->resolving) {
        free_dial(d);
        return;
    }
    if (d->handles > 1)
        uv_close((uv_handle_t *)&d->poll, on_closed);
    if (d->handles > 0)
        uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void answer(struct dial *d)
{
    dial_done *done = d->done;
    if (!d->dropped)
        done(d->ctx, &d->result);
    d->dropped = true;
    let_go(d);
}

static void fail(struct dial *d, const char *why)
{
    d->result.fd = -1;
    snprintf(d->result.why, sizeof d->result.why, "%s", why);
    answer(d);
}

void dial_drop(struct dial *d)
{
    if (!d || d->dropped)
        return;
    d->dropped = true;
    if (d->resolving)
        uv_cancel((uv_req_t *)&d->lookup);
    else
        let_go(d);
}

/* ---- connecting ---- */

static void connect_next(struct dial *d);

static void on_poll_closed(uv_handle_t *handle)
{
    struct dial *d = handle->data;
    d->handles--;
    d->turning = false;
    base_close_fd(&d->fd);
    d->fd = -1;
    if (d->dropped)
        let_go(d);
    else
        connect_next(d);
}

/* The loop has to let go of a socket before the next one. */
static void try_another(struct dial *d, int error)
{
    snprintf(d->result.why, sizeof d->result.why, "%s: %s", d->result.address, strerror(error));
    uv_timer_stop(&d->timer);
    d->turning = true;
    uv_close((uv_handle_t *)&d->poll, on_poll_closed);
}

static void on_late(uv_timer_t *timer)
{
    try_another(timer->data, ETIMEDOUT);
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
    struct dial *d = poll->data;
    int error = 0;
    socklen_t size = sizeof error;
    (void)events;
    if (status < 0)
        error = -status;
    else if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size))
        error = errno;
    if (error) {
        try_another(d, error);
        return;
    }
    uv_poll_stop(&d->poll);
    d->result.fd = d->fd;
    d->result.why[0] = '\0';
    d->fd = -1; // the caller's
    answer(d);
}

static bool begin(struct dial *d, const struct addrinfo *to)
{
    d->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return false;
    if (connect(d->fd, to->ai_addr, to->ai_addrlen) && errno != EINPROGRESS)
        return false;
    if (uv_poll_init(d->loop, &d->poll, d->fd))
        return false;
    d->handles++;
    d->poll.data = d;
    uv_timer_start(&d->timer, on_late, DIAL_MS, 0);
    return uv_poll_start(&d->poll, UV_WRITABLE, on_connected) == 0;
}

static void connect_next(struct dial *d)
{
    while (d->next) {
        const struct addrinfo *to = d->next;
        d->next = to->ai_next;
        address_text(to->ai_addr, d->result.address);
        if (begin(d, to))
            return;
        int error = errno;
        if (d->handles > 1) {
            try_another(d, error);
            return;
        }
        snprintf(d->result.why, sizeof d->result.why, "%s: %s", d->result.address,
                 strerror(error));
        base_close_fd(&d->fd);
        d->fd = -1;
    }
    d->result.fd = -1;
    answer(d);
}

/* ---- the name ---- */

/* The first address that may not be reached, or NULL: one is enough, whatever the others are. */
static const struct addrinfo *forbidden(const struct dial *d)
{
    struct address_leave leave = {.any = d->private};
    const struct addrinfo *a = d->found;
    while (a && address_allowed(a->ai_addr, &leave))
        a = a->ai_next;
    return a;
}

static void on_resolved(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct dial *d = lookup->data;
    d->resolving = false;
    d->found = found;
    if (d->dropped) {
        let_go(d);
        return;
    }
    if (status || !found) {
        fail(d, status ? uv_strerror(status) : "the name has no address");
        return;
    }
    const struct addrinfo *bad = forbidden(d);
    if (bad) {
        d->result.refused = true;
        address_text(bad->ai_addr, d->result.address);
        fail(d, address_word(address_kind(bad->ai_addr, NULL)));
        return;
    }
    d->next = found;
    if (uv_timer_init(d->loop, &d->timer) == 0)
        d->handles++;
    d->timer.data = d;
    connect_next(d);
}

struct dial *dial_start(uv_loop_t *loop, const char *host, unsigned port, bool private,
                        dial_done *done, void *ctx)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char service[8];
    struct dial *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    *d = (struct dial){
        .loop = loop, .fd = -1, .private = private, .done = done, .ctx = ctx, .result = {.fd = -1}};
    d->lookup.data = d;
    snprintf(service, sizeof service, "%u", port);
    if (uv_getaddrinfo(loop, &d->lookup, on_resolved, host, service, &hints)) {
        free(d);
        return NULL;
    }
    d->resolving = true;
    return d;
}
