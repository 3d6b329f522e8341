/* answer.c: status lines, headers, chunks. */
#include <string.h>
#include <strings.h>

#include "io/net/http/conn.h"

/* llhttp's "NOT_FOUND" as "Not Found". */
static void put_reason(struct buf *out, int status)
{
    const char *name = "STATUS";
    switch (status) {
#define X(number, id, text)                                                                        \
    case number:                                                                                   \
        name = #text;                                                                              \
        break;
        HTTP_STATUS_MAP(X)
#undef X
    }
    bool is_first = true;
    for (; *name; name++) {
        bool is_letter = *name >= 'A' && *name <= 'Z' && !is_first && status != 200;
        char c = is_letter ? (char)(*name - 'A' + 'a') : *name;
        buf_putc(out, c == '_' ? ' ' : c);
        is_first = *name == '_';
    }
}

static void put_status_line(struct buf *out, int status)
{
    buf_printf(out, "HTTP/1.1 %d ", status);
    put_reason(out, status);
    buf_puts(out, "\r\n");
}

static bool is_token(const char *text)
{
    return *text && text[strspn(text, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz")] == '\0';
}

static bool is_value(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t') || *text == 0x7F)
            return false;
    return true;
}

static bool is_framing(const char *name)
{
    return strcasecmp(name, "content-length") == 0 || strcasecmp(name, "transfer-encoding") == 0 ||
           strcasecmp(name, "connection") == 0 || strcasecmp(name, "date") == 0;
}

static int check_headers(const struct http_header *headers, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_token(headers[i].name) || !is_value(headers[i].value))
            return err_set(err, ERR_USAGE, "header %zu of the answer is not valid", i + 1);
        if (is_framing(headers[i].name))
            return err_set(err, ERR_USAGE, "the header %s is the server's", headers[i].name);
    }
    return 0;
}

static int check(int status, const struct http_header *headers, size_t count, struct err *err)
{
    if (status < 200 || status > 599)
        return err_set(err, ERR_USAGE, "%d is no status of an answer", status);
    return check_headers(headers, count, err);
}

static void put_headers(struct buf *out, struct http_exchange *x, int status,
                        const struct http_header *headers, size_t count)
{
    put_status_line(out, status);
    buf_puts(out, server_date(x->conn->server));
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s: %s\r\n", headers[i].name, headers[i].value);
}

static void put_head(struct buf *out, struct http_exchange *x, int status,
                     const struct http_header *headers, size_t count)
{
    put_headers(out, x, status, headers, count);
    if (!x->keep_alive)
        buf_puts(out, "Connection: close\r\n");
    else if (x->is_1_0)
        buf_puts(out, "Connection: keep-alive\r\n");
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

/* Writes and gives up the buffer. */
static int flush(struct http_conn *c, struct buf *out, struct err *err)
{
    int rc = buf_ok(out) ? conn_write(c, out->data, out->len) : ERR_MEMORY;
    buf_clear(out);
    return rc ? err_set(err, rc, "%s", err_text(rc)) : 0;
}

int http_send(struct http_exchange *x, int status, const struct http_header *headers, size_t count,
              const char *body, size_t len, struct err *err)
{
    struct http_conn *c = x->conn;
    struct buf out = {0};
    if (x->began)
        return err_set(err, ERR_USAGE, "the answer has begun");
    int rc = check(status, headers, count, err);
    if (rc)
        return rc;
    x->began = true;
    put_head(&out, x, status, headers, count);
    if (has_no_body(status))
        buf_puts(&out, "\r\n");
    else
        buf_printf(&out, "Content-Length: %zu\r\n\r\n", len);
    if (has_no_body(status) || x->is_head)
        len = 0;
    bool keep_alive = x->keep_alive;
    rc = buf_ok(&out) ? conn_write_behind(c, &out, body, len) : ERR_MEMORY;
    buf_clear(&out);
    if (rc)
        conn_drop(c); // the exchange is over all the same
    else
        conn_next(c, keep_alive);
    return 0;
}

int http_start(struct http_exchange *x, int status, const struct http_header *headers, size_t count,
               struct err *err)
{
    struct buf out = {0};
    if (x->began)
        return err_set(err, ERR_USAGE, "the answer has begun");
    int rc = check(status, headers, count, err);
    if (rc)
        return rc;
    x->began = true;
    x->bodyless = x->is_head || has_no_body(status);
    x->chunked = !x->is_1_0 && !has_no_body(status);
    if (x->is_1_0)
        x->keep_alive = false; // the end of the connection is the end of the body
    put_head(&out, x, status, headers, count);
    buf_puts(&out, x->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    return flush(x->conn, &out, err);
}

int http_upgrade(struct http_exchange *x, const char *key, const struct http_header *headers,
                 size_t count, struct err *err)
{
    struct http_conn *c = x->conn;
    struct http_server *s = c->server;
    struct buf out = {0};
    char accept[WEBSOCKET_ACCEPT];
    if (x->began || x->is_1_0 || !websocket_accept(key, accept))
        return err_set(err, ERR_USAGE, "this request can become no WebSocket");
    int rc = check_headers(headers, count, err);
    if (!rc && !s->wslay)
        rc = wslay_load(&s->wslay, err);
    if (!rc)
        rc = websocket_open(&c->websocket, s->wslay, c, err);
    if (rc)
        return rc;
    x->began = true;
    x->keep_alive = false;
    put_headers(&out, x, 101, headers, count);
    buf_printf(&out,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
               accept);
    rc = flush(c, &out, err);
    if (!rc)
        conn_socket_begins(c);
    return rc;
}

static int write_message(struct http_conn *c, const char *bytes, size_t len, struct err *err)
{
    int rc = len ? websocket_send(c->websocket, bytes, len) : websocket_ping(c->websocket);
    return rc ? err_set(err, rc, "%s", err_text(rc)) : 0;
}

int http_write(struct http_exchange *x, const char *bytes, size_t len, struct err *err)
{
    struct http_conn *c = x->conn;
    struct buf out = {0};
    size_t max = c->server->limits.unsent;
    if (!x->began)
        return err_set(err, ERR_USAGE, "the answer has not begun");
    if (c->unsent && (c->unsent > max || len > max - c->unsent))
        return err_set(err, ERR_LIMIT, "more than %zu bytes wait for the client", max);
    if (c->websocket) {
        int rc = write_message(c, bytes, len, err);
        if (rc)
            return rc;
    } else if (len && !x->bodyless) { // an empty chunk would end the body
        if (x->chunked)
            buf_printf(&out, "%zx\r\n", len);
        buf_put(&out, bytes, len);
        if (x->chunked)
            buf_puts(&out, "\r\n");
        int rc = flush(c, &out, err);
        if (rc)
            return rc;
    }
    x->awaits_room = c->unsent > HTTP_MARK;
    return x->awaits_room;
}

int http_finish(struct http_exchange *x, struct err *err)
{
    struct http_conn *c = x->conn;
    bool keep_alive = x->keep_alive;
    if (!x->began)
        return err_set(err, ERR_USAGE, "the answer has not begun");
    if (c->websocket)
        websocket_bye(c->websocket);
    else if (x->chunked && !x->bodyless && conn_write(c, "0\r\n\r\n", 5))
        return 0;
    conn_next(c, keep_alive);
    return 0;
}

size_t http_unsent(const struct http_exchange *x)
{
    return x->conn->unsent;
}

void http_set_data(struct http_exchange *x, void *data)
{
    x->data = data;
}

int http_refusal_code(int status)
{
    switch (status) {
    case 408:
        return ERR_TIMEOUT;
    case 413:
    case 414:
    case 431:
        return ERR_TOO_LARGE;
    case 503:
        return ERR_MEMORY;
    default:
        return ERR_USAGE;
    }
}

void answer_refusal(struct http_conn *c, int status, const char *why, const char *id)
{
    struct buf out = {0}, body = {0};
    const char *code = err_name(http_refusal_code(status));
    if (!is_token(id)) // none, or one that could end the header
        id = "";
    buf_printf(&body, "{\"type\":\"urn:orket:%s\",\"title\":\"", code);
    put_reason(&body, status);
    buf_printf(&body, "\",\"status\":%d,\"detail\":\"%s\",\"code\":\"%s\"", status, why, code);
    if (*id)
        buf_printf(&body, ",\"instance\":\"%s\"", id);
    buf_puts(&body, "}\n");
    put_status_line(&out, status);
    buf_puts(&out, server_date(c->server));
    if (*id)
        buf_printf(&out, "X-Request-Id: %s\r\n", id);
    buf_printf(&out,
               "Content-Type: application/problem+json\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n",
               body.len);
    buf_put(&out, body.data, body.len);
    (void)flush(c, &out, NULL);
    buf_clear(&body);
}
