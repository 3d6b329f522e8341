/* json_scan.h: one pass over JSON text that calls a sink; nothing is built that the sink does not
 * build. Sinks: the tree (json_tree_sink), canonical text (json_text_sink), Lua values
 * (script/value_decode.c); a walk over a Lua value feeds the same sinks (script/value.h). */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/text/utf8.h"

#define JSON_DEPTH_MAX  512 /* no text, tree or Lua value nests deeper, whatever the limits say */
#define JSON_NUMBER_MAX 512 /* bytes of one real literal */

/* Bounds of one scan. Zero fields mean the defaults below. */
struct json_limits {
    size_t bytes;   /* text, default 16 MiB */
    unsigned depth; /* nesting, default 128, never above 512 */
    size_t values;  /* values in all, default 1 Mi */
};

/* The limits with the defaults filled in; NULL = all defaults. */
struct json_limits json_limits(const struct json_limits *limits);

/* 1-based line and column of a byte offset. */
void json_position(const char *text, size_t len, size_t at, unsigned *line, unsigned *column);

/* Callbacks answer 0, or a negative code that ends the scan with it; ERR_EXISTS means "duplicate
 * key" and is told as ERR_JSON. Strings are decoded, valid UTF-8, and borrowed until the callback
 * returns. `at` is the offset of the value. A callback may longjmp only when `scratch` is given. */
struct json_sink {
    int (*null)(void *ctx, size_t at);
    int (*boolean)(void *ctx, bool value, size_t at);
    int (*integer)(void *ctx, int64_t value, size_t at);
    int (*real)(void *ctx, double value, size_t at);
    int (*string)(void *ctx, const char *text, size_t len, size_t at);
    int (*key)(void *ctx, const char *text, size_t len, size_t at);
    int (*begin_array)(void *ctx, size_t at);
    int (*end_array)(void *ctx);
    int (*begin_object)(void *ctx, size_t at);
    int (*end_object)(void *ctx, size_t *fault); /* ERR_EXISTS: *fault = offset of the key */
    char *(*scratch)(void *ctx, size_t len);     /* optional: room to decode a long string in */
};

/* One pass over text; errors as json_parse. Duplicate keys are the sink's business. */
int json_scan(const char *text, size_t len, const struct json_limits *limits,
              const struct json_sink *sink, void *ctx, struct err *err) MUST_CHECK;

/* The builder as a sink: ctx is a struct json_builder. */
extern const struct json_sink json_tree_sink;

/* Canonical text as a sink: ctx is a struct json_text. Sorts members as objects end. */
extern const struct json_sink json_text_sink;

struct json_text {
    struct buf *out;    /* borrowed */
    struct buf members; /* private: members of the open objects */
    struct buf keys;    /* private: their keys */
    struct buf frames;  /* private: the open containers */
    struct buf spare;   /* private: where members change places */
};

/* Begins to append text to out. A new sink is {0}; one that was used keeps what memory it needed.
 * clear frees that, not out. */
void json_text_begin(struct json_text *text, struct buf *out);
void json_text_clear(struct json_text *text);

/* The order of keys: negative, 0, positive; by bytes, a prefix first. */
int json_key_order(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
