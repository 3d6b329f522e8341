/* uri.h: URI references as text (RFC 3986); nothing is fetched. */
#ifndef MODEL_SCHEMA_URI_H
#define MODEL_SCHEMA_URI_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the resolution of a reference against a base (RFC 3986, 5.2), without its fragment. */
void uri_resolve(struct buf *out, const char *base, size_t base_len, const char *ref, size_t len);

/* Appends the fragment behind #, percent-decoded. ERR_SCHEMA (broken escape), ERR_MEMORY. */
int uri_fragment(struct buf *out, const char *ref, size_t len, bool *present) MUST_CHECK;

#endif
