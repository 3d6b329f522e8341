/* sse.c: lines are found in the fed bytes themselves; only a line that a feed cuts is copied. UTF-8
 * is repaired when an event is dispatched: CR and LF are no part of any character, so repairing the
 * joined lines equals decoding the stream first. */
#include "io/net/sse.h"

#include <string.h>

#include "base/json.h"
#include "base/text/sanitize.h"

#define BOM      "\xEF\xBB\xBF"
#define BOM_DONE 4u

void sse_init(struct sse *sse, size_t line_max, size_t event_max, sse_fn *on_event, void *ctx)
{
    *sse = (struct sse){
        .on_event = on_event,
        .ctx = ctx,
        .line_max = line_max ? line_max : SSE_LINE_MAX,
        .event_max = event_max ? event_max : SSE_EVENT_MAX,
        .retry = -1,
    };
}

void sse_clear(struct sse *sse)
{
    buf_clear(&sse->line);
    buf_clear(&sse->data);
    buf_clear(&sse->event);
    buf_clear(&sse->id);
}

static int repair(struct buf *buf)
{
    if (!buf->len || utf8_valid(buf->data, buf->len))
        return 0;
    struct buf fixed = {0};
    utf8_sanitize(&fixed, buf->data, buf->len);
    if (!buf_ok(&fixed))
        return ERR_MEMORY;
    buf_clear(buf);
    *buf = fixed;
    return 0;
}

static int dispatch(struct sse *sse)
{
    if (repair(&sse->data) || repair(&sse->event) || repair(&sse->id))
        return ERR_MEMORY;
    struct sse_event event = {
        .event = sse->event.len ? sse->event.data : "message",
        .event_len = sse->event.len ? sse->event.len : strlen("message"),
        .data = sse->data.data,
        .data_len = sse->data.len - 1, // without the last LF
        .id = sse->id.len ? sse->id.data : "",
        .id_len = sse->id.len,
        .retry = sse->retry,
    };
    sse->data.data[event.data_len] = '\0';
    return sse->on_event(sse->ctx, &event);
}

static int end_block(struct sse *sse)
{
    int rc = sse->data.len ? dispatch(sse) : 0;
    buf_reset(&sse->data);
    buf_reset(&sse->event);
    sse->retry = -1;
    return rc;
}

static int set(struct buf *buf, const char *text, size_t len)
{
    buf_reset(buf);
    buf_put(buf, text, len);
    return buf_ok(buf) ? 0 : ERR_MEMORY;
}

static int add_data(struct sse *sse, const char *text, size_t len, struct err *err)
{
    if (len >= sse->event_max - sse->data.len)
        return err_set(err, ERR_LIMIT, "an event of the stream is over %zu bytes", sse->event_max);
    buf_put(&sse->data, text, len);
    buf_putc(&sse->data, '\n');
    return buf_ok(&sse->data) ? 0 : ERR_MEMORY;
}

/* Digits only, or the field is ignored; what int64 cannot hold is held at its maximum. */
static void set_retry(struct sse *sse, const char *text, size_t len)
{
    int64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[i] - '0', &value))
            value = INT64_MAX;
    }
    if (len)
        sse->retry = value;
}

static bool named(const char *line, size_t len, const char *name)
{
    return len == strlen(name) && memcmp(line, name, len) == 0;
}

static int take_line(struct sse *sse, const char *line, size_t len, struct err *err)
{
    if (len == 0)
        return end_block(sse);
    const char *colon = memchr(line, ':', len);
    size_t name = colon ? (size_t)(colon - line) : len;
    const char *value = colon ? colon + 1 : line + len;
    size_t value_len = (size_t)(line + len - value);
    if (value_len && value[0] == ' ') {
        value++;
        value_len--;
    }
    if (named(line, name, "data"))
        return add_data(sse, value, value_len, err);
    if (named(line, name, "event"))
        return set(&sse->event, value, value_len);
    if (named(line, name, "id"))
        return memchr(value, '\0', value_len) ? 0 : set(&sse->id, value, value_len);
    if (named(line, name, "retry"))
        set_retry(sse, value, value_len);
    return 0; // comments (empty name) and unknown fields
}

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Not zero when some byte of the eight is a CR, an LF or another control. */
static uint64_t may_end(const char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return (word - EACH(0x20)) & ~word & EACH(0x80);
}

static size_t line_end(const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len && bytes[i] != '\n' && bytes[i] != '\r')
        i += i + 8 <= len && !may_end(bytes + i) ? 8 : 1;
    return i;
}

/* Keeps the beginning of a line whose end has not come. */
static int keep(struct sse *sse, const char *bytes, size_t len, struct err *err)
{
    if (len > sse->line_max || sse->line.len > sse->line_max - len)
        return err_set(err, ERR_LIMIT, "a line of the stream is over %zu bytes", sse->line_max);
    buf_put(&sse->line, bytes, len);
    return buf_ok(&sse->line) ? 0 : ERR_MEMORY;
}

static int feed_lines(struct sse *sse, const char *bytes, size_t len, struct err *err)
{
    int rc = 0;
    while (rc == 0 && len) {
        if (sse->after_cr && *bytes == '\n') { // second half of CRLF
            bytes++;
            len--;
            sse->after_cr = false;
            continue;
        }
        size_t n = line_end(bytes, len);
        sse->after_cr = n < len && bytes[n] == '\r';
        if (n == len || sse->line.len || n > sse->line_max)
            rc = keep(sse, bytes, n, err);
        if (n == len)
            break;
        if (rc == 0)
            rc = sse->line.len ? take_line(sse, sse->line.data, sse->line.len, err)
                               : take_line(sse, bytes, n, err);
        buf_reset(&sse->line);
        bytes += n + 1;
        len -= n + 1;
    }
    return rc;
}

/* One byte order mark at the start is no text; what only began like one is. */
static int feed_start(struct sse *sse, const char **bytes, size_t *len, struct err *err)
{
    while (*len && sse->bom < BOM_DONE) {
        if (sse->bom < 3 && **bytes == BOM[sse->bom]) {
            sse->bom++;
            (*bytes)++;
            (*len)--;
            continue;
        }
        unsigned seen = sse->bom;
        sse->bom = BOM_DONE;
        if (seen < 3)
            return feed_lines(sse, BOM, seen, err);
    }
    return 0;
}

int sse_feed(struct sse *sse, const char *bytes, size_t len, struct err *err)
{
    if (sse->error)
        return err_set(err, sse->error, "the stream has failed before");
    int rc = feed_start(sse, &bytes, &len, err);
    if (rc == 0)
        rc = feed_lines(sse, bytes, len, err);
    if (rc == ERR_MEMORY)
        err_set(err, rc, "out of memory while reading the stream");
    sse->error = rc;
    return rc;
}
