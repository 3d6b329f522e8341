/* egress.c: the listener that the jail hands over, the bounds of all connections together, and the
 * record. A flow belongs to its egress, which goes when the loop has let go of all handles. */
#include "io/net/egress.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "io/net/egress/impl.h"

#define BACKLOG 64

/* ---- memory ---- */

static void free_egress(struct egress *e)
{
    for (size_t i = 0; i < e->host_count; i++)
        free((char *)e->hosts[i].name);
    free(e->hosts);
    free(e->requests);
    base_close_fd(&e->handover);
    free(e);
}

void egress_handle_closed(struct egress *e)
{
    if (--e->handles == 0 && e->closed)
        free_egress(e);
}

static void on_closed(uv_handle_t *handle)
{
    egress_handle_closed(handle->data);
}

static bool copy_hosts(struct egress *e, const struct egress_spec *spec)
{
    e->hosts = calloc(spec->count + 1, sizeof *e->hosts);
    for (size_t i = 0; e->hosts && i < spec->count; i++) {
        e->hosts[i] = spec->hosts[i];
        e->hosts[i].name = strdup(spec->hosts[i].name);
        if (!e->hosts[i].name)
            return false;
        e->host_count++;
    }
    return e->hosts != NULL;
}

/* ---- bounds ---- */

static void end_all(struct egress *e, const char *rule, const char *why)
{
    if (e->stopped)
        return;
    e->stopped = true;
    while (e->first)
        flow_cut(e->first, rule, why);
    if (e->handover >= 0)
        uv_close((uv_handle_t *)&e->arrival, on_closed);
    if (e->listening)
        uv_close((uv_handle_t *)&e->listener, on_closed);
    uv_close((uv_handle_t *)&e->clock, on_closed);
}

static void hit(struct egress *e, const char *limit, const char *rule, const char *why)
{
    e->limit = e->limit ? e->limit : limit;
    end_all(e, rule, why);
}

size_t egress_take(struct egress *e, size_t len)
{
    if (e->stopped)
        return 0;
    if (len <= e->left) {
        e->left -= len;
        return len;
    }
    size_t taken = (size_t)e->left;
    e->left = 0;
    hit(e, "bytes", "egress.limit.bytes", "the command moved all the bytes that it may");
    return taken;
}

size_t egress_add_request(struct egress *e)
{
    if (e->request_count < EGRESS_REQUESTS_MAX)
        return ++e->request_count;
    hit(e, "requests", "egress.limit.requests", "the command made all the requests that it may");
    return 0;
}

static void on_clock(uv_timer_t *clock)
{
    hit(clock->data, "seconds", "egress.limit.seconds",
        "the time in which the command may use the network is over");
}

/* ---- the listener ---- */

static void on_connection(uv_stream_t *listener, int status)
{
    struct egress *e = listener->data;
    if (status || e->stopped)
        return;
    if (!e->timed) {
        e->timed = true;
        uv_update_time(e->loop);
        uv_timer_start(&e->clock, on_clock, e->ms, 0);
    }
    flow_accept(e);
}

/* The descriptor that came, or -1. */
static int receive(int socket)
{
    char byte;
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.room = {0}};
    struct iovec bytes = {&byte, 1};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
        return -1;
    const struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int)))
        return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static void listen_on(struct egress *e, int fd)
{
    if (uv_tcp_init(e->loop, &e->listener)) {
        close(fd);
        return;
    }
    e->listener.data = e;
    e->listening = true;
    e->handles++;
    if (uv_tcp_open(&e->listener, fd)) {
        close(fd);
        return;
    }
    (void)!uv_listen((uv_stream_t *)&e->listener, BACKLOG, on_connection);
}

/* One descriptor comes, or the end, when nothing could be isolated. */
static void on_arrival(uv_poll_t *poll, int status, int events)
{
    struct egress *e = poll->data;
    (void)status, (void)events;
    int fd = receive(e->handover);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    uv_poll_stop(poll);
    if (fd >= 0)
        listen_on(e, fd);
}

int egress_open(struct egress **out, uv_loop_t *loop, const struct egress_spec *spec, int handover,
                struct err *err)
{
    struct egress *e = calloc(1, sizeof *e);
    if (!e) {
        close(handover);
        return err_set(err, ERR_MEMORY, "no memory for a way out of a jail");
    }
    *e = (struct egress){.loop = loop, .left = spec->bytes, .ms = spec->ms, .handover = handover};
    e->requests = calloc(EGRESS_REQUESTS_MAX, sizeof *e->requests);
    if (!e->requests || !copy_hosts(e, spec)) {
        free_egress(e);
        return err_set(err, ERR_MEMORY, "no memory for a way out of a jail");
    }
    if (uv_poll_init(loop, &e->arrival, handover)) {
        free_egress(e);
        return err_set(err, ERR_IO, "the loop does not take the way out of a jail");
    }
    uv_timer_init(loop, &e->clock);
    e->arrival.data = e->clock.data = e;
    e->handles = 2;
    uv_poll_start(&e->arrival, UV_READABLE | UV_DISCONNECT, on_arrival);
    *out = e;
    return 0;
}

/* ---- the end ---- */

void egress_stop(struct egress *e)
{
    end_all(e, NULL, NULL);
}

const struct egress_request *egress_requests(const struct egress *e, size_t *count)
{
    *count = e->request_count;
    return e->requests;
}

const char *egress_limit(const struct egress *e)
{
    return e->limit;
}

void egress_close(struct egress *e)
{
    if (!e)
        return;
    end_all(e, NULL, NULL);
    e->closed = true;
    if (e->handles == 0)
        free_egress(e);
}
