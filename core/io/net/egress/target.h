/* target.h: where a request is to go, as a client of a proxy writes it, and the list that says
 * where it may. Names only: an address, however it is written, is no name. Pure.
 */
#ifndef IO_EGRESS_TARGET_H
#define IO_EGRESS_TARGET_H

#include "io/net/egress.h"

struct target {
    char host[EGRESS_HOST_MAX + 1]; /* in lower case */
    unsigned port;
    const char *path; /* of an absolute URL, with its query; into the text; "" means "/" */
};

/* Is it a host's name: labels of letters, digits, '-' and '_', the last one no number? */
bool target_is_name(const char *text, size_t len);

/* Reads "host:port". */
bool target_read_authority(const char *text, struct target *out);

/* Reads "http://host[:port][/path]". */
bool target_read_url(const char *text, struct target *out);

/* Does a Host header mean this target? */
bool target_fits_host(const struct target *target, const char *header);

/* The host of the list that this is, or NULL. */
const struct egress_host *target_find(const struct target *target, const struct egress_host *hosts,
                                      size_t count);

#endif
