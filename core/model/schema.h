/* schema.h: JSON Schema (2020-12 and draft-07) over JSON trees; pure.
 *
 * A schema is compiled once and used many times. An unknown or unimplemented keyword that would
 * constrain is refused at compile time, never ignored; annotations (title, description, format,
 * content*, default, examples, deprecated, readOnly, writeOnly, $comment) constrain nothing.
 */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "base/json.h"

struct schema;

/* Compiles `source` (copied) to *out, as the draft that its $schema names; without one as 2020-12,
 * or as draft-07 when it has what draft-07 alone has. ERR_SCHEMA (malformed),
 * ERR_SCHEMA_UNSUPPORTED (unknown keyword; err names it with its JSON pointer), ERR_LIMIT,
 * ERR_MEMORY. */
int schema_compile(const struct json *source, struct schema **out, struct err *err) MUST_CHECK;
void schema_free(struct schema *schema);

/* One broken rule: `path` is a JSON pointer into the value, `keyword` the schema keyword. */
struct schema_error {
    char path[256];
    char keyword[32];
    char text[256];
    uint32_t at; /* json.at of the offending value (for an unknown key: of the key) */
};

/* 0 when value fits. ERR_SCHEMA with up to `max` errors filled in (*count of them, in document
 * order; errors may be NULL when max is 0: the check then stops at the first), or ERR_LIMIT when
 * the check would cost more than its step bound. */
int schema_check(const struct schema *schema, const struct json *value, struct schema_error *errors,
                 size_t max, size_t *count) MUST_CHECK;

/* Calls fn for every string in value that a subschema with "format":"path" describes (walking
 * properties, items and prefixItems, the places where tool schemas put paths). */
void schema_each_path(const struct schema *schema, const struct json *value,
                      void (*fn)(void *ctx, const char *pointer, const struct json *path),
                      void *ctx);

#endif
