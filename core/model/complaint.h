/* complaint.h: what a foreign server says of an error, as a text that may be quoted. Pure. */
#ifndef MODEL_COMPLAINT_H
#define MODEL_COMPLAINT_H

#include "base/json.h"

/* Appends the beginning of foreign text, in one line of valid UTF-8. */
void complaint_excerpt(struct buf *out, const char *text, size_t len);

/* Appends the message of an error: a text, an object that has one, a list of such; or what it is.
 */
void complaint_text(struct buf *out, const struct json *error);

/* Appends of which kinds it says it is, with blanks between: its type, status and code, texts or numbers. They are
 * the server's own words, while a message may repeat what was asked. */
void complaint_kinds(struct buf *out, const struct json *error);

#endif
