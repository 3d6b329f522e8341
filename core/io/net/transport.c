/* transport.c: transfers begin and end here.
 *
 * Ownership: a transfer is freed when its timer is closed. It ends in one place, finish(), reached
 * from curl's result or, when we end it (cancel, deadline, a look-up that failed), from the tick, a
 * 0 ms timer. The tick also hands new transfers to curl: no easy handle is ever added or removed
 * inside one of curl's callbacks. */
#include "io/net/transport.h"

#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "base/text/sanitize.h"
#include "io/net/transport/transfer.h"

#define MAIL_TAKEN      250      /* what a server says that took a mail */
#define RETRY_AFTER_MAX 86400000 /* milliseconds: a day */

/* ---- the end ---- */

static void free_transfer(struct transfer *x)
{
    secret_release(x->secret);
    mail_free(x->mail);
    buf_clear(&x->held);
    buf_clear(&x->error_body);
    free(x->header_text);
    free(x->pin_text);
    free(x->body);
    free(x->err);
    free(x);
}

static void on_transfer_closed(uv_handle_t *handle)
{
    free_transfer(handle->data);
}

static void put_back(struct transport *t, CURL *easy, bool is_mail)
{
    if (t->pooled < TRANSPORT_POOL && !is_mail) {
        t->curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
        t->curl->easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
        t->curl->easy_setopt(easy, CURLOPT_RESOLVE, NULL);
        t->pool[t->pooled++] = easy;
    } else {
        t->curl->easy_cleanup(easy);
    }
}

static int64_t retry_after(const struct transfer *x)
{
    curl_off_t seconds = 0;
    if (x->head.retry_after >= 0)
        return x->head.retry_after < RETRY_AFTER_MAX ? x->head.retry_after : RETRY_AFTER_MAX;
    if (x->easy)
        x->owner->curl->easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0)
        return -1;
    return seconds < RETRY_AFTER_MAX / 1000 ? seconds * 1000 : RETRY_AFTER_MAX;
}

static void unlink_transfer(struct transport *t, struct transfer *x)
{
    if (x->prev)
        x->prev->next = x->next;
    else
        t->all = x->next;
    if (x->next)
        x->next->prev = x->prev;
    t->count--;
}

static void finish(struct transfer *x, int code, const struct err *err)
{
    struct transport *t = x->owner;
    struct buf body = {0};
    if (x->error_body.len)
        secret_hide(x->secret, x->error_body.data, x->error_body.len);
    utf8_sanitize(&body, x->error_body.data, x->error_body.len);
    struct transport_result result = {
        .code = code,
        .err = err,
        .status = x->head.status,
        .retry_after = retry_after(x),
        .challenge = x->head.challenge,
        .body = buf_ok(&body) && body.len ? body.data : "",
        .body_len = buf_ok(&body) ? body.len : 0,
        .began = x->head.bytes > 0,
        .deadline = x->deadline,
    };
    x->ending = true;
    unlink_transfer(t, x);
    if (x->multi)
        multi_remove(x->multi, x->easy);
    x->multi = NULL;
    if (x->easy)
        put_back(t, x->easy, x->mail);
    x->easy = NULL;
    if (x->endpoint)
        endpoint_forget(x->endpoint, &x->wait);
    endpoint_release(x->endpoint);
    uv_close((uv_handle_t *)&x->timer, on_transfer_closed);
    x->events.on_done(x->ctx, &result);
    buf_clear(&body);
}

/* All that matters of a reply has come. */
static void finish_whole(struct transfer *x)
{
    struct err err = {0};
    bool moved = x->head.status >= 300 && x->head.status < 400;
    if (transfer_succeeds(x)) {
        finish(x, 0, NULL);
        return;
    }
    err_set(&err, ERR_HTTP,
            moved ? "%s answered %d, a redirect; redirects are not followed" : "%s answered %d",
            endpoint_origin(x->endpoint), x->head.status);
    finish(x, ERR_HTTP, &err);
}

static void finish_failed(struct transfer *x)
{
    struct err none = {.code = ERR_MEMORY, .text = "out of memory"};
    struct err *err = x->err;
    x->err = NULL;
    if (err)
        secret_hide(x->secret, err->text, strlen(err->text));
    if (x->enough)
        finish_whole(x);
    else
        finish(x, err ? err->code : ERR_MEMORY, err ? err : &none);
    free(err);
}

void transfer_fail(struct transfer *x, const struct err *err)
{
    if (!x->err && (x->err = malloc(sizeof *err)))
        *x->err = *err;
}

/* ---- curl's result ---- */

static void on_result(void *ctx, CURL *easy, CURLcode rc)
{
    struct transfer *x = NULL;
    struct err err = {0};
    ((struct transport *)ctx)->curl->easy_getinfo(easy, CURLINFO_PRIVATE, &x);
    x->multi = NULL;
    if (x->mail && rc == CURLE_OK)
        x->head.status = MAIL_TAKEN;
    if (x->ending) // tick will finish it
        return;
    if (x->err || x->enough) {
        finish_failed(x);
    } else if (rc != CURLE_OK) {
        transfer_explain(x, rc, &err);
        finish(x, err.code, &err);
    } else if (transfer_flush(x) || x->ending) {
        if (!x->ending) // else canceled by what the flush told
            finish_failed(x);
    } else {
        finish_whole(x);
    }
}

/* ---- the start ---- */

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value ? value : otherwise;
}

static void set_bounds(struct transfer *x, const struct transport_request *request)
{
    const struct transport_deadlines *d = &request->deadlines;
    x->deadlines = (struct transport_deadlines){
        .connect = or_default(d->connect, 10000),
        .first_byte = or_default(d->first_byte, 300000),
        .idle = or_default(d->idle, 120000),
        .total = or_default(d->total, 1800000),
    };
    x->alone = request->fresh;
    x->removes = request->remove && !request->body;
    x->caps.headers = request->caps.headers ? request->caps.headers : (size_t)64 << 10;
    x->caps.body = request->caps.body ? request->caps.body : (size_t)32 << 20;
}

/* Hands x to curl; its endpoint has addresses. */
static int hand_over(struct transfer *x, struct err *err)
{
    struct transport *t = x->owner;
    struct multi *multi = multis_choose(&t->multis);
    if (!multi && errno != ENOMEM)
        return transfer_no_room(x, errno, err);
    x->easy = t->pooled && !x->mail ? t->pool[--t->pooled] : transfer_new_easy(t);
    if (!multi || !x->easy)
        return err_set(err, ERR_MEMORY, "out of memory");
    transfer_set_options(x);
    FAULT(dispatch_before);
    int rc = multi_add(multi, x->easy);
    FAULT(dispatch_after);
    if (rc)
        return err_set(err, rc, "out of memory");
    x->multi = multi;
    x->phase = TRANSFER_CONNECTS;
    return 0;
}

static void begin(struct transfer *x)
{
    struct err err;
    if (hand_over(x, &err) == 0)
        return;
    transfer_fail(x, &err);
    transfer_end_soon(x);
}

static void on_tick(uv_timer_t *tick)
{
    struct transport *t = tick->data;
    struct transfer *starting = t->starting, *ending = t->ending;
    t->starting = t->ending = NULL;
    t->starting_tail = &t->starting;
    for (struct transfer *x = starting; x; x = x->next_starting)
        if (!x->ending)
            begin(x);
    while (ending) {
        struct transfer *x = ending;
        ending = x->next_ending;
        finish_failed(x);
    }
}

static void begin_soon(struct transfer *x)
{
    struct transport *t = x->owner;
    *t->starting_tail = x;
    t->starting_tail = &x->next_starting;
    uv_timer_start(&t->tick, on_tick, 0, 0);
}

void transfer_end_soon(struct transfer *x)
{
    struct transport *t = x->owner;
    if (x->ending)
        return;
    x->ending = true;
    x->next_ending = t->ending;
    t->ending = x;
    uv_timer_start(&t->tick, on_tick, 0, 0);
}

static void on_addresses(struct endpoint_wait *wait, int code, const struct err *err)
{
    struct transfer *x = (struct transfer *)((char *)wait - offsetof(struct transfer, wait));
    if (x->ending)
        return;
    if (code == 0) {
        begin_soon(x);
        return;
    }
    transfer_fail(x, err);
    transfer_end_soon(x);
}

/* What needs libcurl waits for it here. */
static int open_parts(struct transport *t, struct err *err)
{
    if (t->endpoints)
        return 0;
    t->curl = curl_load_wait(&t->load, err);
    if (!t->curl)
        return ERR_LIBRARY;
    t->multis = (struct multis){.loop = t->loop, .curl = t->curl, .on_done = on_result, .ctx = t};
    t->endpoints = endpoints_open(t->loop, t->curl);
    return t->endpoints ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int prepare(struct transport *t, struct transfer *x, const struct transport_request *request,
                   struct err *err)
{
    if (request->header_count > TRANSPORT_HEADERS_MAX)
        return err_set(err, ERR_USAGE, "more than %d headers", TRANSPORT_HEADERS_MAX);
    int rc = open_parts(t, err);
    if (rc == 0)
        rc = endpoint_use(t->endpoints, request->url, &x->endpoint, err);
    if (rc == 0 && endpoint_is_mail(x->endpoint) != (request->mail != NULL))
        rc = err_set(err, ERR_USAGE, "not an http or https URL, or of smtp for a mail");
    if (rc == 0 && request->mail)
        rc = mail_new(&x->mail, request->mail, err);
    if (rc == 0 && request->key)
        rc = t->secrets ? secret_use(t->secrets, request->key, endpoint_origin(x->endpoint),
                                     &x->secret, err)
                        : err_set(err, ERR_NOT_FOUND, "no key is named '%s'", request->key);
    if (rc)
        return rc;
    x->leave = endpoint_leave(x->endpoint);
    x->leave.any = request->private;
    return transfer_set_headers(x, request, err);
}

static void link_transfer(struct transport *t, struct transfer *x)
{
    x->next = t->all;
    if (x->next)
        x->next->prev = x;
    t->all = x;
    t->count++;
}

int transport_start(struct transport *t, const struct transport_request *request,
                    const struct transport_events *events, void *ctx, struct transfer **out,
                    struct err *err)
{
    size_t headers = TRANSFER_OWN_HEADERS + (request->header_count < TRANSPORT_HEADERS_MAX
                                                 ? request->header_count
                                                 : TRANSPORT_HEADERS_MAX);
    struct transfer *x = calloc(1, sizeof *x + headers * sizeof x->headers[0]);
    if (!x || t->closing) {
        free(x);
        free(request->body);
        return err_set(err, x ? ERR_CANCELED : ERR_MEMORY, x ? "closing" : "out of memory");
    }
    x->owner = t;
    x->events = *events;
    x->ctx = ctx;
    x->body = request->body;
    x->body_len = request->body_len;
    x->head.retry_after = x->head.length = -1;
    x->wait.ready = on_addresses;
    set_bounds(x, request);
    uv_update_time(t->loop);
    uv_timer_init(t->loop, &x->timer);
    x->timer.data = x;
    x->began = uv_now(t->loop);
    x->due = UINT64_MAX;
    link_transfer(t, x);
    transfer_enter(x, TRANSFER_LOOKS_UP);
    struct err why = {0};
    int rc = prepare(t, x, request, &why);
    int ready = rc ? rc : endpoint_resolve(x->endpoint, &x->wait, &why);
    if (ready < 0) {
        transfer_fail(x, &why);
        transfer_end_soon(x);
    } else if (ready) {
        begin_soon(x);
    }
    *out = x;
    return 0;
}

void transport_cancel(struct transfer *x)
{
    struct err err = {.code = ERR_CANCELED, .text = "canceled"};
    if (x->ending)
        return;
    x->enough = false;
    free(x->err);
    x->err = NULL;
    transfer_fail(x, &err);
    transfer_end_soon(x);
}

const char *transfer_session(const struct transfer *x)
{
    return x->head.session;
}

const char *transfer_type(const struct transfer *x)
{
    return x->head.type;
}

size_t transfer_hide(const struct transfer *x, char *text, size_t len, bool last)
{
    return secrets_hide(x->owner->secrets, x->secret, text, len, last);
}

/* ---- all of it ---- */

int transport_origin(struct transport *t, const char *url, char *out, size_t size, struct err *err)
{
    struct endpoint *endpoint;
    int rc = open_parts(t, err);
    if (rc == 0)
        rc = endpoint_use(t->endpoints, url, &endpoint, err);
    if (rc == 0)
        snprintf(out, size, "%s", endpoint_origin(endpoint));
    if (rc == 0)
        endpoint_release(endpoint);
    return rc;
}

size_t transport_count(const struct transport *t)
{
    return t->count;
}

int transport_open(struct transport **out, uv_loop_t *loop, struct secrets *secrets,
                   struct err *err)
{
    struct transport *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(err, ERR_MEMORY, "out of memory");
    *t = (struct transport){.loop = loop, .secrets = secrets, .starting_tail = &t->starting};
    curl_load_begin(&t->load);
    uv_timer_init(loop, &t->tick);
    t->tick.data = t;
    *out = t;
    return 0;
}

static void on_transport_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void transport_close(struct transport *t)
{
    if (!t)
        return;
    t->closing = true;
    while (t->all) {
        transport_cancel(t->all);
        finish_failed(t->all);
    }
    (void)curl_load_wait(&t->load, NULL);
    while (t->pooled)
        t->curl->easy_cleanup(t->pool[--t->pooled]);
    multis_close(&t->multis);
    endpoints_close(t->endpoints);
    uv_close((uv_handle_t *)&t->tick, on_transport_closed);
}
