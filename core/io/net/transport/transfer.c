/* transfer.c: one transfer while it runs: its deadlines, curl's callbacks, its options.
 *
 * One timer per transfer: bytes only note the time; the timer finds out how late it is when it
 * fires. */
#include "io/net/transport/transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/text/sanitize.h"
#include "io/fs/disk.h"

#ifndef ORKET_VERSION
#define ORKET_VERSION "0.0.0"
#endif

#define FLOOD_STEPS 64   /* of libcurl, up to 200 KB each, without a byte of head or body ... */
#define FLOOD_MS    200  /* ... are too many when they hold up the loop for this long */
#define FLOOD_MOST  1024 /* these are always */

/* ---- deadlines ---- */

/* The deadline that comes first, as loop time. */
static uint64_t due_of(const struct transfer *x, const char **name, uint32_t *ms)
{
    static const char *const names[] = {"connect", "connect", "first_byte", "idle"};
    const struct transport_deadlines *d = &x->deadlines;
    *name = names[x->phase];
    *ms = d->connect;
    if (x->phase == TRANSFER_STREAMS)
        *ms = d->idle;
    else if (x->phase == TRANSFER_WAITS)
        *ms = d->first_byte;
    uint64_t due = x->since + *ms;
    if (x->began + d->total < due) {
        due = x->began + d->total;
        *name = "total";
        *ms = d->total;
    }
    return due;
}

static void on_due(uv_timer_t *timer);

static void arm(struct transfer *x)
{
    const char *name;
    uint32_t ms;
    uint64_t now = uv_now(x->owner->loop);
    x->due = x->enough ? now + TRANSPORT_GRACE_MS : due_of(x, &name, &ms);
    uv_timer_start(&x->timer, on_due, x->due > now ? x->due - now : 0, 0);
}

static void on_due(uv_timer_t *timer)
{
    struct transfer *x = timer->data;
    uint32_t ms;
    const char *name;
    if (x->ending)
        return;
    if (!x->enough) {
        if (due_of(x, &name, &ms) > uv_now(x->owner->loop)) {
            arm(x);
            return;
        }
        struct err err;
        err_set(&err, ERR_TIMEOUT, "%s: the %s deadline of %u ms passed",
                endpoint_origin(x->endpoint), name, ms);
        err_fix(&err, "check the server, or raise deadlines.%s", name);
        x->deadline = name;
        transfer_fail(x, &err);
    }
    transfer_end_soon(x);
}

/* Its deadline may come before the one that the timer waits for. */
void transfer_enter(struct transfer *x, enum transfer_phase phase)
{
    const char *name;
    uint32_t ms;
    x->phase = phase;
    x->since = uv_now(x->owner->loop);
    if (due_of(x, &name, &ms) < x->due)
        arm(x);
}

/* ---- curl's callbacks ---- */

static bool may_go_to(struct transfer *x, const struct sockaddr *address)
{
    if (address_allowed(address, &x->leave))
        return true;
    address_text(address, x->refused);
    x->refused_kind = address_kind(address, NULL);
    return false;
}

static int explain_refused(const struct transfer *x, struct err *err)
{
    err_set(err, ERR_DENIED, "%s leads to %s, %s", endpoint_origin(x->endpoint), x->refused,
            address_word(x->refused_kind));
    return x->refused_kind == ADDRESS_NONE
               ? err_fix(err, "write the address of the server itself")
               : err_fix(err, "if that is meant, say \"private\": true beside this URL (orket try "
                              "llm: --private)");
}

/* What a socket is about to be connected to: a name may have led elsewhere the last time. Another
 * address of the name is tried when this one is refused. */
static curl_socket_t on_open(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *x = ctx;
    (void)purpose;
    if (!may_go_to(x, &address->addr))
        return CURL_SOCKET_BAD;
    curl_socket_t socket = multi_socket(x->multi, address);
    x->no_socket = socket == CURL_SOCKET_BAD ? errno : 0;
    return socket;
}

/* A connection that another request had opened, which might go where this one may not. */
static bool is_elsewhere(struct transfer *x, const char *to)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {{0}};
    char text[ADDRESS_TEXT_MAX];
    snprintf(text, sizeof text, "%.*s", (int)strcspn(to, "%"), to); // without a scope
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
        address.any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
        address.any.sa_family = AF_INET6;
    return !may_go_to(x, &address.any);
}

static int on_connected(void *ctx, char *to, char *from, int to_port, int from_port)
{
    struct transfer *x = ctx;
    struct err err;
    (void)from, (void)to_port, (void)from_port;
    if (x->ending)
        return CURL_PREREQFUNC_ABORT;
    if (is_elsewhere(x, to)) {
        explain_refused(x, &err);
        transfer_fail(x, &err);
        return CURL_PREREQFUNC_ABORT;
    }
    long connects = 0;
    x->owner->curl->easy_getinfo(x->easy, CURLINFO_NUM_CONNECTS, &connects);
    x->fresh = connects > 0;
    transfer_enter(x, TRANSFER_WAITS);
    return CURL_PREREQFUNC_OK;
}

static void free_body(struct transfer *x)
{
    if (!x->body)
        return;
    x->owner->curl->easy_setopt(x->easy, CURLOPT_POSTFIELDS, NULL);
    free(x->body);
    x->body = NULL;
}

/* The extension of a chunk's size is read and forgotten, without end: bytes that no callback gets,
 * and while they come fast enough libcurl does not return to the loop. */
static bool is_flood(struct transfer *x)
{
    if (x->phase != TRANSFER_STREAMS || ++x->unheard < FLOOD_STEPS)
        return false;
    uint64_t held = uv_hrtime() / 1000000 - uv_now(x->owner->loop);
    return x->unheard >= FLOOD_MOST || held > FLOOD_MS;
}

/* A request that is out on a fresh connection is never repeated: its body can go while it waits. */
static int on_progress(void *ctx, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                       curl_off_t ulnow)
{
    struct transfer *x = ctx;
    struct err err;
    (void)dltotal, (void)dlnow, (void)ultotal;
    if (x->body && !x->mail && x->fresh && ulnow >= (curl_off_t)x->body_len)
        free_body(x);
    if (!is_flood(x))
        return 0;
    err_set(&err, ERR_LIMIT, "%s sends bytes that are no part of a reply",
            endpoint_origin(x->endpoint));
    transfer_fail(x, &err);
    return 1;
}

/* A line of a dialogue about a mail: libcurl reads it, here they are counted. */
static size_t hear_mail(struct transfer *x, size_t len)
{
    struct err err;
    x->head.bytes += len;
    if (x->head.bytes <= x->caps.headers)
        return len;
    err_set(&err, ERR_LIMIT, "%s says more than %zu bytes", endpoint_origin(x->endpoint),
            x->caps.headers);
    transfer_fail(x, &err);
    return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct err err;
    size_t len = size * count;
    if (x->ending)
        return 0;
    if (x->phase != TRANSFER_STREAMS)
        transfer_enter(x, TRANSFER_STREAMS);
    x->since = uv_now(x->owner->loop);
    x->unheard = 0;
    if (x->mail)
        return hear_mail(x, len);
    free_body(x); // curl repeats a request only before the first byte of a reply
    transfer_hide(x, line, len, true); // a type is cut, put into lower case and quoted
    if (reply_head_line(&x->head, line, len, x->caps.headers, &err)) {
        transfer_fail(x, &err);
        return 0;
    }
    if (x->head.complete && x->head.encoded && x->head.status < 300) {
        err_set(&err, ERR_PROTOCOL, "%s compressed its reply though it was not asked to",
                endpoint_origin(x->endpoint));
        transfer_fail(x, &err);
        return 0;
    }
    return len;
}

bool transfer_succeeds(const struct transfer *x)
{
    return x->head.status >= 200 && x->head.status < 300;
}

/* Its beginning, unless it is compressed. True when nothing more is wanted. */
static bool keep_error_body(struct transfer *x, const char *bytes, size_t len)
{
    size_t room = TRANSPORT_ERROR_BODY_MAX - x->error_body.len;
    if (!x->head.encoded)
        buf_put(&x->error_body, bytes, len < room ? len : room);
    return x->head.encoded || len >= room;
}

/* Clean bytes: to the waiting callback, or beside. */
static int hand_over(struct transfer *x, const char *bytes, size_t len)
{
    struct err err = {0};
    if (!transfer_succeeds(x)) {
        x->enough = keep_error_body(x, bytes, len) || x->enough;
        return x->enough ? ERR_HTTP : 0; // no byte more of it
    }
    int rc = x->enough || !len ? 0 : x->events.on_body(x->ctx, bytes, len, &err);
    if (rc == TRANSPORT_ENOUGH && !x->ending) { // else it was canceled, and stays so
        x->enough = true;
        arm(x);
    } else if (rc < 0) {
        err.code = rc;
        transfer_fail(x, &err);
        return rc;
    }
    return 0;
}

/* Hands over all that is settled of the bytes and keeps the rest: keys are starred before anybody
 * sees, cuts or quotes them. */
static int sift(struct transfer *x, char *bytes, size_t len, bool last)
{
    size_t settled = transfer_hide(x, bytes, len, last);
    int rc = hand_over(x, bytes, settled);
    len -= settled;
    if (bytes == x->held.data) {
        memmove(bytes, bytes + settled, len);
        x->held.len = len;
    } else if (len) {
        buf_put(&x->held, bytes + settled, len);
    }
    return rc;
}

static int take(struct transfer *x, char *bytes, size_t len)
{
    if (!x->held.len)
        return sift(x, bytes, len, false);
    buf_put(&x->held, bytes, len);
    return buf_ok(&x->held) ? sift(x, x->held.data, x->held.len, false) : 0;
}

int transfer_flush(struct transfer *x)
{
    return x->held.len ? sift(x, x->held.data, x->held.len, true) : 0;
}

static size_t on_write(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *x = ctx;
    struct err err = {0};
    size_t len = size * count;
    if (x->ending)
        return 0;
    x->since = uv_now(x->owner->loop);
    x->unheard = 0;
    x->body_bytes += len;
    if (x->body_bytes > x->caps.body) {
        err_set(&err, ERR_LIMIT, "the reply is over %zu bytes", x->caps.body);
        transfer_fail(x, &err);
        return 0;
    }
    int rc = take(x, bytes, len);
    if (rc == 0 && !buf_ok(&x->held))
        transfer_fail(x, &(struct err){.code = ERR_MEMORY, .text = "out of memory for a reply"});
    return rc || !buf_ok(&x->held) ? 0 : len;
}

/* Asked only when a request has to be repeated whose body is gone. */
static size_t on_read(char *bytes, size_t size, size_t count, void *ctx)
{
    (void)bytes, (void)size, (void)count, (void)ctx;
    return CURL_READFUNC_ABORT;
}

/* What libcurl calls being out of memory when one line of a reply's head is over its bound, 100 KB.
 */
static bool is_long_line(const struct transfer *x)
{
    return x->phase >= TRANSFER_WAITS && !x->head.complete;
}

static int code_of(const struct transfer *x, CURLcode rc)
{
    switch (rc) {
    case CURLE_OUT_OF_MEMORY:
        return is_long_line(x) ? ERR_LIMIT : ERR_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_LOGIN_DENIED:
        return ERR_DENIED;
    case CURLE_USE_SSL_FAILED:
    case CURLE_PEER_FAILED_VERIFICATION: /* waiting does not change it */
        return ERR_CONFIG;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return ERR_PROTOCOL;
    default:
        return x->head.bytes ? ERR_PROTOCOL : ERR_NET;
    }
}

int transfer_no_room(const struct transfer *x, int error, struct err *err)
{
    return err_os(err, error, "%s: no room for a connection", endpoint_origin(x->endpoint));
}

void transfer_explain(const struct transfer *x, CURLcode rc, struct err *err)
{
    const char *origin = endpoint_origin(x->endpoint);
    const char *why = x->curl_error[0] ? x->curl_error : x->owner->curl->easy_strerror(rc);
    struct buf text = {0};
    if (rc == CURLE_COULDNT_CONNECT && x->refused[0]) {
        explain_refused(x, err);
        return;
    }
    if (rc == CURLE_COULDNT_CONNECT && x->no_socket) {
        transfer_no_room(x, x->no_socket, err);
        return;
    }
    int error = rc == CURLE_SSL_CACERT_BADFILE ? disk_no_descriptors() : 0;
    if (error) { // the list of authorities is a file
        transfer_no_room(x, error, err);
        return;
    }
    if (code_of(x, rc) == ERR_LIMIT) {
        err_set(err, ERR_LIMIT, "%s: a line of the reply's head is without end", origin);
        return;
    }
    utf8_sanitize(&text, why, strlen(why));
    err_set(err, code_of(x, rc), x->head.bytes ? "%s cut its reply off: %s" : "%s: %s", origin,
            text.len ? text.data : "");
    if (rc == CURLE_PEER_FAILED_VERIFICATION)
        err_fix(err, "install the authority of the server's certificate on this machine, or "
                     "check the host in base_url");
    else if (err->code == ERR_NET)
        err_fix(err, "check that the server runs and that the address is right");
    buf_clear(&text);
}

/* ---- headers ---- */

static const char *const fixed_headers[] = {
    "Content-Type: application/json", "Accept: text/event-stream, application/json",
    "Expect:", // curl must not wait for "100 Continue"
};

_Static_assert(COUNT_OF(fixed_headers) + SECRET_LIST_MAX == TRANSFER_OWN_HEADERS,
               "room for them and the key's");

/* Headers that are ours or would change the framing. */
static const char *const reserved_headers[] = {
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "accept-encoding",
    "proxy-authorization",
};

static bool is_reserved(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(reserved_headers); i++)
        if (strlen(reserved_headers[i]) == len && strncasecmp(reserved_headers[i], name, len) == 0)
            return true;
    return false;
}

static int check_header(const char *header, struct err *err)
{
    size_t name = strspn(header, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz");
    if (name == 0 || header[name] != ':')
        return err_set(err, ERR_USAGE, "a header is 'Name: value'");
    if (is_reserved(header, name))
        return err_set(err, ERR_USAGE, "the header %.*s cannot be set", (int)name, header);
    for (const char *p = header + name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return err_set(err, ERR_USAGE, "the header %.*s has a control byte", (int)name, header);
    return 0;
}

/* "Content-Type: TYPE" in place of ours. */
static int put_type(struct buf *text, const char *type, struct err *err)
{
    static const char name[] = "Content-Type: ";
    if (!*type || type[strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789-+./")])
        return err_set(err, ERR_USAGE, "the type of the body is none");
    buf_put(text, name, sizeof name - 1);
    buf_put(text, type, strlen(type) + 1);
    return 0;
}

int transfer_set_headers(struct transfer *x, const struct transport_request *request,
                         struct err *err)
{
    size_t n = 0, from = x->body && !request->type ? 0 : 1; // a GET has no content
    size_t own = x->body && request->type;
    struct buf text = {0};
    int rc = own ? put_type(&text, request->type, err) : 0;
    for (size_t i = 0; i < request->header_count && rc == 0; i++) {
        rc = check_header(request->headers[i], err);
        buf_put(&text, request->headers[i], strlen(request->headers[i]) + 1);
    }
    x->header_text = text.data;
    if (rc)
        return rc;
    if (!buf_ok(&text))
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = from; i < COUNT_OF(fixed_headers); i++)
        x->headers[n++].data = (char *)fixed_headers[i];
    char *line = x->header_text;
    for (size_t i = 0; i < own + request->header_count; i++, line += strlen(line) + 1)
        x->headers[n++].data = line;
    for (const struct secret *secret = x->secret; secret; secret = secret_next(secret))
        x->headers[n++].data = (char *)secret_line(secret);
    for (size_t i = 0; i + 1 < n; i++)
        x->headers[i].next = &x->headers[i + 1];
    return 0;
}

/* ---- options ---- */

CURL *transfer_new_easy(struct transport *t)
{
    const struct curl *curl = t->curl;
    CURL *easy = curl->easy_init();
    if (!easy)
        return NULL;
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_MAXREDIRS, 0L);
    curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, 2048L);
    curl->easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "orket/" ORKET_VERSION);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl->easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    return easy;
}

void transfer_set_options(struct transfer *x)
{
    const struct curl *curl = x->owner->curl;
    CURL *easy = x->easy;
    const char *pin = endpoint_pin(x->endpoint);
    curl->easy_setopt(easy, CURLOPT_CURLU, endpoint_url(x->endpoint));
    curl->easy_setopt(easy, CURLOPT_PRIVATE, x);
    curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)x->alone);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, x);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, x);
    curl->easy_setopt(easy, CURLOPT_PREREQDATA, x);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
    curl->easy_setopt(easy, CURLOPT_XFERINFODATA, x);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, x->curl_error);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, x->mail ? NULL : &x->headers[0]);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->deadlines.connect + 1000);
    x->pin_text = pin ? strdup(pin) : NULL; // the endpoint may learn new addresses meanwhile
    x->pin.data = x->pin_text;
    curl->easy_setopt(easy, CURLOPT_RESOLVE, x->pin_text ? &x->pin : NULL);
    if (x->mail) {
        mail_set_options(x);
        return;
    }
    if (x->body) {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, x->body);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->body_len);
    } else {
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
        curl->easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->removes ? "DELETE" : NULL);
}
