/* json.h: the one JSON codec (RFC 8259, strict), the currency of every boundary.
 *
 * scan     one pass over the text, calling a sink (json_scan.h)
 * doc      an arena; every node and string of a tree lives in it and dies with it
 * tree     `struct json` values; read-only once built
 * builder  puts a tree together in a doc, or receives a scan (it is the tree sink)
 * write    text with sorted keys, no blanks: equal trees give equal bytes ("canonical")
 *
 * Strict means: valid UTF-8 only, no duplicate keys, no lone surrogates, no trailing bytes,
 * integers exact to 64 bit (an integer literal outside int64 is refused, not rounded), reals
 * finite, depth and size bounded. A number without fraction and exponent is an integer (-0 is 0);
 * every other is a real, and is written back as a real (-0.0 stays -0.0).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/json/json_scan.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_INT,
    JSON_REAL,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json;
struct json_member;

/* One value: 24 bytes, no parent pointer. */
struct json {
    uint8_t type; /* enum json_type */
    uint32_t len; /* string: bytes; array: items; object: members */
    uint32_t at;  /* byte offset of the value in the scanned text, for error messages; else 0 */
    union {
        int64_t integer;
        double real;
        const char *string;                /* NUL-terminated, may also contain NULs */
        const struct json *items;          /* contiguous */
        const struct json_member *members; /* contiguous, sorted by key bytes */
    } u;
};

struct json_member {
    const char *key;
    uint32_t key_len;
    uint32_t key_at; /* byte offset of the key in the scanned text */
    struct json value;
};

/* ---- doc: owns trees ---- */

struct json_doc {
    struct json_chunk *chunks; /* private */
    struct json root;          /* null until parsed or finished */
};

/* {0} is an empty doc. Reset keeps one small chunk for the next use; clear frees everything. */
void json_doc_reset(struct json_doc *doc);
void json_doc_clear(struct json_doc *doc);

/* len bytes in the doc's arena (aligned to 8), or NULL. */
void *json_doc_alloc(struct json_doc *doc, size_t len);

/* Parses text into doc->root (after a reset). ERR_JSON, ERR_UTF8, ERR_LIMIT, ERR_MEMORY; err->text
 * then ends in "at line L, column C" (1-based, columns in bytes). `limits` may be NULL. */
int json_parse(struct json_doc *doc, const char *text, size_t len, const struct json_limits *limits,
               struct err *err) MUST_CHECK;

/* ---- reading ---- */

/* The member's value, or NULL when there is none or `object` is no object (or is NULL). */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_get_n(const struct json *object, const char *key, size_t key_len);

/* The item, or NULL when out of range or `array` is no array (or is NULL). */
const struct json *json_at(const struct json *array, size_t index);

/* The string's bytes, or NULL when `value` is no string (or is NULL). */
const char *json_string(const struct json *value, size_t *len);

/* The first key of the object that is not in the NULL-terminated list; NULL: there is none. */
const char *json_unknown_key(const struct json *object, const char *const *known);

/* True when value is the string `text`. */
bool json_is(const struct json *value, const char *text);

/* The integer, or `otherwise` when value is none (or is NULL). */
int64_t json_int(const struct json *value, int64_t otherwise);

/* True only for JSON true. */
bool json_true(const struct json *value);

/* Deep equality; 1 and 1.0 are equal (RFC 8259 has numbers, not types). */
bool json_equal(const struct json *a, const struct json *b);

/* ---- building ---- */

/* Calls come in document order; errors are kept and answered by json_finish. A builder belongs to
 * one doc and must be finished or dropped. */
struct json_builder {
    struct json_doc *doc;
    struct buf stack;       /* private: open containers and their finished children */
    size_t open;            /* private: index + 1 of the innermost open container */
    struct json_member key; /* private: pending key */
    bool has_key;
    unsigned depth;
    int error;
    uint32_t at;    /* offset given to the next value */
    uint32_t fault; /* offset of a duplicate key */
};

void json_build(struct json_builder *b, struct json_doc *doc);
void json_add_null(struct json_builder *b);
void json_add_bool(struct json_builder *b, bool value);
void json_add_int(struct json_builder *b, int64_t value);
void json_add_real(struct json_builder *b, double value); /* not finite: ERR_JSON at finish */
void json_add_string(struct json_builder *b, const char *text, size_t len); /* copied */
void json_add_text(struct json_builder *b, const char *text);               /* NULL adds null */
void json_add_tree(struct json_builder *b,
                   const struct json *tree); /* shallow: tree must outlive doc */
void json_begin_array(struct json_builder *b);
void json_end_array(struct json_builder *b);
void json_begin_object(struct json_builder *b);
void json_key(struct json_builder *b, const char *key, size_t len); /* copied */
void json_end_object(struct json_builder *b); /* sorts; a duplicate key is ERR_JSON at finish */

/* Moves the built value to *root (in doc's arena) and ends the builder. 0 or ERR_JSON, ERR_UTF8,
 * ERR_LIMIT, ERR_MEMORY, ERR_BUG (calls out of order). */
int json_finish(struct json_builder *b, struct json *root) MUST_CHECK;

/* Gives up the half-built value. */
void json_drop(struct json_builder *b);

/* ---- writing ---- */

/* Appends the canonical text; out->failed tells of memory, out->max or a tree deeper than
 * JSON_DEPTH_MAX. */
void json_write(struct buf *out, const struct json *value);

/* Appends text as a JSON string with quotes. The bytes must be valid UTF-8 (utf8_valid). */
void json_write_string(struct buf *out, const char *text, size_t len);
void json_write_int(struct buf *out, int64_t value);
void json_write_real(struct buf *out, double value); /* fewest digits that read back equal */

#endif
