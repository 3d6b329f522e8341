/* bounds.h: where calls begin and end in text that was not meant to hold any: inside values, and
 * behind a call that could not be read. Of a form, the marks of its whole family count. Pure. */
#ifndef MODEL_DIALECT_BOUNDS_H
#define MODEL_DIALECT_BOUNDS_H

#include "model/dialect/grammar.h"
#include "model/dialect/text/scan.h"

/* Is it no word, nor short, as brackets and fences are, that stand in any text? */
bool bounds_is_mark(const char *text, size_t len);

/* Does a call begin at `at`: its marks, its name, and the beginning of what it is given? */
enum found bounds_begin(const struct form *form, const char *at, const char *end);

/* Behind what broke at `from`, and may be quoting: the end mark of its call, and *to is behind it
 * (YES), or the beginning of another call before any end, and *to is there (NO). At the end of a
 * final text *to is there, and where calls have no end marks at `from`: YES. */
enum found bounds_skip(const struct form *form, const char *from, const char *end, bool final,
                       const char **to);

/* Does a text hold a mark of the form, or the beginning of another call as JSON has it,
 * or Python? */
bool bounds_hold(const struct scan *s, const char *from, const char *to, bool python);

/* The same anywhere in [from, to); and of this form alone. */
enum found bounds_begin_in(const struct form *form, const char *from, const char *to,
                           const char *end);
enum found bounds_begin_own(const struct form *form, const char *at, const char *end);

/* Does a call of a declared tool begin at `at`, as a form that has no mark of its own writes it? */
bool bounds_declared(const struct form *form, const struct json *tools, const char *at,
                     const char *end);

/* Bytes of what was meant for a mark at the beginning of a text, or as its last: a letter or two
 * are wrong, missing or too many. 0: nothing was. */
size_t bounds_misspelled(struct text mark, const char *from, const char *to, bool last);

/* Is what stands at `at` set off from the text before it, like a word in a sentence or a quotation?
 * No template sets a mark so. */
bool bounds_set_off(const char *from, const char *at);

#endif
