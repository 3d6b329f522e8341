/* schema_types.h: which types of values the schema of a parameter takes. */
#ifndef MODEL_DIALECT_SCHEMA_TYPES_H
#define MODEL_DIALECT_SCHEMA_TYPES_H

#include "base/json.h"

/* A schema, and the one in which its references are looked up. schema NULL: nothing was said. */
struct schema_ref {
    const struct json *schema, *root;
};

enum schema_type {
    SCHEMA_TYPE_STRING = 1,
    SCHEMA_TYPE_INTEGER = 2,
    SCHEMA_TYPE_NUMBER = 4,
    SCHEMA_TYPE_BOOLEAN = 8,
    SCHEMA_TYPE_NULL = 16,
    SCHEMA_TYPE_ARRAY = 32,
    SCHEMA_TYPE_OBJECT = 64,
};

/* The types that it takes, of all its alternatives; 0: it does not say, or not within reason. */
unsigned schema_types_of(struct schema_ref w);

/* Does one of these types have such a value? */
bool schema_types_fit(unsigned types, const struct json *value);

/* Is the text itself one of the values that the schema lists? */
bool schema_types_names(struct schema_ref w, const char *text, size_t len);

/* What an object's member wants, or an array's item. */
struct schema_ref schema_types_member(struct schema_ref w, const char *key, size_t len);
struct schema_ref schema_types_item(struct schema_ref w);

#endif
