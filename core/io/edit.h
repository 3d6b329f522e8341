/* edit.h: line editing on a terminal through libedit: history, completion from a list of words.
 *
 * edit_line blocks and is meant for a worker thread; it touches nothing but its own handle. */
#ifndef IO_EDIT_H
#define IO_EDIT_H

#include "base/buf.h"
#include "base/err.h"

struct edit;

/* Opens the editor on standard input and output; `history` is a file to load and append to (NULL =
 * none; a file that cannot be used is no error). ERR_IO, ERR_MEMORY. */
int edit_open(const char *history, struct edit **out, struct err *err) MUST_CHECK;
void edit_close(struct edit *edit);

/* The words that the tab key completes: NUL-terminated strings one after the other, an empty one at
 * the end. Copied. ERR_MEMORY. */
int edit_words(struct edit *edit, const char *words, size_t len) MUST_CHECK;

/* Reads one line without its end into line (reset first). 0, ERR_NOT_FOUND at the end of the input,
 * ERR_CANCELED when interrupted (^C), ERR_MEMORY. */
int edit_line(struct edit *edit, const char *prompt, struct buf *line) MUST_CHECK;

#endif
