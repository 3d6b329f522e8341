/* endpoint.h: where a request goes: a parsed URL with its addresses. Names are resolved once, by
 * the loop's pool, and pinned, because libcurl would start a thread per lookup.
 */
#ifndef IO_TRANSPORT_ENDPOINT_H
#define IO_TRANSPORT_ENDPOINT_H

#include <uv.h>

#include "base/err.h"
#include "io/net/transport/address.h"
#include "io/net/transport/curl.h"

#define ENDPOINT_TTL_MS  60000 /* addresses are looked up again after this time */
#define ENDPOINT_URL_MAX 4096

struct endpoints; /* the endpoints of a loop, by URL */
struct endpoint;

/* One who waits for addresses; embedded in the waiter. */
struct endpoint_wait {
    struct endpoint_wait *next;
    void (*ready)(struct endpoint_wait *wait, int code, const struct err *err); /* from the loop */
};

/* NULL when out of memory. */
struct endpoints *endpoints_open(uv_loop_t *loop, const struct curl *curl);

/* Frees it once a running look-up has ended. No transfer may wait or hold an endpoint. */
void endpoints_close(struct endpoints *endpoints);

/* The endpoint of a URL, to be released. ERR_USAGE: no http, https, smtp or smtps URL, one with a
 * password, or with an IPv4 address that is written in an odd way. */
int endpoint_use(struct endpoints *endpoints, const char *url, struct endpoint **out,
                 struct err *err) MUST_CHECK;
void endpoint_release(struct endpoint *endpoint);

/* True for smtp and smtps. */
bool endpoint_is_mail(const struct endpoint *endpoint);

/* True when its URL says this machine: "localhost", or an address of it. */
bool endpoint_is_own(const struct endpoint *endpoint);

/* 1: addresses are there; 0: wait is queued and will be called; negative: the look-up could not
 * start. */
int endpoint_resolve(struct endpoint *endpoint, struct endpoint_wait *wait,
                     struct err *err) MUST_CHECK;

/* Takes a waiter out that has not been called; harmless for one that does not wait. */
void endpoint_forget(struct endpoint *endpoint, struct endpoint_wait *wait);

CURLU *endpoint_url(const struct endpoint *endpoint);         /* borrowed */
const char *endpoint_origin(const struct endpoint *endpoint); /* "https://host:port" */
const char *endpoint_pin(const struct endpoint *endpoint);    /* CURLOPT_RESOLVE entry, or NULL */

/* What its URL itself says about private addresses. */
struct address_leave endpoint_leave(const struct endpoint *endpoint);

#endif
