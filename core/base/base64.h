/* base64.h: RFC 4648 section 4, strict: padding required, no blanks, unused bits zero. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the encoded text. */
void base64_encode(struct buf *out, const void *bytes, size_t len);

/* Appends the decoded bytes; false when text is no canonical base64 (out is as before). */
bool base64_decode(struct buf *out, const char *text, size_t len) MUST_CHECK;

#endif
