/* uri.c: resolution of URI references (RFC 3986, section 5.2), as text; nothing is fetched. */
#include <string.h>

#include "model/schema/uri.h"

struct span {
    const char *at;
    size_t len;
};

struct uri {
    struct span scheme, authority, path, query; /* at = NULL: undefined */
};

static size_t until(const char *text, size_t len, const char *stops)
{
    size_t n = 0;
    while (n < len && !(text[n] && strchr(stops, text[n])))
        n++;
    return n;
}

static struct span cut(const char **text, size_t *len, size_t n)
{
    struct span span = {*text, n};
    *text += n;
    *len -= n;
    return span;
}

static struct uri parse(const char *text, size_t len)
{
    struct uri uri = {0};
    len = until(text, len, "#");
    size_t n = until(text, len, ":/?");
    if (n > 0 && n < len && text[n] == ':') {
        uri.scheme = cut(&text, &len, n);
        cut(&text, &len, 1);
    }
    if (len >= 2 && memcmp(text, "//", 2) == 0) {
        cut(&text, &len, 2);
        uri.authority = cut(&text, &len, until(text, len, "/?"));
    }
    uri.path = cut(&text, &len, until(text, len, "?"));
    if (len > 0) {
        cut(&text, &len, 1);
        uri.query = (struct span){text, len};
    }
    return uri;
}

/* Drops the last segment of out from `start` on. */
static void pop_segment(struct buf *out, size_t start)
{
    while (out->len > start && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > start)
        out->len--;
}

/* Appends path without "." and ".." segments. */
static void put_path(struct buf *out, struct span path)
{
    size_t start = out->len;
    while (path.len > 0) {
        bool slash = path.at[0] == '/';
        size_t n = (size_t)slash + until(path.at + slash, path.len - slash, "/");
        struct span name = {path.at + slash, n - slash};
        bool last = n == path.len;
        if (name.len == 1 && name.at[0] == '.') {
            if (last && slash)
                buf_putc(out, '/');
        } else if (name.len == 2 && memcmp(name.at, "..", 2) == 0) {
            pop_segment(out, start);
            if (last && slash)
                buf_putc(out, '/');
        } else {
            buf_put(out, path.at, n);
        }
        path.at += n;
        path.len -= n;
    }
}

/* The base's path up to its last slash, then the reference's. */
static void put_merged(struct buf *out, const struct uri *base, struct span path)
{
    struct buf merged = {0};
    size_t keep = base->path.len;
    while (keep > 0 && base->path.at[keep - 1] != '/')
        keep--;
    if (base->authority.at && base->path.len == 0)
        buf_putc(&merged, '/');
    else
        buf_put(&merged, base->path.at, keep);
    buf_put(&merged, path.at, path.len);
    if (!buf_ok(&merged))
        out->failed = true;
    else
        put_path(out, (struct span){merged.data ? merged.data : "", merged.len});
    buf_clear(&merged);
}

void uri_resolve(struct buf *out, const char *base_text, size_t base_len, const char *ref_text,
                 size_t ref_len)
{
    struct uri base = parse(base_text, base_len), ref = parse(ref_text, ref_len);
    bool own = ref.scheme.at || ref.authority.at; /* the reference brings its own path */
    struct span scheme = ref.scheme.at ? ref.scheme : base.scheme;
    struct span authority = own ? ref.authority : base.authority;
    struct span query = ref.query;
    if (scheme.at) {
        buf_put(out, scheme.at, scheme.len);
        buf_putc(out, ':');
    }
    if (authority.at) {
        buf_puts(out, "//");
        buf_put(out, authority.at, authority.len);
    }
    if (!own && ref.path.len == 0) {
        buf_put(out, base.path.at, base.path.len);
        if (!query.at)
            query = base.query;
    } else if (own || ref.path.at[0] == '/') {
        put_path(out, ref.path);
    } else {
        put_merged(out, &base, ref.path);
    }
    if (query.at) {
        buf_putc(out, '?');
        buf_put(out, query.at, query.len);
    }
}

int uri_fragment(struct buf *out, const char *ref, size_t len, bool *present)
{
    size_t at = until(ref, len, "#");
    *present = at < len;
    for (at += *present; at < len; at++) {
        if (ref[at] != '%') {
            buf_putc(out, ref[at]);
            continue;
        }
        int high = len - at > 2 ? hex_digit(ref[at + 1]) : -1;
        int low = len - at > 2 ? hex_digit(ref[at + 2]) : -1;
        if (high < 0 || low < 0)
            return ERR_SCHEMA;
        buf_putc(out, (char)(high * 16 + low));
        at += 2;
    }
    return buf_ok(out) ? 0 : ERR_MEMORY;
}
