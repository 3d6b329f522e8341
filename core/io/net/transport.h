/* transport.h: HTTP requests with streaming replies, by libcurl on the loop.
 *
 * Glossary
 *   transfer   one request and its reply, from transport_start to on_done
 *   deadline   connect: until the connection (and TLS) stands; first_byte: from there to the first
 *              byte of the reply; idle: between two bytes; total: all of it
 *   cap        a bound on bytes; hitting one ends the transfer with ERR_LIMIT and its name
 *
 * http and https only (mail: smtp and smtps), HTTP/1.1, no redirects, no proxy from the
 * environment, no compression. An address that is not of the Internet is reached when the URL says
 * it, or the request that it may be (io/net/transport/address.h). Ten thousand transfers may wait
 * at once; one costs about 15 KB.
 */
#ifndef IO_TRANSPORT_H
#define IO_TRANSPORT_H

#include <uv.h>

#include "base/err.h"
#include "io/keys/secret.h"

#define TRANSPORT_HEADERS_MAX    32   /* headers a request may add */
#define TRANSPORT_ERROR_BODY_MAX 4096 /* bytes kept of a body that is no success */
#define TRANSPORT_ENOUGH         1    /* on_body: all that matters has come */
#define TRANSPORT_GRACE_MS       250  /* then the rest may take this long */
#define TRANSPORT_MAIL_MAX       16   /* receivers of a mail */

struct transport; /* one per loop */
struct transfer;

struct transport_deadlines { /* milliseconds, 0 = the default */
    uint32_t connect;        /* 10 s, includes the look-up of the name */
    uint32_t first_byte;     /* 300 s: a local model may have to load */
    uint32_t idle;           /* 120 s */
    uint32_t total;          /* 1800 s */
};

struct transport_caps { /* bytes, 0 = the default */
    size_t headers;     /* 64 KiB, all reply headers together */
    size_t body;        /* 32 MiB */
};

struct transport_mail { /* smtp and smtps: the body is the whole text, head and all */
    const char *from;
    const char *const *to;
    size_t to_count;
    const char *user; /* logs in with the value of the request's key, or NULL */
};

struct transport_request {
    const char *url;
    char *body; /* malloc'ed, taken by transport_start whatever it answers; NULL makes it a GET */
    size_t body_len;
    const char *type;           /* media type of the body, NULL: application/json; copied */
    const char *key;            /* name in secrets, or NULL */
    const char *const *headers; /* "Name: value", copied; checked against smuggling */
    size_t header_count;
    const struct transport_mail *mail; /* copied; NULL: a request of HTTP */
    struct transport_deadlines deadlines;
    struct transport_caps caps;
    bool remove; /* a DELETE, where there is no body */
    bool private; /* may go to a private address that is not written in the URL */
    bool fresh;   /* on a connection of its own: a request on a used one may go out twice, when that
                     had ended */
};

/* How it ended. All text is borrowed until on_done returns. */
struct transport_result {
    int code;              /* 0: a 2xx reply, complete; else ERR_* */
    const struct err *err; /* filled when code is not 0 */
    int status;            /* HTTP status, 0 when none came */
    int64_t retry_after;   /* milliseconds the server asked to wait, or -1 */
    const char *body;      /* beginning of the body of a reply that is no success, valid UTF-8 */
    size_t body_len;
    const char *challenge; /* what it wants to be authenticated with (www-authenticate), or "" */
    bool began;           /* some byte of the reply had come */
    const char *deadline; /* name of the deadline that passed, or NULL */
};

struct transport_events {
    /* A piece of a 2xx body, with stars for every key in it. 0 goes on, TRANSPORT_ENOUGH, or a
     * negative code (with err set) that ends the transfer with it. May cancel and start transfers.
     */
    int (*on_body)(void *ctx, const char *bytes, size_t len, struct err *err);
    /* Exactly once for each started transfer, from the loop, never from inside another function of
     * this header except transport_close. The transfer is gone when it returns. */
    void (*on_done)(void *ctx, const struct transport_result *result);
};

/* Begins to load libcurl, in a thread; the first use waits for it. ERR_MEMORY. `secrets` is
 * borrowed, may be NULL. */
int transport_open(struct transport **out, uv_loop_t *loop, struct secrets *secrets,
                   struct err *err) MUST_CHECK;

/* Ends every transfer with ERR_CANCELED (on_done must not start new ones), closes everything. Not
 * from on_body or on_done. */
void transport_close(struct transport *transport);

/* Starts a request. on_done gets what is wrong with it: ERR_USAGE (URL, headers),
 * ERR_NOT_FOUND, ERR_DENIED (key, address), ERR_LIBRARY (no libcurl). Only ERR_MEMORY and
 * ERR_CANCELED (closing) are answered here, without on_done. */
int transport_start(struct transport *transport, const struct transport_request *request,
                    const struct transport_events *events, void *ctx, struct transfer **out,
                    struct err *err) MUST_CHECK;

/* Ends it with ERR_CANCELED in the loop's next turn; harmless for one that is ending. */
void transport_cancel(struct transfer *transfer);

/* The reply's media type (lower case, without parameters, "" when missing); for on_body. */
const char *transfer_type(const struct transfer *transfer);

/* The session that the reply names (mcp-session-id), "" when it names none; for on_body and
 * on_done. */
const char *transfer_session(const struct transfer *transfer);

/* Writes the origin of a URL ("https://host:443") as keys are bound to it. ERR_USAGE, ERR_MEMORY,
 * ERR_LIBRARY. */
int transport_origin(struct transport *transport, const char *url, char *out, size_t size,
                     struct err *err) MUST_CHECK;

/* Writes stars over the keys of this process in a text that was put together from replies (see
 * secrets_hide; the pieces that on_body gets are clean in themselves). */
size_t transfer_hide(const struct transfer *transfer, char *text, size_t len, bool last);

/* Transfers that have not ended. */
size_t transport_count(const struct transport *transport);

#endif
