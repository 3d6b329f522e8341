/* room.c: see room.h. */
#include "io/net/http/room.h"

static struct http_conn *last_in(const struct http_server *s, enum conn_state state)
{
    struct http_conn *c = s->last;
    while (c && c->state != state)
        c = c->prev;
    return c;
}

void room_for_connection(struct http_server *s)
{
    if (s->count < s->limits.connections)
        return;
    struct http_conn *c = last_in(s, CONN_READS);
    c = c ? c : last_in(s, CONN_LINGERS);
    if (c)
        conn_drop(c);
}

void room_leave(struct http_conn *c)
{
    c->server->held -= c->held;
    c->held = 0;
}

void room_count(struct http_conn *c)
{
    struct http_server *s = c->server;
    room_leave(c);
    if (c->state != CONN_READS)
        return;
    c->held = c->parser.text.cap + c->parser.body.cap + c->pending.cap;
    s->held += c->held;
    for (struct http_conn *at = s->last, *before; at && s->held > s->limits.held; at = before) {
        before = at->prev;
        if (at != c && at->state == CONN_READS && at->held)
            conn_drop(at);
    }
}

void room_to_send(struct http_conn *c)
{
    struct http_server *s = c->server;
    size_t most = s->limits.all_unsent;
    for (struct http_conn *at = s->last, *before; at && s->unsent > most; at = before) {
        before = at->prev;
        if (at != c && at->unsent && at->state != CONN_ANSWERS)
            conn_drop(at);
    }
}
