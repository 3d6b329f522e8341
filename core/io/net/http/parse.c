/* parse.c: llhttp's callbacks gather text; the checks run once the head is complete. */
#include "io/net/http/parse.h"

#include <string.h>
#include <strings.h>

#define EXTRA_MAX 16384 /* bytes of chunk extensions and trailers */

static int refuse(struct http_parser *p, int status, const char *why)
{
    if (!p->status) {
        p->status = status;
        p->why = why;
    }
    return HPE_USER;
}

static struct http_parser *of(llhttp_t *llhttp)
{
    return llhttp->data;
}

/* ---- gathering ---- */

static int begin_text(struct http_parser *p)
{
    if (p->start_count && buf_ok(&p->text))
        buf_put(&p->text, "", 1); // ends the text before
    if (p->start_count == COUNT_OF(p->starts))
        return refuse(p, 431, "too many headers");
    p->starts[p->start_count++] = (uint32_t)p->text.len;
    return 0;
}

static int add_text(struct http_parser *p, const char *at, size_t len)
{
    if (len > p->head_max || p->text.len > p->head_max - len)
        return refuse(p, p->start_count == 1 ? 414 : 431, "the head of the request is too large");
    buf_put(&p->text, at, len);
    return buf_ok(&p->text) ? 0 : refuse(p, 503, "out of memory");
}

/* starts: target, then name and value in turns. A field begins when the number of starts is odd. */
static int on_url(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *p = of(llhttp);
    if (p->start_count == 0 && begin_text(p))
        return HPE_USER;
    return add_text(p, at, len);
}

static int add_extra(struct http_parser *p, size_t len)
{
    p->extra_bytes += len;
    return p->extra_bytes > EXTRA_MAX ? refuse(p, 431, "chunk extensions or trailers are too large")
                                      : 0;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *p = of(llhttp);
    if (p->head_done)
        return add_extra(p, len);
    if (p->start_count % 2 == 1 && begin_text(p))
        return HPE_USER;
    return add_text(p, at, len);
}

static int on_field_complete(llhttp_t *llhttp)
{
    struct http_parser *p = of(llhttp);
    if (p->head_done)
        return 0;
    bool is_empty = p->start_count % 2 == 1 || p->starts[p->start_count - 1] == p->text.len;
    return is_empty ? refuse(p, 400, "a header without a name") : 0;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *p = of(llhttp);
    if (p->head_done)
        return add_extra(p, len);
    if (p->start_count % 2 == 0 && begin_text(p))
        return HPE_USER;
    return add_text(p, at, len);
}

/* A value may be empty, without a span. */
static int on_value_complete(llhttp_t *llhttp)
{
    struct http_parser *p = of(llhttp);
    return !p->head_done && p->start_count % 2 == 0 ? begin_text(p) : 0;
}

static int on_extension(llhttp_t *llhttp, const char *at, size_t len)
{
    (void)at;
    return add_extra(of(llhttp), len + 1);
}

/* ---- the head is complete ---- */

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text + ('a' - 'A'));
}

static void trim_end(char *value)
{
    size_t len = strlen(value);
    while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
}

static void list_headers(struct http_parser *p)
{
    char *text = p->text.data;
    struct http_request *r = &p->request;
    r->target = text + p->starts[0];
    r->header_count = (p->start_count - 1) / 2;
    for (size_t i = 0; i < r->header_count; i++) {
        char *name = text + p->starts[2 * i + 1], *value = text + p->starts[2 * i + 2];
        lower(name);
        trim_end(value);
        p->headers[i] = (struct http_header){name, value};
    }
    r->headers = p->headers;
}

const char *http_header_of(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

static size_t count_of(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += strcmp(request->headers[i].name, name) == 0;
    return count;
}

/* "/path?query", "http://host/path", or "*" for OPTIONS. */
static int split_target(struct http_parser *p)
{
    struct http_request *r = &p->request;
    const char *path = r->target;
    if (strncasecmp(path, "http://", 7) == 0) {
        path += 7;
        path += strcspn(path, "/?");
    }
    bool is_star = strcmp(path, "*") == 0 && strcmp(r->method, "OPTIONS") == 0;
    if ((*path != '/' && !is_star) || strchr(path, '#'))
        return refuse(p, 400, "the target is no path");
    size_t len = strcspn(path, "?");
    bool has_query = path[len] == '?';
    size_t copy = p->text.len, size = strlen(path) + 1;
    size_t from = (size_t)(path - p->text.data);
    if (buf_reserve(&p->text, size)) // the target stays whole: the split is made in a copy
        buf_put(&p->text, p->text.data + from, size);
    if (!buf_ok(&p->text))
        return refuse(p, 503, "out of memory");
    list_headers(p); // the text may have moved
    p->text.data[copy + len] = '\0';
    r->path = p->text.data + copy;
    r->query = has_query ? p->text.data + copy + len + 1 : "";
    return 0;
}

static int check_framing(struct http_parser *p)
{
    const struct http_request *r = &p->request;
    const char *coding = http_header_of(r, "transfer-encoding");
    size_t hosts = count_of(r, "host");
    const char *host = http_header_of(r, "host");
    if (hosts > 1 || (hosts == 0 && !r->is_1_0))
        return refuse(p, 400, hosts ? "more than one Host" : "no Host");
    if (host && host[strcspn(host, " \t,/?#@\\")])
        return refuse(p, 400, "a Host that is none");
    if (coding &&
        (r->is_1_0 || count_of(r, "content-length") || count_of(r, "transfer-encoding") > 1))
        return refuse(p, 400, "two ways to frame the body");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return refuse(p, 501, "a transfer coding other than chunked");
    if (count_of(r, "content-length") > 1)
        return refuse(p, 400, "more than one Content-Length");
    if (!coding && p->llhttp.content_length > p->body_max)
        return refuse(p, 413, "the body is too large");
    return 0;
}

static int check_expect(struct http_parser *p)
{
    const char *expect = http_header_of(&p->request, "expect");
    if (!expect || p->request.is_1_0)
        return 0;
    if (strcasecmp(expect, "100-continue") != 0)
        return refuse(p, 417, "an expectation other than 100-continue");
    p->wants_continue = true;
    return 0;
}

static int on_head(llhttp_t *llhttp)
{
    struct http_parser *p = of(llhttp);
    if (p->start_count == 0)
        return refuse(p, 400, "no target");
    buf_put(&p->text, "", 1);
    if (!buf_ok(&p->text))
        return refuse(p, 503, "out of memory");
    p->head_done = true;
    p->request.method = llhttp_method_name((llhttp_method_t)llhttp->method);
    p->request.is_1_0 = llhttp->http_major == 1 && llhttp->http_minor == 0;
    if (llhttp->http_major != 1 || llhttp->http_minor > 1)
        return refuse(p, 505, "another version than HTTP/1.1");
    bool connects = llhttp->method == HTTP_CONNECT;
    if (connects && !p->is_proxy)
        return refuse(p, 501, "CONNECT");
    list_headers(p);
    if (strlen(p->text.data) != (p->start_count > 1 ? p->starts[1] : p->text.len) - 1)
        return refuse(p, 400, "a NUL in the target");
    if ((!connects && split_target(p)) || check_framing(p) || check_expect(p))
        return HPE_USER;
    return 0;
}

/* ---- body and end ---- */

static int on_body(llhttp_t *llhttp, const char *at, size_t len)
{
    struct http_parser *p = of(llhttp);
    if (len > p->body_max || p->body.len > p->body_max - len)
        return refuse(p, 413, "the body is too large");
    p->wants_continue = false;
    buf_put(&p->body, at, len);
    return buf_ok(&p->body) ? 0 : refuse(p, 503, "out of memory");
}

static int on_complete(llhttp_t *llhttp)
{
    struct http_parser *p = of(llhttp);
    p->done = true;
    p->request.keep_alive = llhttp_should_keep_alive(llhttp);
    p->request.body = p->body.len ? p->body.data : "";
    p->request.body_len = p->body.len;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_field_complete = on_field_complete,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_chunk_extension_name = on_extension,
    .on_chunk_extension_value = on_extension,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- the parser ---- */

void http_parser_init(struct http_parser *p, size_t head_max, size_t body_max)
{
    *p = (struct http_parser){.head_max = head_max, .body_max = body_max};
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->llhttp.data = p;
}

void http_parser_clear(struct http_parser *p)
{
    buf_clear(&p->text);
    buf_clear(&p->body);
}

void http_parser_reset(struct http_parser *p)
{
    struct buf text = p->text, body = p->body;
    http_parser_init(p, p->head_max, p->body_max);
    if (body.cap > 65536)
        buf_clear(&body); // one large request is no reason to keep its room
    buf_reset(&text);
    buf_reset(&body);
    p->text = text;
    p->body = body;
}

bool http_parser_began(const struct http_parser *p)
{
    return p->head_bytes > 0;
}

/* What llhttp lets pass: folded lines, which it joins (RFC 9112 5.2 lets a server refuse them), and
 * a bare LF as the end of a line. */
static void scan_head(struct http_parser *p, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && !p->status; i++) {
        char c = bytes[i], before = p->last;
        p->last = c;
        if (before == '\n' && p->seen_line && (c == ' ' || c == '\t'))
            refuse(p, 400, "a folded header");
        if (!p->seen_line)
            p->spaces += c == ' ';
        if (c != '\n') {
            p->line_len += c != '\r';
            continue;
        }
        if (!p->seen_line && p->line_len && p->spaces != 2)
            refuse(p, 400, "the request line has not two blanks");
        if (before != '\r')
            refuse(p, 400, "a line without CR");
        if (p->line_len == 0 && p->seen_line)
            return; // the blank line: the rest is body
        p->seen_line = p->seen_line || p->line_len > 0;
        p->line_len = 0;
    }
}

/* Framing that carries nothing: endless zeros before a chunk's size, a byte per chunk. */
static void bound_framing(struct http_parser *p, size_t len)
{
    p->raw_bytes += len;
    if (p->raw_bytes / 16 > p->body.len + EXTRA_MAX / 16)
        refuse(p, 400, "the body is more framing than content");
}

size_t http_parser_feed(struct http_parser *p, const char *bytes, size_t len)
{
    bool in_head = !p->head_done;
    if (in_head)
        scan_head(p, bytes, len);
    if (p->status)
        return 0;
    llhttp_errno_t rc = llhttp_execute(&p->llhttp, bytes, len);
    if (in_head)
        p->head_bytes += len;
    if (p->done || (rc != HPE_OK && !p->status)) {
        const char *end = llhttp_get_error_pos(&p->llhttp);
        if (!p->done)
            refuse(p, 400, llhttp_get_error_reason(&p->llhttp));
        return end ? (size_t)(end - bytes) : len;
    }
    if (!p->head_done && p->head_bytes > p->head_max)
        refuse(p, 431, "the head of the request is too large");
    else if (!in_head)
        bound_framing(p, len);
    return len;
}
