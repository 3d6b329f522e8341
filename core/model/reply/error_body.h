/* error_body.h: what a foreign server says of an error, as a text that may be quoted. Pure. */
#ifndef MODEL_ERROR_BODY_H
#define MODEL_ERROR_BODY_H

#include "base/json.h"

/* Appends the beginning of foreign text, in one line of valid UTF-8. */
void error_body_excerpt(struct buf *out, const char *text, size_t len);

/* Appends the message of an error: a text, an object that has one, a list of such; or what it is.
 */
void error_body_text(struct buf *out, const struct json *error);

/* Appends of which kinds it says it is, with blanks between: its type, status and code, texts or
 * numbers. They are the server's own words, while a message may repeat what was asked. */
void error_body_kinds(struct buf *out, const struct json *error);

#endif
