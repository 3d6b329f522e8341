/* normalize.h: texts that differ in nothing that matters, made equal: the case of Latin, Greek and
 * Cyrillic letters, how blanks are written and how many they are, letters with accents in one piece
 * or in two, wide forms, what is not seen, curled quotes and long dashes, and a full stop or
 * exclamation mark at the end. For telling repeated notes, not for showing.
 */
#ifndef BASE_NORMALIZE_H
#define BASE_NORMALIZE_H

#include "base/buf.h"

/* Appends the folded text; nothing of it may be left. The bytes have to be valid UTF-8; others
 * are taken as they are. */
void normalize_text(struct buf *out, const char *text, size_t len);

#endif
