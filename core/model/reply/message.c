/* message.c: a reply as the canonical bytes of an assistant's message. */
#include "model/reply/reply.h"

static void put_string(struct buf *out, const struct buf *text)
{
    json_write_string(out, text->len ? text->data : "", text->len);
}

static void put_call(struct buf *out, const struct reply_call *call)
{
    buf_puts(out, "{\"function\":{\"arguments\":");
    put_string(out, &call->arguments);
    buf_puts(out, ",\"name\":");
    put_string(out, &call->name);
    buf_puts(out, "},\"id\":");
    put_string(out, &call->id);
    buf_puts(out, ",\"type\":\"function\"}");
}

/* ---- apart ---- */

static bool is_signed(const struct reply *r)
{
    bool found = false;
    for (size_t i = 0; i < r->order.count; i++)
        found = found || r->order.parts[i].mark.len;
    for (size_t i = 0; i < r->call_count; i++)
        found = found || r->calls[i].signature.len;
    return found && !r->order.lost;
}

static void put_mark(struct buf *out, const char *key, const struct buf *mark)
{
    if (!mark->len)
        return;
    buf_puts(out, key);
    put_string(out, mark);
}

static void put_thought(struct buf *out, const struct reply *r, size_t position)
{
    const struct part *part = &r->order.parts[position];
    buf_puts(out, "{\"reasoning\":");
    json_write_string(out, r->reasoning.len ? r->reasoning.data + part->at : "",
                      part_order_len(&r->order, position, r->reasoning.len));
    put_mark(out, ",\"signature\":", &part->mark);
}

static void put_said(struct buf *out, const struct reply *r, size_t position)
{
    const struct part *part = &r->order.parts[position];
    if (part->kind == PART_THOUGHT) {
        put_thought(out, r, position);
    } else if (part->kind == PART_REDACTED) {
        put_mark(out, "{\"redacted\":", &part->mark);
    } else if (part->kind == PART_CALL) {
        buf_puts(out, "{\"call\":");
        put_string(out, &r->calls[part->at].id);
        put_mark(out, ",\"signature\":", &r->calls[part->at].signature);
    } else {
        put_mark(out, "{\"signature\":", &part->mark);
        buf_printf(out, "%s\"text\":%zu", part->mark.len ? "," : "{",
                   part_order_len(&r->order, position, r->content.len));
    }
    buf_putc(out, '}');
}

/* Everything before the content; it comes first, so that a look at one byte tells that it is there.
 */
static void put_apart(struct buf *out, const struct reply *r)
{
    if (!is_signed(r))
        return;
    buf_puts(out, "\"apart\":{\"said\":[");
    for (size_t i = 0; i < r->order.count; i++) {
        if (i)
            buf_putc(out, ',');
        put_said(out, r, i);
    }
    buf_puts(out, "]},");
}

void reply_message(const struct reply *r, struct buf *out)
{
    buf_putc(out, '{');
    put_apart(out, r);
    buf_puts(out, "\"content\":");
    if (r->content.len || !r->call_count)
        put_string(out, &r->content);
    else
        buf_puts(out, "null");
    buf_puts(out, ",\"role\":\"assistant\"");
    for (size_t i = 0; i < r->call_count; i++) {
        buf_puts(out, i ? "," : ",\"tool_calls\":[");
        put_call(out, &r->calls[i]);
    }
    buf_puts(out, r->call_count ? "]}" : "}");
}
