/* reply_head.c: status line, content-type, content-length, content-encoding, retry-after,
 * retry-after-ms, www-authenticate, mcp-session-id; the rest is counted. */
#include "io/net/transport/reply_head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define MOST 1000000000000 /* of a number in a header */

/* The value of header `name`, without blanks around it; NULL when the line is another. */
static const char *value_of(const char *line, size_t len, const char *name, size_t *value_len)
{
    size_t n = strlen(name);
    if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
        return NULL;
    const char *value = line + n + 1, *end = line + len;
    while (value < end && isspace((unsigned char)*value))
        value++;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    *value_len = (size_t)(end - value);
    return value;
}

static void set_type(struct reply_head *head, const char *value, size_t len)
{
    size_t n = 0;
    while (n < len && n < sizeof head->type - 1 && value[n] != ';' &&
           !isspace((unsigned char)value[n])) {
        unsigned char c = (unsigned char)value[n];
        head->type[n++] = isprint(c) ? (char)tolower(c) : '?';
    }
    head->type[n] = '\0';
}

/* "HTTP/1.1 200 OK" begins a reply: what an interim one said is forgotten. */
static void begin(struct reply_head *head, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    const char *end = line + len;
    size_t bytes = head->bytes;
    *head = (struct reply_head){.bytes = bytes, .retry_after = -1, .length = -1};
    for (const char *p = space ? space + 1 : end; p < end && isdigit((unsigned char)*p); p++)
        if (head->status < 1000)
            head->status = head->status * 10 + (*p - '0');
}

/* Digits alone, what is too large as MOST; -1 for anything else. */
static int64_t number_of(const char *value, size_t len)
{
    int64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isdigit((unsigned char)value[i]))
            return -1;
        number = number < MOST / 10 ? number * 10 + (value[i] - '0') : MOST;
    }
    return len ? number : -1;
}

/* The server says which: more exactly in milliseconds. A date is libcurl's to read. */
static void set_retry(struct reply_head *head, int64_t ms, bool exact)
{
    if (ms >= 0 && (exact || head->retry_after < 0))
        head->retry_after = ms;
}

static int set_length(struct reply_head *head, int64_t length, struct err *err)
{
    if (head->length >= 0 && length != head->length)
        return err_set(err, ERR_PROTOCOL, "the reply has two lengths that differ");
    head->length = length;
    return 0;
}

static void set_session(struct reply_head *head, const char *value, size_t len)
{
    bool visible = len < sizeof head->session;
    for (size_t i = 0; i < len && visible; i++)
        visible = value[i] > 0x20 && value[i] < 0x7F;
    memcpy(head->session, value, visible ? len : 0);
    head->session[visible ? len : 0] = '\0';
}

static void set_challenge(struct reply_head *head, const char *value, size_t len)
{
    size_t n = 0;
    for (; n < len && n < sizeof head->challenge - 1; n++)
        head->challenge[n] = value[n] >= 0x20 && value[n] < 0x7F ? value[n] : '?';
    head->challenge[n] = '\0';
}

int reply_head_line(struct reply_head *head, const char *line, size_t len, size_t max,
                    struct err *err)
{
    size_t n;
    const char *value;
    head->bytes += len;
    if (head->bytes > max)
        return err_set(err, ERR_LIMIT, "the headers of the reply are over %zu bytes", max);
    if (head->complete) // trailers
        return 0;
    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        begin(head, line, len);
    else if (len <= 2 && (len == 0 || line[0] == '\r' || line[0] == '\n'))
        head->complete = head->status >= 200;
    else if ((value = value_of(line, len, "content-type", &n)))
        set_type(head, value, n);
    else if ((value = value_of(line, len, "content-encoding", &n)))
        head->encoded = !(n == 8 && strncasecmp(value, "identity", 8) == 0);
    else if ((value = value_of(line, len, "content-length", &n)))
        return set_length(head, number_of(value, n), err);
    else if ((value = value_of(line, len, "retry-after-ms", &n)))
        set_retry(head, number_of(value, n), true);
    else if ((value = value_of(line, len, "retry-after", &n)))
        set_retry(head, number_of(value, n) * 1000, false);
    else if (!head->challenge[0] && (value = value_of(line, len, "www-authenticate", &n)))
        set_challenge(head, value, n);
    else if ((value = value_of(line, len, "mcp-session-id", &n)))
        set_session(head, value, n);
    return 0;
}
