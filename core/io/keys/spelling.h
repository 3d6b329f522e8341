/* spelling.h: the ways in which a text may spell a secret value, so that one that comes back is
 * found: as it is, with what JSON and addresses do to characters, in base64 behind any other bytes,
 * and in hexadecimal. Not found: other codes, parts of a value, what was compressed or encrypted.
 */
#ifndef IO_SPELLING_H
#define IO_SPELLING_H

#include "base/base.h"

enum { SPELLING_PLAIN, SPELLING_HEX, SPELLING_BASE64, SPELLING_COUNT = SPELLING_BASE64 + 3 };

/* A value in each code; borrows the room that spelling_make was given. */
struct spelling {
    const char *form[SPELLING_COUNT];
};

/* Bytes of room for the forms of a value. */
size_t spelling_room(size_t len);

/* Writes the forms of a value of printable ASCII into the room. */
void spelling_make(struct spelling *spelling, const char *value, size_t len, char *room);

/* How many bytes at the beginning of the text spell the value, in the longest way; 0 when none
 * does; len + 1 when the text ends before that is clear, unless this is the `last` of it. */
size_t spelling_match(const struct spelling *spelling, const char *text, size_t len, bool last);

/* Which two bytes a spelling may begin with: most of a text is passed over with one look. */
struct spelling_filter {
    uint8_t first[256], second[256]; /* bits of the forms */
};

/* Adds the spellings of one more value. */
void spelling_mark(struct spelling_filter *filter, const struct spelling *spelling);

/* The first place from `at` on where something that was marked may begin;
 * len when there is none. */
static inline size_t spelling_next(const struct spelling_filter *filter, const char *text,
                                   size_t at, size_t len)
{
    for (; at < len; at++) {
        uint8_t forms = filter->first[(unsigned char)text[at]];
        if (!forms)
            continue;
        bool is_whole = at + 1 < len && text[at] != '\\' && text[at] != '%';
        if (!is_whole || forms & filter->second[(unsigned char)text[at + 1]])
            break;
    }
    return at;
}

#endif
