/* utf8.h: well-formed UTF-8 as in table 3-7 of the Unicode standard: no surrogates, no overlong
 * forms, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/base.h"

/* True when the bytes are well-formed. */
bool utf8_valid(const char *text, size_t len);

/* Length (1..4) of the well-formed sequence that begins at text, or 0 when there is none within
 * left bytes. */
size_t utf8_sequence(const char *text, size_t left);

/* Makes a text that was put together from foreign bytes, or cut anywhere, one that can be shown and
 * recorded, in place and within size bytes: each ill-formed part becomes one U+FFFD; a character
 * that the end of the room cut off is dropped. Control characters stay: JSON escapes them, and what
 * is printed is cleaned of them (lua/orket/view/format/text.lua). */
void utf8_clean(char *text, size_t size);

/* Writes the code point (no surrogate, at most U+10FFFF) to out; returns 1..4. */
size_t utf8_write(char out[4], uint32_t code);

/* Number of leading bytes that a JSON string carries as they are and that are ASCII: printable, no
 * quote, no backslash. */
size_t utf8_plain(const char *text, size_t len);

#endif
