/* endpoint.c: libcurl's URL parser and uv_getaddrinfo. The few endpoints of a process are a list;
 * unused ones are dropped when it grows. */
#include "io/net/transport/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "io/fs/disk.h"

#define CACHE_MAX   64
#define ADDRESS_MAX 8

enum state { UNKNOWN, RESOLVING, RESOLVED };

struct endpoints {
    uv_loop_t *loop;
    struct curl curl; /* a copy: a look-up that runs may outlive the transport */
    struct endpoint *first;
    size_t count;
    bool closing;
};

struct endpoint {
    struct endpoint *next;
    struct endpoints *owner;
    unsigned refs;
    char *url;
    CURLU *parsed;
    char *origin, *host, *port; /* host without the brackets of IPv6; curl_free */
    bool numeric;
    bool here; /* "localhost" */
    bool mail; /* smtp, smtps */
    enum state state;
    uint64_t resolved_at;
    char *pin; /* owned */
    uv_getaddrinfo_t lookup;
    struct endpoint_wait *waiting;
};

static void free_endpoint(struct endpoint *e)
{
    const struct curl *curl = &e->owner->curl;
    curl->url_cleanup(e->parsed);
    curl->free(e->host);
    curl->free(e->port);
    free(e->origin);
    free(e->url);
    free(e->pin);
    free(e);
}

struct endpoints *endpoints_open(uv_loop_t *loop, const struct curl *curl)
{
    struct endpoints *all = calloc(1, sizeof *all);
    if (all)
        *all = (struct endpoints){.loop = loop, .curl = *curl};
    return all;
}

/* Drops the endpoints that no transfer needs. */
static void sweep(struct endpoints *all)
{
    for (struct endpoint **at = &all->first; *at;) {
        struct endpoint *e = *at;
        if (e->refs || e->state == RESOLVING) {
            at = &e->next;
            continue;
        }
        *at = e->next;
        all->count--;
        free_endpoint(e);
    }
}

static void close_if_idle(struct endpoints *all)
{
    sweep(all);
    if (!all->first)
        free(all);
}

void endpoints_close(struct endpoints *all)
{
    if (!all)
        return;
    all->closing = true;
    for (struct endpoint *e = all->first; e; e = e->next)
        if (e->state == RESOLVING)
            uv_cancel((uv_req_t *)&e->lookup);
    close_if_idle(all);
}

static bool is_numeric(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static void strip_brackets(char *host)
{
    size_t len = strlen(host);
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        memmove(host, host + 1, len - 2);
        host[len - 2] = '\0';
    }
}

/* 0x7f.1, 2130706433, 017700000001, %31%32%37.0.0.1: an address in disguise, which no reader of the
 * configuration and no rule about it recognizes. */
static bool is_disguised(const struct endpoint *e)
{
    const char *written = strchr(e->url, ':');
    if (!e->numeric || !written || strchr(e->host, ':'))
        return false;
    written += 1 + strspn(written + 1, "/"); // one to three of them, for libcurl
    size_t len = strcspn(written, ":/?#");
    return len != strlen(e->host) || memcmp(written, e->host, len) != 0;
}

/* Takes the URL apart. 0 or ERR_USAGE, ERR_MEMORY. */
static int parse(struct endpoint *e, struct err *err)
{
    const struct curl *curl = &e->owner->curl;
    char *scheme = NULL;
    CURLUcode rc = curl->url_set(e->parsed, CURLUPART_URL, e->url, CURLU_DISALLOW_USER);
    if (rc == CURLUE_OK)
        rc = curl->url_get(e->parsed, CURLUPART_SCHEME, &scheme, 0);
    bool web = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    e->mail = scheme && (strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0);
    if (rc == CURLUE_OK)
        rc = curl->url_get(e->parsed, CURLUPART_HOST, &e->host, 0);
    if (rc == CURLUE_OK)
        rc = curl->url_get(e->parsed, CURLUPART_PORT, &e->port, CURLU_DEFAULT_PORT);
    if (rc == CURLUE_OK && (web || e->mail)) {
        struct buf origin = {0};
        buf_printf(&origin, "%s://%s:%s", scheme, e->host, e->port);
        e->origin = buf_steal(&origin, NULL);
        strip_brackets(e->host);
        e->numeric = is_numeric(e->host);
        e->here = strcasecmp(e->host, "localhost") == 0;
    }
    curl->free(scheme);
    if (rc == CURLUE_USER_NOT_ALLOWED) {
        err_set(err, ERR_USAGE, "a URL carries no user and no password");
        err_fix(err, "give the key by name");
        return ERR_USAGE;
    }
    if (rc != CURLUE_OK)
        return err_set(err, ERR_USAGE, "not a URL: %s", curl->url_strerror(rc));
    if (!web && !e->mail)
        return err_set(err, ERR_USAGE, "not an http or https URL");
    if (is_disguised(e)) {
        err_set(err, ERR_USAGE, "the host of this URL is the address %s, written in another way",
                e->host);
        err_fix(err, "write %s", e->host);
        return ERR_USAGE;
    }
    return e->origin ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static int make(struct endpoints *all, const char *url, struct endpoint **out, struct err *err)
{
    struct endpoint *e = calloc(1, sizeof *e);
    if (e) {
        e->owner = all;
        e->url = strdup(url);
        e->parsed = all->curl.url();
    }
    int rc =
        !e || !e->url || !e->parsed ? err_set(err, ERR_MEMORY, "out of memory") : parse(e, err);
    if (rc && e)
        free_endpoint(e);
    if (rc)
        return rc;
    if (all->count >= CACHE_MAX)
        sweep(all);
    e->next = all->first;
    all->first = e;
    all->count++;
    *out = e;
    return 0;
}

int endpoint_use(struct endpoints *all, const char *url, struct endpoint **out, struct err *err)
{
    struct endpoint *e = all->first;
    if (strlen(url) > ENDPOINT_URL_MAX)
        return err_set(err, ERR_USAGE, "the URL is over %d bytes", ENDPOINT_URL_MAX);
    while (e && strcmp(e->url, url) != 0)
        e = e->next;
    if (!e) {
        int rc = make(all, url, &e, err);
        if (rc)
            return rc;
    }
    e->refs++;
    *out = e;
    return 0;
}

void endpoint_release(struct endpoint *e)
{
    if (e)
        e->refs--;
}

static char *pin_of(const struct endpoint *e, const struct addrinfo *found)
{
    struct buf pin = {0};
    unsigned count = 0;
    buf_printf(&pin, "%s:%s:", e->host, e->port);
    for (const struct addrinfo *a = found; a && count < ADDRESS_MAX; a = a->ai_next) {
        char text[INET6_ADDRSTRLEN];
        bool v6 = a->ai_family == AF_INET6;
        const void *address = v6 ? (const void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr
                                 : (const void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr;
        if ((v6 || a->ai_family == AF_INET) && inet_ntop(a->ai_family, address, text, sizeof text))
            buf_printf(&pin, v6 ? "%s[%s]" : "%s%s", count++ ? "," : "", text);
    }
    if (count)
        return buf_steal(&pin, NULL);
    buf_clear(&pin);
    return NULL;
}

static void wake(struct endpoint *e, int code, const struct err *err)
{
    e->refs++; // a waiter may release the last use
    while (e->waiting) {
        struct endpoint_wait *wait = e->waiting;
        e->waiting = wait->next;
        wait->ready(wait, code, err);
    }
    e->refs--;
}

static void on_resolved(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct endpoint *e = lookup->data;
    char *pin = status == 0 ? pin_of(e, found) : NULL;
    struct err err = {0};
    uv_freeaddrinfo(found);
    e->state = UNKNOWN;
    if (e->owner->closing) {
        free(pin);
        close_if_idle(e->owner);
        return;
    }
    if (pin) {
        free(e->pin);
        e->pin = pin;
    }
    if (e->pin) { // a failed renewal keeps the old addresses
        e->state = RESOLVED;
        e->resolved_at = uv_now(e->owner->loop);
        wake(e, 0, NULL);
        return;
    }
    int error = status ? disk_no_descriptors() : 0;
    if (error || status == UV_EAI_MEMORY) {
        err_os(&err, error ? error : ENOMEM, "the name %s cannot be resolved", e->host);
    } else {
        bool unknown = status == UV_EAI_NONAME || status == UV_EAI_NODATA;
        const char *why = status ? uv_strerror(status) : "no address";
        err_set(&err, ERR_NET, "the name %s cannot be resolved: %s", e->host,
                unknown ? "no host has it" : why);
        err_fix(&err, "%s",
                unknown ? "check its spelling, or the network that resolves it"
                        : "check the host in the URL and the network");
    }
    wake(e, err.code, &err);
}

int endpoint_resolve(struct endpoint *e, struct endpoint_wait *wait, struct err *err)
{
    uv_loop_t *loop = e->owner->loop;
    if (e->numeric || (e->state == RESOLVED && uv_now(loop) - e->resolved_at < ENDPOINT_TTL_MS))
        return 1;
    if (e->state != RESOLVING) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        e->lookup.data = e;
        int rc = uv_getaddrinfo(loop, &e->lookup, on_resolved, e->host, e->port, &hints);
        if (rc)
            return err_set(err, ERR_NET, "the name %s cannot be resolved: %s", e->host,
                           uv_strerror(rc));
        e->state = RESOLVING;
    }
    wait->next = e->waiting;
    e->waiting = wait;
    return 0;
}

void endpoint_forget(struct endpoint *e, struct endpoint_wait *wait)
{
    struct endpoint_wait **at = &e->waiting;
    while (*at && *at != wait)
        at = &(*at)->next;
    if (*at)
        *at = wait->next;
}

CURLU *endpoint_url(const struct endpoint *e)
{
    return e->parsed;
}

const char *endpoint_origin(const struct endpoint *e)
{
    return e->origin;
}

bool endpoint_is_mail(const struct endpoint *e)
{
    return e->mail;
}

bool endpoint_is_own(const struct endpoint *e)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {{0}};
    if (inet_pton(AF_INET, e->host, &address.v4.sin_addr) == 1)
        address.any.sa_family = AF_INET;
    else if (inet_pton(AF_INET6, e->host, &address.v6.sin6_addr) == 1)
        address.any.sa_family = AF_INET6;
    return e->here || (e->numeric && address_kind(&address.any, NULL) == ADDRESS_OWN);
}

struct address_leave endpoint_leave(const struct endpoint *e)
{
    return (struct address_leave){.own = e->here, .plain = e->numeric};
}

const char *endpoint_pin(const struct endpoint *e)
{
    return e->pin;
}
