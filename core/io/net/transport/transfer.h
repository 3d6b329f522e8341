/* transfer.h: the two structs of the transport, shared by transport.c (start and end), transfer.c
 * (deadlines and curl's callbacks). Private to them.
 */
#ifndef IO_TRANSPORT_TRANSFER_H
#define IO_TRANSPORT_TRANSFER_H

#include "base/buf.h"
#include "io/net/transport.h"
#include "io/net/transport/curl.h"
#include "io/net/transport/endpoint.h"
#include "io/net/transport/mail.h"
#include "io/net/transport/multis.h"
#include "io/net/transport/reply_head.h"

#define TRANSPORT_POOL       256 /* easy handles kept prepared */
#define TRANSFER_OWN_HEADERS (3 + SECRET_LIST_MAX)   /* besides the request's */

enum transfer_phase { TRANSFER_LOOKS_UP, TRANSFER_CONNECTS, TRANSFER_WAITS, TRANSFER_STREAMS };

struct transport {
    uv_loop_t *loop;
    struct secrets *secrets; /* borrowed */
    struct curl_load load;
    const struct curl *curl; /* these three from the first use on */
    struct multis multis;
    struct endpoints *endpoints;
    struct transfer *all;                       /* those that have not ended */
    struct transfer *starting, **starting_tail; /* to be handed to curl by tick */
    struct transfer *ending;                    /* to be finished by tick, newest first */
    size_t count;
    uv_timer_t tick;
    CURL *pool[TRANSPORT_POOL];
    size_t pooled;
    bool closing;
};

struct transfer {
    struct transport *owner;
    struct transfer *prev, *next; /* in owner->all */
    struct transfer *next_starting, *next_ending;
    struct transport_events events;
    void *ctx;
    uv_timer_t timer;
    CURL *easy;
    struct multi *multi; /* where easy is, or NULL */
    struct endpoint *endpoint;
    struct endpoint_wait wait;
    struct secret *secret;
    struct mail *mail; /* owned; NULL: a request of HTTP */
    char *body; /* owned, freed once it cannot be needed again */
    size_t body_len;
    struct transport_deadlines deadlines;
    struct transport_caps caps;
    uint64_t began, since; /* of the transfer; of the phase or the last byte; loop time */
    uint64_t due;          /* what the timer is armed for */
    enum transfer_phase phase;
    bool fresh;  /* on a connection of its own: curl will not repeat the request */
    bool ending; /* its end is decided */
    bool enough; /* all that matters has come */
    size_t body_bytes;
    unsigned unheard; /* steps since the last byte of head or body */
    bool removes;     /* a DELETE */
    bool alone;       /* on a connection of its own */
    struct address_leave leave;
    char refused[ADDRESS_TEXT_MAX]; /* an address that it may not go to, "" when there was none */
    enum address_kind refused_kind;
    int no_socket; /* errno, when there was none for a connection; else 0 */
    struct reply_head head;
    struct buf held; /* of the body: bytes that may be the beginning of a key */
    struct buf error_body;
    struct err *err;      /* owned; why it failed, set before the end */
    const char *deadline; /* name of the one that passed */
    char curl_error[CURL_ERROR_SIZE];
    char *pin_text;
    struct curl_slist pin;
    char *header_text;           /* owned; the request's headers, NUL-separated, or NULL */
    struct curl_slist headers[]; /* the fixed ones, the request's, the key's */
};

/* Decides that x fails with err, unless it has failed already. */
void transfer_fail(struct transfer *x, const struct err *err);

/* Ends x in the next turn of the loop. */
void transfer_end_soon(struct transfer *x);

/* The phase x is in now, with its deadline. */
void transfer_enter(struct transfer *x, enum transfer_phase phase);

/* Checks and copies the request's headers, adds ours. ERR_USAGE, ERR_MEMORY. */
int transfer_set_headers(struct transfer *x, const struct transport_request *request,
                         struct err *err) MUST_CHECK;

/* An easy handle with the options that all requests share; NULL when out of memory. */
CURL *transfer_new_easy(struct transport *t);

/* The options of x on x->easy. */
void transfer_set_options(struct transfer *x);

/* There is no descriptor or no memory for it, as errno says: ERR_NET with the cure. */
int transfer_no_room(const struct transfer *x, int error, struct err *err);

/* Puts curl's failure in words. */
void transfer_explain(const struct transfer *x, CURLcode rc, struct err *err);

/* The body is complete: what was held is handed over. 0, or a code, with the failure noted. */
int transfer_flush(struct transfer *x) MUST_CHECK;

/* True for 2xx. */
bool transfer_succeeds(const struct transfer *x);

#endif
