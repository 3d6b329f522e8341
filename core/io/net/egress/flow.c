/* flow.c: what one connection of the program asks for, and what becomes of it: the request is read,
 * judged, and written down; then the other connection is made (dial.c) and bytes go through
 * (relay.c). */
#include <string.h>
#include <strings.h>

#include "io/net/egress/hello.h"
#include "io/net/egress/impl.h"

/* ---- the record ---- */

static struct egress_request *record_of(struct flow *f)
{
    return f->request ? &f->egress->requests[f->request - 1] : NULL;
}

static void note(struct flow *f, const char *rule, const char *why)
{
    struct egress_request *r = record_of(f);
    if (!r || r->why[0])
        return;
    r->rule = rule;
    snprintf(r->why, sizeof r->why, "%s", why ? why : "");
}

/* What it came to, as far as it did. */
void flow_settle(struct flow *f)
{
    struct egress_request *r = record_of(f);
    if (!r)
        return;
    r->hash = hash_end(&f->hash);
    r->status = f->answer.status;
}

/* ---- what the program learns ---- */

static void refuse(struct flow *f, int status, const char *rule, const char *why)
{
    char text[512];
    note(f, rule, why);
    f->state = FLOW_ENDS;
    relay_close_side(f, SERVER);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %d Refused\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s\n",
                       status, strlen(why) + 1, why);
    relay_put(f, CLIENT, text, (size_t)len);
}

/* In a tunnel only TLS is understood: access denied. */
static void refuse_greeting(struct flow *f, const char *why)
{
    static const char alert[] = {21, 3, 3, 0, 2, 2, 49};
    note(f, "egress.sni", why);
    f->state = FLOW_ENDS;
    relay_close_side(f, SERVER);
    relay_put(f, CLIENT, alert, sizeof alert);
}

/* ---- the request ---- */

/* What is between the program and us alone, or is said anew. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {
        "host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "content-length", "expect", "upgrade"};
    for (size_t i = 0; i < COUNT_OF(ours); i++)
        if (strcmp(ours[i], name) == 0)
            return true;
    return false;
}

/* The request as the server gets it: its framing is ours. */
static void send_request(struct flow *f)
{
    const struct http_request *r = &f->parser.request;
    struct buf out = {0};
    buf_printf(&out, "%s %s%s HTTP/1.1\r\nHost: %s", r->method, f->target.path[0] == '/' ? "" : "/",
               f->target.path, f->target.host);
    if (f->target.port != 80)
        buf_printf(&out, ":%u", f->target.port);
    buf_puts(&out, "\r\nConnection: close\r\n");
    for (size_t i = 0; i < r->header_count; i++)
        if (!is_ours(r->headers[i].name))
            buf_printf(&out, "%s: %s\r\n", r->headers[i].name, r->headers[i].value);
    if (r->body_len || strcmp(r->method, "POST") == 0)
        buf_printf(&out, "Content-Length: %zu\r\n", r->body_len);
    buf_puts(&out, "\r\n");
    buf_put(&out, r->body, r->body_len);
    f->state = FLOW_RELAYS;
    if (buf_ok(&out))
        relay_put(f, SERVER, out.data, out.len);
    else
        relay_close(f);
    buf_clear(&out);
    if (f->state == FLOW_RELAYS)
        relay_read(f, SERVER, true);
}

static void judge_greeting(struct flow *f)
{
    enum hello verdict = hello_judge((const uint8_t *)f->greeting.data, f->greeting.len,
                                     f->target.host);
    if (verdict == HELLO_MORE)
        return;
    if (verdict != HELLO_FITS) {
        refuse_greeting(f, hello_text(verdict));
        return;
    }
    f->state = FLOW_RELAYS;
    relay_put(f, SERVER, f->greeting.data, f->greeting.len);
    buf_clear(&f->greeting);
    if (f->state == FLOW_RELAYS)
        relay_read(f, SERVER, true);
}

static void keep_greeting(struct flow *f, const char *bytes, size_t len)
{
    buf_put(&f->greeting, bytes, len);
    if (!buf_ok(&f->greeting))
        relay_close(f);
    else if (f->state == FLOW_GREETS && f->greeting.len)
        judge_greeting(f);
}

static void on_dialed(void *ctx, const struct dial_result *result)
{
    static const char fine[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    struct flow *f = ctx;
    struct egress_request *r = record_of(f);
    char why[400];
    f->dial = NULL;
    snprintf(r->address, sizeof r->address, "%s", result->address);
    if (result->fd < 0 && result->refused) {
        snprintf(why, sizeof why, "%.120s leads to %s, which is not for programs", f->target.host,
                 result->why);
        refuse(f, 403, "egress.address", why);
        return;
    } else if (result->fd < 0) {
        snprintf(why, sizeof why, "%.100s cannot be reached: %.100s", f->target.host, result->why);
        refuse(f, 502, NULL, why);
        return;
    }
    struct side *server = &f->sides[SERVER];
    uv_tcp_init(f->egress->loop, &server->tcp);
    server->tcp.data = f;
    server->open = true;
    f->handles++;
    f->egress->handles++;
    if (uv_tcp_open(&server->tcp, result->fd)) {
        close(result->fd);
        relay_close(f);
        return;
    }
    uv_tcp_nodelay(&server->tcp, 1);
    if (!f->tunnel) {
        send_request(f);
        return;
    }
    f->state = FLOW_GREETS;
    relay_put(f, CLIENT, fine, sizeof fine - 1);
    keep_greeting(f, "", 0);
}

/* What is wrong with the request, or NULL. */
static const char *fault_of(struct flow *f)
{
    const struct http_request *r = &f->parser.request;
    const char *host = http_header_of(r, "host");
    bool known = f->tunnel || strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 ||
                 strcmp(r->method, "POST") == 0;
    bool read = f->tunnel ? target_read_authority(r->target, &f->target)
                          : target_read_url(r->target, &f->target);
    if (!known)
        return "the method is none of GET, HEAD, POST and CONNECT";
    if (!read)
        return f->tunnel ? "CONNECT takes a host's name and a port"
                         : "a request to a proxy is for http://NAME[:PORT]/PATH";
    if (!f->tunnel && host && !target_fits_host(&f->target, host))
        return "Host is not the host of the URL";
    if (http_header_of(r, "upgrade"))
        return "no other protocol is spoken";
    return f->tunnel && r->body_len ? "CONNECT has no body" : NULL;
}

static void write_down(struct flow *f, struct egress_request *r)
{
    snprintf(r->method, sizeof r->method, "%s", f->parser.request.method);
    memcpy(r->host, f->target.host, sizeof r->host);
    r->port = f->target.port;
    if (!f->tunnel && f->target.path)
        snprintf(r->path, sizeof r->path, "%.*s", (int)strcspn(f->target.path, "?"),
                 f->target.path[0] == '/' ? f->target.path : "/");
}

static void decide(struct flow *f)
{
    char why[400];
    f->tunnel = strcmp(f->parser.request.method, "CONNECT") == 0;
    const char *fault = fault_of(f);
    write_down(f, record_of(f));
    if (fault) {
        refuse(f, 400, "egress.form", fault);
        return;
    }
    const struct egress_host *host =
        target_find(&f->target, f->egress->hosts, f->egress->host_count);
    if (!host) {
        snprintf(why, sizeof why, "%.120s:%u is not named in the command's egress", f->target.host,
                 f->target.port);
        refuse(f, 403, "egress.host", why);
        return;
    }
    f->state = FLOW_DIALS;
    answer_init(&f->answer, strcmp(f->parser.request.method, "HEAD") == 0, &f->hash);
    f->dial = dial_start(f->egress->loop, f->target.host, f->target.port, host->private, on_dialed,
                         f);
    if (!f->dial)
        relay_close(f);
}

static void take_request(struct flow *f, const char *bytes, size_t len)
{
    size_t used = http_parser_feed(&f->parser, bytes, len);
    if (f->parser.status) {
        refuse(f, f->parser.status, "egress.form",
               f->parser.why ? f->parser.why : "it is no request of HTTP/1.1");
        return;
    }
    if (f->parser.wants_continue && !f->parser.done) {
        f->parser.wants_continue = false;
        relay_put(f, CLIENT, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
    if (!f->parser.done)
        return;
    decide(f);
    if (f->tunnel && f->state == FLOW_DIALS)
        keep_greeting(f, bytes + used, len - used);
}

/* ---- reading ---- */

static void take_from_client(struct flow *f, const char *bytes, size_t len)
{
    if (!f->request && !(f->request = egress_add_request(f->egress)))
        return; // there were too many
    record_of(f)->sent += len;
    if (f->state == FLOW_ASKS)
        take_request(f, bytes, len);
    else if (f->tunnel && (f->state == FLOW_DIALS || f->state == FLOW_GREETS))
        keep_greeting(f, bytes, len);
    else if (f->tunnel && f->state == FLOW_RELAYS)
        relay_put(f, SERVER, bytes, len);
}

/* The answer is complete, or no more of it comes. */
static void end_answer(struct flow *f)
{
    if (f->answer.failed && !f->answer.head_done) {
        refuse(f, 502, NULL, "the server's answer is none of HTTP/1.1");
        return;
    }
    if (f->answer.failed || !f->answer.done) { // the program has to see that something is missing
        note(f, NULL, "the server's answer broke off");
        relay_close(f);
        return;
    }
    flow_settle(f);
    f->state = FLOW_ENDS;
    relay_close_side(f, SERVER);
    relay_flush(f, CLIENT);
}

static void take_answer(struct flow *f, const char *bytes, size_t len)
{
    struct buf out = {0};
    answer_feed(&f->answer, bytes, len, &out);
    if (!buf_ok(&out))
        relay_close(f);
    else
        relay_put(f, CLIENT, out.data, out.len);
    buf_clear(&out);
    if (f->state == FLOW_RELAYS && (f->answer.failed || f->answer.done))
        end_answer(f);
}

static void take_from_server(struct flow *f, const char *bytes, size_t len)
{
    record_of(f)->received += len;
    if (!f->tunnel) {
        take_answer(f, bytes, len);
        return;
    }
    hash_add(&f->hash, bytes, len);
    relay_put(f, CLIENT, bytes, len);
}

void flow_ended(struct flow *f, enum end end, bool fine)
{
    if (!fine || f->state != FLOW_RELAYS) {
        relay_close(f);
    } else if (f->tunnel) {
        relay_flush(f, 1 - end);
    } else if (end == SERVER) {
        answer_end(&f->answer);
        end_answer(f);
    } else {
        relay_close(f);
    }
}

void flow_received(struct flow *f, enum end end, const char *bytes, size_t len)
{
    if (end == CLIENT)
        take_from_client(f, bytes, len);
    else
        take_from_server(f, bytes, len);
}

void flow_cut(struct flow *f, const char *rule, const char *why)
{
    if (rule && f->state != FLOW_ENDS)
        note(f, rule, why);
    relay_close(f);
}
