/* keywords.h: the keywords of the two drafts: how each value is read, and in which order they are
 * checked. What is neither in the table of keywords.c nor an "x-" note is refused. */
#ifndef MODEL_SCHEMA_KEYWORDS_H
#define MODEL_SCHEMA_KEYWORDS_H

#include "base/base.h"

enum schema_draft { DRAFT_7 = 1, DRAFT_2020 = 2, DRAFT_ANY = 3 };

/* How the value of a keyword is read. */
enum shape {
    SHAPE_NOTE,    /* annotation: anything */
    SHAPE_TEXT,    /* annotation: a string */
    SHAPE_CORE,    /* read by enter_schema: $id, anchors, $schema */
    SHAPE_REF,     /* a URI reference */
    SHAPE_SCHEMA,  /* one schema */
    SHAPE_LIST,    /* an array of schemas, not empty */
    SHAPE_MAP,     /* an object of schemas */
    SHAPE_MATCH,   /* an object of schemas, its keys are patterns */
    SHAPE_ITEMS_7, /* a schema or an array of schemas */
    SHAPE_NEEDS_7, /* an object of schemas or arrays of names */
    SHAPE_NEEDS,   /* an object of arrays of names */
    SHAPE_NAMES,   /* an array of names */
    SHAPE_TYPES,   /* a type name or an array of them */
    SHAPE_ENUM,    /* an array */
    SHAPE_ANY,
    SHAPE_BOOL,
    SHAPE_NUMBER,
    SHAPE_FACTOR, /* a number above zero */
    SHAPE_COUNT,  /* an integer, zero or more */
    SHAPE_REGEX,
    SHAPE_FORMAT,
};

/* Order is the order of checking: assertions, parts, in place, what is left over. */
enum keyword_id {
    KEY_TYPE,
    KEY_ENUM,
    KEY_CONST,
    KEY_MULTIPLE_OF,
    KEY_MAXIMUM,
    KEY_EXCLUSIVE_MAXIMUM,
    KEY_MINIMUM,
    KEY_EXCLUSIVE_MINIMUM,
    KEY_MAX_LENGTH,
    KEY_MIN_LENGTH,
    KEY_PATTERN,
    KEY_MAX_ITEMS,
    KEY_MIN_ITEMS,
    KEY_UNIQUE_ITEMS,
    KEY_MAX_PROPERTIES,
    KEY_MIN_PROPERTIES,
    KEY_REQUIRED,
    KEY_DEPENDENT_REQUIRED,
    KEY_PROPERTY_NAMES,
    KEY_PROPERTIES,
    KEY_PATTERN_PROPERTIES,
    KEY_ADDITIONAL_PROPERTIES,
    KEY_PREFIX_ITEMS,
    KEY_ITEMS,
    KEY_ITEMS_7,
    KEY_ADDITIONAL_ITEMS,
    KEY_CONTAINS,
    KEY_MIN_CONTAINS,
    KEY_MAX_CONTAINS,
    KEY_REF,
    KEY_DYNAMIC_REF,
    KEY_ALL_OF,
    KEY_ANY_OF,
    KEY_ONE_OF,
    KEY_NOT,
    KEY_IF,
    KEY_THEN,
    KEY_ELSE,
    KEY_DEPENDENT_SCHEMAS,
    KEY_DEPENDENCIES,
    KEY_UNEVALUATED_ITEMS,
    KEY_UNEVALUATED_PROPERTIES,
    KEY_OTHER
};

struct frame;
struct rule;

struct keyword {
    const char *name;
    uint8_t drafts, shape, id;
    bool in_place;
    /* 0 = the value fits, 1 = it does not (reported), negative = ERR_*; NULL = constrains nothing
     * by itself */
    int (*check)(struct frame *frame, const struct rule *rule);
};

const struct keyword *keyword_find(const char *name, size_t len, enum schema_draft draft);
/* The draft a keyword of that name would be known in, or 0. */
unsigned keyword_drafts(const char *name, size_t len);

/* ---- assert.c and apply.c: one function per keyword ---- */
#define SCHEMA_CHECKS(X)                                                                           \
    X(type)                                                                                        \
    X(enum)                                                                                        \
    X(const) X(multiple_of) X(maximum) X(exclusive_maximum) X(minimum) X(exclusive_minimum)        \
        X(max_length) X(min_length) X(pattern) X(max_items) X(min_items) X(unique_items)           \
            X(max_properties) X(min_properties) X(required) X(dependent_required)                  \
                X(property_names) X(properties) X(pattern_properties) X(additional_properties)     \
                    X(prefix_items) X(items) X(items_7) X(additional_items) X(contains) X(ref)     \
                        X(dynamic_ref) X(all_of) X(any_of) X(one_of) X(not ) X(if)                 \
                            X(dependent_schemas) X(dependencies) X(unevaluated_items)              \
                                X(unevaluated_properties)
#define X(name) int check_##name(struct frame *frame, const struct rule *rule);
SCHEMA_CHECKS(X)
#undef X

#endif
