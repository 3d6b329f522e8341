/* event_cache.c: what stands before and behind the text is equal, so the tree would be equal; the
 * text between is read by the scanner, so it is a text. */
#include "model/reply/event_cache.h"

#include <string.h>

#include "base/json/json_scan.h"

#define EVENT_MAX 4096 /* bytes of an event that is worth remembering */
#define MANY      1000 /* texts: more than an event may have to be remembered */

/* ---- the text of a new event ---- */

static int add_text(void *ctx, const char *text, size_t len, size_t at)
{
    struct buf *out = ctx;
    (void)at;
    buf_put(out, text, len);
    return buf_ok(out) ? 0 : ERR_MEMORY;
}

static const struct json_sink one_text = {.string = add_text};

/* An empty text is parsed: what is looked for then may stand elsewhere. */
int event_cache_take(struct event_cache *d, const char *text, size_t len)
{
    if (!d->into || len <= d->from + d->rest + 2 || len > EVENT_MAX || text[d->from] != '"' ||
        memcmp(text, d->event.data, d->from) != 0 ||
        memcmp(text + len - d->rest, d->event.data + d->event.len - d->rest, d->rest) != 0)
        return 0;
    size_t had = d->into->len;
    int rc = json_scan(text + d->from, len - d->from - d->rest, NULL, &one_text, d->into, NULL);
    if (rc == ERR_MEMORY)
        return rc;
    if (rc == 0 && d->into->data[had] != '{') // arguments may begin anew with that: calls.c
        return 1;
    d->into->len = had; // more than a text, or none, or such a one: parsing will tell
    if (d->into->data)
        d->into->data[had] = '\0';
    return 0;
}

/* ---- remembering ---- */

void event_cache_begin(struct event_cache *d)
{
    d->into = NULL;
    d->found = 0;
}

void event_cache_found(struct event_cache *d, const struct json *value, struct buf *into)
{
    if (!value->len)
        return;
    d->found++;
    d->from = value->at;
    d->into = into;
}

bool event_cache_has(const struct event_cache *d, const struct json *value)
{
    return value && d->found && value->at == d->from;
}

void event_cache_spoil(struct event_cache *d)
{
    d->found = MANY;
}

/* The offset behind the text that begins at `from`. */
static size_t text_end(const char *text, size_t from)
{
    size_t at = from + 1;
    while (text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return at + 1;
}

void event_cache_end(struct event_cache *d, const char *text, size_t len)
{
    bool one = d->found == 1 && len <= EVENT_MAX;
    buf_reset(&d->event);
    if (one)
        buf_put(&d->event, text, len);
    if (one && buf_ok(&d->event))
        d->rest = len - text_end(text, d->from);
    else
        d->into = NULL;
}

void event_cache_clear(struct event_cache *d)
{
    buf_clear(&d->event);
    *d = (struct event_cache){0};
}
