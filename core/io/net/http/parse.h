/* parse.h: HTTP/1.1 requests from bytes, by llhttp in its strict mode and what it leaves open:
 * caps, folded headers, Host, framing that two parsers could read differently. No sockets here.
 */
#ifndef IO_HTTP_PARSE_H
#define IO_HTTP_PARSE_H

#include <llhttp.h>

#include "base/buf.h"

#define HTTP_HEADERS_MAX 100 /* header lines of a request */

struct http_header {
    const char *name; /* lower case */
    const char *value;
};

/* A complete request; everything is borrowed from the parser until it is reset. */
struct http_request {
    const char *method;
    const char *target; /* as it was sent */
    const char *path;   /* of the target, not decoded */
    const char *query;  /* after '?', or "" */
    const struct http_header *headers;
    size_t header_count;
    const char *body; /* NUL-terminated */
    size_t body_len;
    bool keep_alive;
    bool is_1_0;
};

struct http_parser {
    llhttp_t llhttp;
    size_t head_max, body_max;
    struct buf text; /* target, names and values, each with its NUL */
    struct buf body;
    uint32_t starts[2 * HTTP_HEADERS_MAX + 1]; /* in text: target, name, value, name, value ... */
    size_t start_count;
    struct http_header headers[HTTP_HEADERS_MAX];
    struct http_request request;
    size_t head_bytes, extra_bytes; /* before the body; chunk extensions and trailers */
    size_t raw_bytes;               /* of the body with its framing */
    size_t line_len;                /* of the head's line that is being read */
    unsigned spaces;                /* in the request line */
    char last;                      /* byte of the head */
    bool seen_line, head_done, done;
    bool is_proxy; /* set by who reads for one: CONNECT is taken, its target is not split */
    bool wants_continue; /* Expect: 100-continue, not answered yet */
    int status;          /* HTTP status of the refusal, or 0 */
    const char *why;
};

void http_parser_init(struct http_parser *p, size_t head_max, size_t body_max);
void http_parser_clear(struct http_parser *p);

/* Ready for the next request; memory is kept. */
void http_parser_reset(struct http_parser *p);

/* Takes bytes; answers how many were used. Then p->done (p->request is there, stop feeding), or
 * p->status (refuse with it and close), or it wants more. */
size_t http_parser_feed(struct http_parser *p, const char *bytes, size_t len);

/* True when some byte of a request has come. */
bool http_parser_began(const struct http_parser *p);

/* The value of a header, or NULL. */
const char *http_header_of(const struct http_request *request, const char *name);

#endif
