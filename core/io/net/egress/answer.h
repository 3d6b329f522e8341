/* answer.h: the answer of a server of HTTP/1.1, on its way to a program: its head is written anew,
 * its body goes through as it comes; where it ends is known. No sockets here.
 */
#ifndef IO_EGRESS_ANSWER_H
#define IO_EGRESS_ANSWER_H

#include <llhttp.h>

#include "base/buf.h"
#include "base/hash.h"

#define ANSWER_HEAD_MAX 65536

struct answer {
    llhttp_t llhttp;
    struct buf fields; /* "Name: value\r\n" as far as they are for the program */
    struct buf name, value, reason;
    struct hash_run *content; /* borrowed: of the body without its framing */
    size_t head_bytes;
    bool is_head; /* the request was one: there is no body */
    bool head_done, done, failed;
    int status;
};

void answer_init(struct answer *a, bool is_head, struct hash_run *content);
void answer_clear(struct answer *a);

/* Takes the next bytes of the server and puts what is for the program; a->done at its end (what
 * follows is dropped), a->failed when it is no answer of HTTP/1.1. */
void answer_feed(struct answer *a, const char *bytes, size_t len, struct buf *out);

/* The server says no more: is the answer complete? */
bool answer_end(struct answer *a);

#endif
