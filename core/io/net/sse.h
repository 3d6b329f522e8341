/* sse.h: the event-stream format (WHATWG HTML, 9.2.6) as an incremental parser. Pure: bytes in,
 * events out, no I/O. However the bytes are cut, the events are the same.
 *
 * Invalid UTF-8 is replaced by U+FFFD, as the standard's decoder does. A line or an event over its
 * cap ends the stream with ERR_LIMIT. An event that the end of input cuts off is discarded.
 */
#ifndef IO_SSE_H
#define IO_SSE_H

#include "base/buf.h"
#include "base/err.h"

#define SSE_LINE_MAX  ((size_t)1 << 20) /* default caps */
#define SSE_EVENT_MAX ((size_t)4 << 20)

/* One dispatched event; the text is borrowed until the callback returns, NUL-terminated. */
struct sse_event {
    const char *event; /* "message" when the stream names none */
    const char *data;
    const char *id; /* the last event id of the stream, "" before the first */
    size_t event_len, data_len, id_len;
    int64_t retry; /* milliseconds named in this event's block, or -1 */
};

/* 0 goes on; a negative code ends the feed with it. */
typedef int sse_fn(void *ctx, const struct sse_event *event);

/* Embedded by value; all private. */
struct sse {
    sse_fn *on_event;
    void *ctx;
    size_t line_max, event_max;
    struct buf line;  /* an unfinished line */
    struct buf data;  /* data lines of the block, each followed by LF */
    struct buf event; /* event type of the block */
    struct buf id;    /* last event id */
    int64_t retry;
    unsigned bom; /* bytes of the byte order mark seen; BOM_DONE after the start */
    bool after_cr;
    int error; /* a stream that failed stays failed */
};

/* Caps of 0 mean the defaults. */
void sse_init(struct sse *sse, size_t line_max, size_t event_max, sse_fn *on_event, void *ctx);

/* Parses the next bytes. 0, ERR_LIMIT (line or event), ERR_MEMORY, or what the callback answered;
 * after an error every feed answers the same code. */
int sse_feed(struct sse *sse, const char *bytes, size_t len, struct err *err) MUST_CHECK;

/* Releases everything; an unfinished event is discarded. */
void sse_clear(struct sse *sse);

#endif
