/* buf.h: a growable run of bytes. Embedded by value; {0} is a valid empty buffer.
 *
 * A failed growth sets `failed` and drops the bytes; later puts do nothing. So a writer may put
 * many times and ask once (`buf_ok`). The bytes are always followed by a NUL that is not counted.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <string.h>

#include "base/base.h"

#ifndef BUF_MIN
#define BUF_MIN 256 /* first capacity; the tests compile with 4 so that growth always runs */
#endif

struct buf {
    char *data;  /* owned; NULL until the first put */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes allocated, without the NUL */
    size_t max;  /* 0 = unlimited; a put beyond it fails; set while empty */
    bool failed; /* out of memory or beyond max */
    bool beyond; /* it was max */
};

/* Room for len more bytes at data + len, or NULL (and failed). The caller then adds to buf->len. */
char *buf_reserve_slowly(struct buf *buf, size_t len);
static inline char *buf_reserve(struct buf *buf, size_t len)
{
    if (len <= buf->cap - buf->len && buf->data)
        return buf->data + buf->len;
    return buf_reserve_slowly(buf, len);
}

static inline void buf_put(struct buf *buf, const void *bytes, size_t len)
{
    char *at = buf_reserve(buf, len);
    if (!at)
        return;
    if (len)
        memcpy(at, bytes, len);
    at[len] = '\0';
    buf->len += len;
}

static inline void buf_puts(struct buf *buf, const char *text)
{
    buf_put(buf, text, strlen(text));
}

static inline void buf_putc(struct buf *buf, char c)
{
    buf_put(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* True when nothing failed since the last clear. */
static inline bool buf_ok(const struct buf *buf)
{
    return !buf->failed;
}

/* Empties it and keeps the memory. */
void buf_reset(struct buf *buf);

/* Empties it for the next use, whenever that is: keeps the memory unless it is much. */
void buf_recycle(struct buf *buf);

/* Gives the bytes (NUL-terminated, malloc'ed) to the caller and leaves {0}; NULL when failed or
 * out of memory. */
char *buf_steal(struct buf *buf, size_t *len);

/* Releases the memory and leaves {0} with the same max. */
void buf_clear(struct buf *buf);

#endif
