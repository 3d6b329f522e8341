/* sanitize.h: making foreign bytes safe to keep. Checking alone is utf8_valid in base/json.h. */
#ifndef BASE_SANITIZE_H
#define BASE_SANITIZE_H

#include "base/buf.h"

/* Appends text to out as valid UTF-8: each maximal ill-formed part becomes one U+FFFD, as the
 * WHATWG decoder does. out->failed tells of memory. */
void utf8_sanitize(struct buf *out, const char *text, size_t len);

/* Appends JSON in which every \u escape of half a letter has found its other half, as programs
 * write it that cut texts inside one: a first half at the end of a string is kept in *half, the
 * text of an escape's four digits or empty, and joins the second at a later string's beginning.
 * Others become U+FFFD. Whether it is JSON otherwise is not looked at. */
void halves_join(struct buf *out, const char *json, size_t len, char half[5]);

#endif
