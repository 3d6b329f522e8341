/* scan.h: a place in text that may go on, and the small steps all dialects are read with.
 *
 * Every reader answers one of three: FOUND_YES and the scan stands behind what was read; FOUND_NO,
 * it is not that; FOUND_MORE, the text ended before it could be told. FOUND_MORE of a scan that is
 * `final` means cut off. No reader decides by where the text happens to end unless it is final, so
 * that what was found in the beginning of a text stays found in the whole. */
#ifndef MODEL_DIALECT_SCAN_H
#define MODEL_DIALECT_SCAN_H

#include "base/err.h"
#include "base/json.h"

struct form; /* grammar.h */

enum found { FOUND_NO, FOUND_MORE, FOUND_YES };

struct scan {
    const char *at, *end;
    const char *stop; /* what stands behind the value that is read; a text in it may end there */
    size_t stop_len;
    const char *quote; /* a mark that strings stand between, as they are; len 0: none */
    size_t quote_len;
    /* what is read, or NULL: its marks stand in no string that had to be repaired */
    const struct form *form;
    const struct json *tools; /* that are declared, or NULL */
    /* NULL, or where a value begins that may have taken in what is behind its call */
    const char *doubt;
    bool lost;     /* what follows may be quoted by a call that could not be read */
    bool whole;    /* what could not be taken for a call was read to its end */
    bool wrong;    /* and is no JSON: a key twice, or a number that fits nowhere */
    bool held;     /* a string between marks of its own holds others */
    bool final;    /* nothing comes after end */
    bool repaired; /* something was mended on the way */
};

static inline size_t scan_left(const struct scan *s)
{
    return (size_t)(s->end - s->at);
}

/* Is the next byte c? It stays where it is. */
static inline bool scan_is(const struct scan *s, char c)
{
    return s->at < s->end && *s->at == c;
}

static inline bool scan_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline void scan_blanks(struct scan *s)
{
    while (s->at < s->end && scan_blank(*s->at))
        s->at++;
}

/* Is the text strict JSON? Without memory *starved is set, and the answer says nothing. */
static inline bool scan_json(struct json_doc *doc, const char *text, size_t len, bool *starved)
{
    int code = json_parse(doc, text, len, NULL, NULL);
    *starved |= code == ERR_MEMORY;
    return code == 0;
}

/* These bytes. */
enum found scan_text(struct scan *s, const char *text, size_t len);

/* Behind the bracket that closes the one at the scan; strings in between are passed over. NO:
 * brackets cross, or are nested too deep. */
#define SCAN_DEPTH_MAX 16
enum found scan_brackets(struct scan *s);

/* ASCII's letters, and whatever stands for letters beyond it. */
static inline bool scan_begins_name(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The name of a tool or a parameter: letters of any alphabet, digits, and _, with - . / inside it.
 * The bytes are borrowed, and valid UTF-8. A name that goes on past SCAN_NAME_MAX is none. */
#define SCAN_NAME_MAX 256
enum found scan_name(struct scan *s, const char **name, size_t *len);

#endif
