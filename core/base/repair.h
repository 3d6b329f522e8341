/* repair.h: making foreign bytes safe to keep. Checking alone is utf8_valid in base/json.h. */
#ifndef BASE_REPAIR_H
#define BASE_REPAIR_H

#include "base/buf.h"

/* Appends text to out as valid UTF-8: each maximal ill-formed part becomes one U+FFFD, as the
 * WHATWG decoder does. out->failed tells of memory. */
void utf8_repair(struct buf *out, const char *text, size_t len);

#endif
