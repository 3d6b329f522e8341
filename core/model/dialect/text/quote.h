/* quote.h: where a text quotes: fenced, indented and inline code, quoted lines, quotes, elements of
 * HTML, rows of tables, items of lists, what is called an example. It is followed byte by byte and
 * asked at a place. Pure. */
#ifndef MODEL_DIALECT_QUOTE_H
#define MODEL_DIALECT_QUOTE_H

#include "model/dialect/text/scan.h"

struct element;

struct quote {
    size_t line;            /* where the line begins */
    size_t before, before_end; /* the last line before it with anything on it */
    size_t ticks;           /* of inline code that is open; 0: none */
    char fence;             /* of fenced code that is open; 0: none */
    size_t fence_len;
    size_t fence_from; /* what stands in it begins here, or goes on behind a call */
    bool fence_data; /* its language is none, or one of data, and it is no example */
    size_t asked;    /* whether one opens was asked at the byte before this one: */
    bool opens;
    bool example;    /* the line, or the one before it, has said so */
    bool quoting;    /* a line of this paragraph began with > */
    size_t taken;    /* what is before was a call: it does not indent what is behind it */
    const struct element *element; /* of HTML that is open, or NULL */
    bool encloses;   /* it quotes, whatever comes */
    unsigned unclosed; /* elements whose end mark does not come any more, a bit for each */
};

/* Takes what stands at text[*at]: at least a byte, at most a line's fence; *at is behind it.
 * FOUND_MORE: only more text can tell. */
enum found quote_step(struct quote *q, const char *text, size_t len, bool final, size_t *at);

/* Is a mark at `at` quoted? Is data there, which some fences are for? */
bool quote_hides_mark(struct quote *q, const char *text, size_t at);
bool quote_hides_data(struct quote *q, const char *text, size_t at);

/* Does what stands at `at` stand apart from what is said: in an element of HTML, an indented line,
 * a row of a table or behind the mark of a list's item? MORE: only more text can tell. */
enum found quote_sets_apart(struct quote *q, const char *text, size_t len, bool final, size_t at);

/* Is it on a line that begins with >, or in the paragraph of one? */
bool quote_in_line(const struct quote *q, const char *text, size_t at);

/* Does a quotation mark, or one of HTML, stand right before `at`? Then all that begins there is
 * quoted. */
bool quote_opens(struct quote *q, const char *text, size_t at);

/* Is what stands at `at` said to be an example? Asked only of what would be a call otherwise. */
bool quote_is_example(struct quote *q, const char *text, size_t at);
/* The same of a mark. */
bool quote_mark_is_example(const struct quote *q, const char *text, size_t at);

/* What stands from `from` to `to` was a call. */
void quote_taken(struct quote *q, const char *text, size_t from, size_t to);

/* Does nothing but blanks stand before `at` in its line? */
bool quote_line_begins(const struct quote *q, const char *text, size_t at);

#endif
