/* reply_head.h: what transport keeps of a reply's header lines. Pure. */
#ifndef IO_TRANSPORT_REPLY_HEAD_H
#define IO_TRANSPORT_REPLY_HEAD_H

#include "base/err.h"

struct reply_head {
    int status;          /* of the last status line; 0 before the first */
    bool complete;       /* the blank line of a final reply (not 1xx) has come */
    bool encoded;        /* Content-Encoding other than identity */
    size_t bytes;        /* of all header lines and trailers so far */
    int64_t retry_after; /* milliseconds of retry-after-ms or retry-after, or -1: none, or a date */
    int64_t length;      /* the content-length, or -1 */
    char type[64];       /* media type, lower case, without parameters */
    char challenge[512]; /* www-authenticate, the first, visible ASCII and blanks, cut */
    char session[256]; /* mcp-session-id, visible ASCII; "" when there is none, or none like that */
};

/* Takes one line as libcurl hands it over, with its line end. ERR_LIMIT over `max` bytes in all,
 * ERR_PROTOCOL for two lengths that differ. */
int reply_head_line(struct reply_head *head, const char *line, size_t len, size_t max,
                    struct err *err) MUST_CHECK;

#endif
