/* base64.h: RFC 4648, strict: no blanks, unused bits zero; of section 4 with its padding, of
 * section 5 (base64url) without any. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the encoded text. */
void base64_encode(struct buf *out, const void *bytes, size_t len);

/* Appends the decoded bytes; false when text is no canonical base64 (out is as before). */
bool base64_decode(struct buf *out, const char *text, size_t len) MUST_CHECK;

/* The same of base64url. */
void base64url_encode(struct buf *out, const void *bytes, size_t len);
bool base64url_decode(struct buf *out, const char *text, size_t len) MUST_CHECK;

#endif
