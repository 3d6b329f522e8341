/* http.c: the listener. Memory of a server goes when the last connection, the listener and the
 * server itself are closed. */
#include "io/net/http.h"

#include <string.h>
#include <time.h>

#include "io/net/http/conn.h"

const char *server_date(struct http_server *s)
{
    time_t now = time(NULL);
    struct tm tm;
    if (now != s->dated) {
        gmtime_r(&now, &tm);
        strftime(s->date, sizeof s->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        s->dated = now;
    }
    return s->date;
}

void server_handle_closed(struct http_server *s)
{
    if (--s->handles)
        return;
    free(s->wslay);
    free(s);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        conn_accept(listener->data);
}

static int parse_address(const char *host, unsigned port, struct sockaddr_storage *out)
{
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (port > 65535)
        return -1;
    if (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out) == 0)
        return 0;
    return uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out);
}

static void on_listener_closed(uv_handle_t *handle)
{
    server_handle_closed(handle->data);
}

static void set_limits(struct http_limits *l)
{
    l->head = l->head ? l->head : 16384;
    l->body = l->body ? l->body : (size_t)1 << 20;
    l->unsent = l->unsent ? l->unsent : (size_t)8 << 20;
    l->held = l->held ? l->held : 64 * l->body;
    l->connections = l->connections ? l->connections : 1024;
    l->idle_ms = l->idle_ms ? l->idle_ms : 60000;
    l->head_ms = l->head_ms ? l->head_ms : 10000;
    l->receive_ms = l->receive_ms ? l->receive_ms : 30000;
    l->all_unsent = l->all_unsent ? l->all_unsent : (size_t)256 << 20;
    l->send_ms = l->send_ms ? l->send_ms : 30000;
}

int http_listen(struct http_server **out, uv_loop_t *loop, const char *host, unsigned port,
                const struct http_limits *limits, const struct http_events *events, void *ctx,
                struct err *err)
{
    struct sockaddr_storage address;
    if (parse_address(host, port, &address))
        return err_set(err, ERR_USAGE, "%s port %u is no address to listen on", host, port);
    struct http_server *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    s->loop = loop;
    s->limits = *limits;
    s->events = *events;
    s->ctx = ctx;
    s->handles = 2;
    set_limits(&s->limits);
    uv_tcp_init(loop, &s->tcp);
    s->tcp.data = s;
    int rc = s->limits.socket ? uv_tcp_open(&s->tcp, s->limits.socket)
                              : uv_tcp_bind(&s->tcp, (struct sockaddr *)&address, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&s->tcp, 511, on_connection);
    if (rc) {
        uv_close((uv_handle_t *)&s->tcp, on_listener_closed);
        server_handle_closed(s);
        rc = err_set(err, err_of_errno(-rc), "cannot listen on %s port %u: %s", host, port,
                     uv_strerror(rc));
        err_fix(err, "name an address of this machine (--host) and a port that is free (--port)");
        return rc;
    }
    *out = s;
    return 0;
}

unsigned http_port(const struct http_server *s)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    if (uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&address, &len))
        return 0;
    return ntohs(((struct sockaddr_in *)&address)->sin_port); // at the same place in sockaddr_in6
}

void http_drain(struct http_server *s)
{
    if (s->draining)
        return;
    s->draining = true;
    uv_close((uv_handle_t *)&s->tcp, on_listener_closed);
    if (s->count == 0)
        s->events.on_drained(s->ctx);
    for (struct http_conn *c = s->first, *next; c; c = next) {
        next = c->next;
        c->exchange.keep_alive = false;
        if (c->state == CONN_READS && !http_parser_began(&c->parser) && !c->pending.len)
            conn_drop(c);
    }
}

void http_close(struct http_server *s)
{
    if (!s || s->closing)
        return;
    s->closing = true;
    if (!s->draining)
        uv_close((uv_handle_t *)&s->tcp, on_listener_closed);
    s->draining = false; // no caller waits for that any more
    while (s->first)
        conn_drop(s->first);
    server_handle_closed(s);
}
