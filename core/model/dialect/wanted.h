/* wanted.h: which types of values the schema of a parameter takes. */
#ifndef MODEL_DIALECT_WANTED_H
#define MODEL_DIALECT_WANTED_H

#include "base/json.h"

/* A schema, and the one in which its references are looked up. schema NULL: nothing was said. */
struct wanted {
    const struct json *schema, *root;
};

enum wanted_type {
    WANTED_STRING = 1,
    WANTED_INTEGER = 2,
    WANTED_NUMBER = 4,
    WANTED_BOOLEAN = 8,
    WANTED_NULL = 16,
    WANTED_ARRAY = 32,
    WANTED_OBJECT = 64,
};

/* The types that it takes, of all its alternatives; 0: it does not say, or not within reason. */
unsigned wanted_types(struct wanted w);

/* Does one of these types have such a value? */
bool wanted_fits(unsigned types, const struct json *value);

/* Is the text itself one of the values that the schema lists? */
bool wanted_names(struct wanted w, const char *text, size_t len);

/* What an object's member wants, or an array's item. */
struct wanted wanted_member(struct wanted w, const char *key, size_t len);
struct wanted wanted_item(struct wanted w);

#endif
