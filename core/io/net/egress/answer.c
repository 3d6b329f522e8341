/* answer.c: llhttp in its strict mode; the body's bytes go on with their framing. */
#include "io/net/egress/answer.h"

#include <string.h>
#include <strings.h>

static struct answer *of(llhttp_t *llhttp)
{
    return llhttp->data;
}

static int on_reason(llhttp_t *llhttp, const char *at, size_t len)
{
    buf_put(&of(llhttp)->reason, at, len);
    return 0;
}

static int on_name(llhttp_t *llhttp, const char *at, size_t len)
{
    if (!of(llhttp)->head_done)
        buf_put(&of(llhttp)->name, at, len);
    return 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
    if (!of(llhttp)->head_done)
        buf_put(&of(llhttp)->value, at, len);
    return 0;
}

/* What is between the server and us alone. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {"connection", "keep-alive", "proxy-connection", "upgrade",
                                       "proxy-authenticate", "trailer", "te"};
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcasecmp(ours[i], name) == 0)
            return true;
    return false;
}

/* A value goes on one line, whatever the server folded. */
static void put_value(struct buf *out, const struct buf *value)
{
    for (size_t i = 0; i < value->len; i++) {
        char c = value->data[i];
        buf_putc(out, c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
    }
}

static int on_value_complete(llhttp_t *llhttp)
{
    struct answer *a = of(llhttp);
    if (a->head_done)
        return 0;
    if (a->name.len && !is_ours(a->name.data)) {
        buf_put(&a->fields, a->name.data, a->name.len);
        buf_puts(&a->fields, ": ");
        put_value(&a->fields, &a->value);
        buf_puts(&a->fields, "\r\n");
    }
    buf_reset(&a->name);
    buf_reset(&a->value);
    return 0;
}

/* One in between (100, 103) is not handed on; another protocol is not spoken. */
static int on_head(llhttp_t *llhttp)
{
    struct answer *a = of(llhttp);
    a->status = llhttp->status_code;
    if (a->status == 101 || llhttp->http_major != 1 || a->status < 100 || a->status > 599)
        return HPE_USER;
    if (a->status < 200) {
        buf_reset(&a->fields);
        buf_reset(&a->reason);
        return 0;
    }
    a->head_done = true;
    return a->is_head ? 1 : 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    hash_add(of(llhttp)->content, at, len);
    return 0;
}

static int on_complete(llhttp_t *llhttp)
{
    struct answer *a = of(llhttp);
    a->done = a->head_done;
    return a->done ? HPE_PAUSED : 0;
}

static const llhttp_settings_t settings = {
    .on_status = on_reason,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void answer_init(struct answer *a, bool is_head, struct hash_run *content)
{
    *a = (struct answer){.is_head = is_head, .content = content};
    a->fields.max = a->name.max = a->value.max = a->reason.max = ANSWER_HEAD_MAX;
    llhttp_init(&a->llhttp, HTTP_RESPONSE, &settings);
    a->llhttp.data = a;
}

void answer_clear(struct answer *a)
{
    buf_clear(&a->fields);
    buf_clear(&a->name);
    buf_clear(&a->value);
    buf_clear(&a->reason);
}

static void put_head(struct answer *a, struct buf *out)
{
    buf_printf(out, "HTTP/1.1 %d ", a->status);
    put_value(out, &a->reason);
    buf_puts(out, "\r\n");
    buf_put(out, a->fields.data ? a->fields.data : "", a->fields.len);
    buf_puts(out, "Connection: close\r\n\r\n");
}

static bool is_whole(const struct answer *a)
{
    return buf_ok(&a->fields) && buf_ok(&a->name) && buf_ok(&a->value) && buf_ok(&a->reason);
}

/* Answers how many bytes were used. Only byte by byte it is known where the head ends. */
static size_t feed_head(struct answer *a, const char *bytes, size_t len, struct buf *out)
{
    size_t used = 0;
    while (used < len && !a->head_done && !a->failed) {
        llhttp_errno_t rc = llhttp_execute(&a->llhttp, bytes + used, 1);
        used++;
        a->failed = (rc != HPE_OK && !a->done) || ++a->head_bytes > ANSWER_HEAD_MAX ||
                    !is_whole(a);
    }
    if (a->head_done && !a->failed)
        put_head(a, out);
    return used;
}

void answer_feed(struct answer *a, const char *bytes, size_t len, struct buf *out)
{
    size_t used = a->head_done ? 0 : feed_head(a, bytes, len, out);
    if (a->failed || a->done || used == len)
        return;
    llhttp_errno_t rc = llhttp_execute(&a->llhttp, bytes + used, len - used);
    if (rc != HPE_OK && !a->done) {
        a->failed = true;
        return;
    }
    const char *end = a->done ? llhttp_get_error_pos(&a->llhttp) : bytes + len;
    buf_put(out, bytes + used, (size_t)((end ? end : bytes + len) - (bytes + used)));
}

bool answer_end(struct answer *a)
{
    if (!a->done && !a->failed && a->head_done)
        a->failed = llhttp_finish(&a->llhttp) != HPE_OK && !a->done;
    return a->done && !a->failed;
}
