/* target.c: see target.h. */
#include "io/net/egress/target.h"

#include <string.h>
#include <strings.h>

#define LABEL_MAX 63

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One of an address that is written in some base begins with a digit: 127.1, 0x7f000001. */
static bool is_label(const char *text, size_t len, bool last)
{
    if (len == 0 || len > LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    return !last || is_letter(text[0]);
}

bool target_is_name(const char *text, size_t len)
{
    if (len == 0 || len > EGRESS_HOST_MAX)
        return false;
    for (size_t at = 0; at <= len;) {
        const char *dot = memchr(text + at, '.', len - at);
        size_t end = dot ? (size_t)(dot - text) : len;
        if (!is_label(text + at, end - at, !dot))
            return false;
        at = end + 1;
    }
    return true;
}

/* "443", without sign, blank or leading zero; 0 when it is none. */
static unsigned read_port(const char *text, size_t len)
{
    unsigned port = 0;
    if (len == 0 || len > 5 || text[0] == '0')
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return 0;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

static bool read_host(const char *text, size_t len, struct target *out)
{
    if (!target_is_name(text, len))
        return false;
    for (size_t i = 0; i < len; i++)
        out->host[i] = (char)(is_letter(text[i]) ? text[i] | 0x20 : text[i]);
    out->host[len] = '\0';
    return true;
}

static bool read_place(const char *text, size_t len, unsigned usual, struct target *out)
{
    const char *colon = memchr(text, ':', len);
    size_t host = colon ? (size_t)(colon - text) : len;
    out->path = "";
    out->port = colon ? read_port(colon + 1, len - host - 1) : usual;
    return out->port > 0 && read_host(text, host, out);
}

bool target_read_authority(const char *text, struct target *out)
{
    return read_place(text, strlen(text), 0, out);
}

bool target_read_url(const char *text, struct target *out)
{
    if (strncasecmp(text, "http://", 7) != 0)
        return false;
    text += 7;
    size_t len = strcspn(text, "/?#");
    if (!read_place(text, len, 80, out) || strchr(text, '#'))
        return false;
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    out->path = text + len;
    return true;
}

bool target_fits_host(const struct target *target, const char *header)
{
    struct target other;
    return read_place(header, strlen(header), 80, &other) && other.port == target->port &&
           strcmp(other.host, target->host) == 0;
}

const struct egress_host *target_find(const struct target *target, const struct egress_host *hosts,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (hosts[i].port == target->port && strcasecmp(hosts[i].name, target->host) == 0)
            return &hosts[i];
    return NULL;
}
