/* buf.c: growth in one place, overflow and limit checked there. */
#include "base/buf.h"

#include <stdarg.h>
#include <string.h>

static char *fail(struct buf *buf, bool beyond)
{
    size_t max = buf->max;
    free(buf->data);
    *buf = (struct buf){.max = max, .failed = true, .beyond = beyond};
    return NULL;
}

static bool grow(struct buf *buf, size_t need)
{
    size_t cap = buf->cap < BUF_MIN ? BUF_MIN : buf->cap;
    while (cap < need) {
        if (!mul_ok(cap, 2, &cap))
            return false;
    }
    if (buf->max && cap > buf->max)
        cap = buf->max;
    if (cap + 1 < cap)
        return false;
    char *data = realloc(buf->data, cap + 1);
    if (!data)
        return false;
    buf->data = data;
    buf->cap = cap;
    return true;
}

/* The capacity never exceeds max, so that the inline test of buf_reserve needs no other bound. */
char *buf_reserve_slowly(struct buf *buf, size_t len)
{
    size_t need;
    if (buf->failed)
        return NULL;
    if (!add_ok(buf->len, len, &need) || (buf->max && need > buf->max))
        return fail(buf, buf->max != 0);
    if ((need > buf->cap || !buf->data) && !grow(buf, need))
        return fail(buf, false);
    return buf->data + buf->len;
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *at = len < 0 ? NULL : buf_reserve(buf, (size_t)len);
    if (at) {
        vsnprintf(at, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void buf_reset(struct buf *buf)
{
    buf->len = 0;
    buf->failed = buf->beyond = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_recycle(struct buf *buf)
{
    enum { KEPT = 64 << 10 };
    if (buf->cap > KEPT)
        buf_clear(buf);
    buf_reset(buf);
}

char *buf_steal(struct buf *buf, size_t *len)
{
    if (!buf_reserve(buf, 0))
        return NULL;
    char *data = buf->data;
    data[buf->len] = '\0';
    if (len)
        *len = buf->len;
    *buf = (struct buf){.max = buf->max};
    return data;
}

void buf_clear(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}
