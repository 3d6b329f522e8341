/* hello.h: the server name in the first bytes of a TLS connection (RFC 8446, 6066). Pure: bytes in,
 * a verdict out. A program that asked for one host must not speak TLS with another one that the
 * same server has.
 */
#ifndef IO_EGRESS_HELLO_H
#define IO_EGRESS_HELLO_H

#include "base/base.h"

#define HELLO_MAX 16384 /* bytes of a ClientHello with its records */

enum hello {
    HELLO_MORE,      /* it is not complete */
    HELLO_FITS,      /* a ClientHello for exactly this host */
    HELLO_NOT_TLS,   /* it is none, or not well-formed */
    HELLO_NO_NAME,   /* it names no host */
    HELLO_OTHER,     /* it names another host */
    HELLO_CONCEALED, /* it names the host in a way that cannot be read (encrypted ClientHello) */
};

/* Judges the first len bytes of a connection, whose host is in lower case. */
enum hello hello_judge(const uint8_t *bytes, size_t len, const char *host);

/* What a verdict other than the first two means, one sentence. */
const char *hello_text(enum hello verdict);

#endif
