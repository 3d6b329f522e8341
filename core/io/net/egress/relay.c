/* relay.c: the two connections of a flow: what one says is written to the other, and as long as
 * that does not take it, the first one is not read. What the bytes mean is flow.c's. */
#include <string.h>

#include "io/net/egress/impl.h"

#define HEAD_MAX 16384

/* ---- closing ---- */

static void free_flow(struct flow *f)
{
    http_parser_clear(&f->parser);
    answer_clear(&f->answer);
    buf_clear(&f->greeting);
    for (int i = 0; i < 2; i++) {
        buf_clear(&f->sides[i].writing);
        buf_clear(&f->sides[i].waiting);
    }
    free(f);
}

static void on_closed(uv_handle_t *handle)
{
    struct flow *f = handle->data;
    struct egress *e = f->egress;
    if (--f->handles == 0)
        free_flow(f);
    egress_handle_closed(e);
}

void relay_close_side(struct flow *f, enum end end)
{
    struct side *side = &f->sides[end];
    if (side->open)
        uv_close((uv_handle_t *)&side->tcp, on_closed);
    side->open = false;
}

static void unlink_flow(struct flow *f)
{
    if (f->prev)
        f->prev->next = f->next;
    else
        f->egress->first = f->next;
    if (f->next)
        f->next->prev = f->prev;
    f->egress->flows--;
}

void relay_close(struct flow *f)
{
    if (f->state == FLOW_CLOSED)
        return;
    flow_settle(f);
    f->state = FLOW_CLOSED;
    unlink_flow(f);
    dial_drop(f->dial);
    f->dial = NULL;
    relay_close_side(f, SERVER);
    relay_close_side(f, CLIENT);
}

/* ---- writing ---- */

/* It has all that was for it: the other may go on, or it hears of the end. */
static void drained(struct flow *f, enum end end)
{
    struct side *side = &f->sides[end], *other = &f->sides[1 - end];
    bool last = other->ended || f->state == FLOW_ENDS;
    if (last && !side->shut && side->open) {
        side->shut = true;
        if (uv_shutdown(&side->shutdown, (uv_stream_t *)&side->tcp, NULL)) {
            relay_close(f);
            return;
        }
    }
    bool over = side->ended && other->ended && !other->writes && !other->waiting.len;
    if (f->state != FLOW_ENDS && over)
        relay_close(f);
    else if (other->open && !other->ended && f->state != FLOW_GREETS)
        relay_read(f, 1 - end, true);
}

static void on_written(uv_write_t *write, int status)
{
    struct flow *f = write->data;
    enum end end = write == &f->sides[CLIENT].write ? CLIENT : SERVER;
    f->sides[end].writes = false;
    buf_reset(&f->sides[end].writing);
    if (f->state == FLOW_CLOSED)
        return;
    if (status)
        relay_close(f);
    else
        relay_flush(f, end);
}

/* Hands over what waits. */
void relay_flush(struct flow *f, enum end end)
{
    struct side *side = &f->sides[end];
    if (!side->open || side->writes)
        return;
    if (!side->waiting.len) {
        drained(f, end);
        return;
    }
    struct buf empty = side->writing;
    side->writing = side->waiting;
    side->waiting = empty;
    side->write.data = f;
    side->writes = true;
    uv_buf_t out = uv_buf_init(side->writing.data, (unsigned)side->writing.len);
    if (uv_write(&side->write, (uv_stream_t *)&side->tcp, &out, 1, on_written)) {
        side->writes = false;
        relay_close(f);
    }
}

/* Sends bytes to one end; the other says no more until they are gone. */
void relay_put(struct flow *f, enum end end, const char *bytes, size_t len)
{
    struct side *side = &f->sides[end];
    if (!side->open || !len)
        return;
    buf_put(&side->waiting, bytes, len);
    if (!buf_ok(&side->waiting)) {
        relay_close(f);
        return;
    }
    relay_read(f, 1 - end, false);
    relay_flush(f, end);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    struct egress *e = ((struct flow *)handle->data)->egress;
    (void)size;
    *buf = uv_buf_init(e->input, sizeof e->input);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct flow *f = stream->data;
    enum end end = (uv_tcp_t *)stream == &f->sides[CLIENT].tcp ? CLIENT : SERVER;
    if (f->state == FLOW_CLOSED || n == 0)
        return;
    if (n < 0) {
        f->sides[end].ended = true;
        relay_read(f, end, false);
        flow_ended(f, end, n == UV_EOF);
        return;
    }
    size_t len = egress_take(f->egress, (size_t)n);
    if (f->state == FLOW_CLOSED) // the bound was hit
        return;
    flow_received(f, end, buf->base, len);
}

void relay_read(struct flow *f, enum end end, bool on)
{
    struct side *side = &f->sides[end];
    if (!side->open || side->reading == on)
        return;
    side->reading = on;
    if (!on)
        uv_read_stop((uv_stream_t *)&side->tcp);
    else if (uv_read_start((uv_stream_t *)&side->tcp, on_alloc, on_read))
        relay_close(f);
}

/* ---- the beginning ---- */

void flow_accept(struct egress *e)
{
    struct flow *f = calloc(1, sizeof *f);
    if (!f)
        return;
    f->egress = e;
    f->next = e->first;
    if (f->next)
        f->next->prev = f;
    e->first = f;
    e->flows++;
    hash_begin(&f->hash);
    http_parser_init(&f->parser, HEAD_MAX, EGRESS_BODY_MAX);
    f->parser.is_proxy = true;
    uv_tcp_init(e->loop, &f->sides[CLIENT].tcp);
    f->sides[CLIENT].tcp.data = f;
    f->sides[CLIENT].open = true;
    f->handles = 1;
    e->handles++;
    if (uv_accept((uv_stream_t *)&e->listener, (uv_stream_t *)&f->sides[CLIENT].tcp) ||
        e->flows > EGRESS_FLOWS_MAX)
        relay_close(f);
    else
        relay_read(f, CLIENT, true);
}
