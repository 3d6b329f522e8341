/* impl.h: what the files of model/schema share.
 *
 * node      one compiled subschema: its rules, in the order of the keyword table
 * rule      one keyword of one subschema
 * link      one subschema of a rule, with the property name or pattern that leads to it
 * resource  a subschema with an $id (or the root): what a URI names; anchors belong to it
 * in place  applied to the same value (allOf, $ref …), in contrast to its parts (properties, items …)
 *
 * Everything compiled lives in the arena of the schema and dies with it.
 */
#ifndef MODEL_SCHEMA_IMPL_H
#define MODEL_SCHEMA_IMPL_H

#include "model/schema.h"
#include "model/schema/regex.h"

#define SCHEMA_NODES_MAX 100000
#define SCHEMA_DEPTH_MAX 1000     /* subschemas in one another while checking */
#define SCHEMA_STEPS_MAX 10000000 /* of one check */

enum schema_draft { DRAFT_7 = 1, DRAFT_2020 = 2, DRAFT_ANY = 3 };

/* How the value of a keyword is read. */
enum shape {
    SHAPE_NOTE,    /* annotation: anything */
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
    KEY_TYPE, KEY_ENUM, KEY_CONST, KEY_MULTIPLE_OF, KEY_MAXIMUM, KEY_EXCLUSIVE_MAXIMUM, KEY_MINIMUM,
    KEY_EXCLUSIVE_MINIMUM, KEY_MAX_LENGTH, KEY_MIN_LENGTH, KEY_PATTERN, KEY_MAX_ITEMS,
    KEY_MIN_ITEMS, KEY_UNIQUE_ITEMS, KEY_MAX_PROPERTIES, KEY_MIN_PROPERTIES, KEY_REQUIRED,
    KEY_DEPENDENT_REQUIRED, KEY_PROPERTY_NAMES, KEY_PROPERTIES, KEY_PATTERN_PROPERTIES,
    KEY_ADDITIONAL_PROPERTIES, KEY_PREFIX_ITEMS, KEY_ITEMS, KEY_ITEMS_7, KEY_ADDITIONAL_ITEMS,
    KEY_CONTAINS, KEY_MIN_CONTAINS, KEY_MAX_CONTAINS, KEY_REF, KEY_DYNAMIC_REF, KEY_ALL_OF,
    KEY_ANY_OF, KEY_ONE_OF, KEY_NOT, KEY_IF, KEY_THEN, KEY_ELSE, KEY_DEPENDENT_SCHEMAS,
    KEY_DEPENDENCIES, KEY_UNEVALUATED_ITEMS, KEY_UNEVALUATED_PROPERTIES, KEY_OTHER
};

struct node;
struct rule;
struct frame;

struct keyword {
    const char *name;
    uint8_t drafts, shape, id;
    bool in_place;
    /* 0 = the value fits, 1 = it does not (reported), negative = ERR_*; NULL = constrains nothing
     * by itself */
    int (*check)(struct frame *frame, const struct rule *rule);
};

struct link {
    const char *key; /* property name; NULL in lists */
    uint32_t key_len;
    const struct regex *regex; /* of a patternProperties key */
    struct node *node;         /* NULL: `names` instead */
    const struct json *names;  /* of dependencies: names that are required */
};

struct rule {
    const struct keyword *keyword;
    const struct json *value; /* the keyword's JSON */
    struct link *links;
    uint32_t count; /* of links */
    uint32_t types; /* SHAPE_TYPES: bits of enum json_type, and TYPE_INTEGER */
    size_t number;  /* SHAPE_COUNT */
    const struct regex *regex;
    const struct anchor *dynamic; /* $dynamicRef: looked for in the dynamic scope */
};

enum { TYPE_INTEGER = 1 << 16 };

struct anchor {
    const char *name;
    size_t len;
    bool dynamic;
    struct node *node;
    struct anchor *next;
};

struct resource {
    const char *uri; /* absolute, without fragment; "" for a root without $id */
    size_t uri_len;
    struct node *root;
    struct anchor *anchors;
    struct resource *next;
};

struct node {
    const struct json *source;
    struct resource *resource;
    struct rule *rules;
    uint32_t rule_count;
    bool boolean, allows; /* a boolean schema and its value */
    bool tracks;          /* has an unevaluated keyword */
    bool is_path;         /* "format":"path" */
    uint8_t colour;       /* of the search for cycles */
    struct node *next;
};

struct schema {
    struct json_doc doc;        /* the arena of everything compiled */
    struct json_doc sources[3]; /* the document, and the metaschemas it refers to */
    size_t source_count;
    struct node *root, *nodes, *last;
    size_t node_count;
    struct resource *resources;
    struct node **index; /* open addressing by source; compile only */
    size_t index_size;
};

/* A place in a document, for errors: a chain on the C stack. */
struct where {
    const struct where *up;
    const char *key; /* NULL: an index */
    uint32_t key_len, index;
};

/* Writes the JSON pointer of a place, cut to size - 1 bytes. */
void where_write(const struct where *where, char *out, size_t size);

/* ---- schema.c ---- */
/* Parses one more source document, kept with the schema. */
int schema_add_source(struct schema *schema, const char *text, size_t len, const struct json **root,
                      struct err *err) MUST_CHECK;

/* ---- keywords.c ---- */
const struct keyword *keyword_find(const char *name, size_t len, enum schema_draft draft);
/* The draft a keyword of that name would be known in, or 0. */
unsigned keyword_drafts(const char *name, size_t len);

/* ---- compile.c ---- */
struct compiler {
    struct schema *schema;
    enum schema_draft draft;
    bool official; /* reading an official metaschema: $vocabulary is known */
    struct err *err;
};
/* Compiles the subschema and all below it, appending nodes. NULL after err was set. */
struct node *compile_node(struct compiler *c, const struct json *source, struct resource *resource,
                          const struct where *where);
struct node *compile_find(const struct schema *schema, const struct json *source);
int compile_fail(struct compiler *c, int code, const struct where *where, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The draft named by $schema, 0 when it is none of ours. */
enum schema_draft compile_draft(const struct json *source);

/* ---- refs.c ---- */
/* Reads $id, $anchor and $dynamicAnchor of a node being compiled: sets node->resource. */
int refs_enter(struct compiler *c, struct node *node, struct resource *resource,
               const struct where *where) MUST_CHECK;
/* Resolves every reference of every node, compiling the official metaschemas on demand. */
int refs_resolve(struct compiler *c) MUST_CHECK;
/* Refuses references that come back to themselves without consuming input. */
int refs_refuse_cycles(struct compiler *c) MUST_CHECK;

/* ---- uri.c ---- */
/* Appends the resolution of a reference against a base (RFC 3986, 5.2), without its fragment. */
void uri_resolve(struct buf *out, const char *base, size_t base_len, const char *ref, size_t len);
/* The fragment behind #, percent-decoded; NULL data when there is no #. ERR_SCHEMA when broken. */
int uri_fragment(struct buf *out, const char *ref, size_t len, bool *present) MUST_CHECK;

/* ---- meta.c ---- */
/* The text of the official metaschema that defines this URI, or NULL. */
const char *meta_text(const char *uri, size_t len);

/* ---- number.c ---- */
int number_compare(const struct json *a, const struct json *b); /* exact; -1, 0, 1 */
bool number_is_integer(const struct json *value);
/* 1 when value is a multiple of factor, exactly; 0 when not; ERR_MEMORY. */
int number_divides(const struct json *value, const struct json *factor) MUST_CHECK;
bool number_to_count(const struct json *value, size_t *count);
/* A total order in which equal values are neighbours; takes its cost off *budget, 0 when spent. */
int value_order(const struct json *a, const struct json *b, size_t *budget);

/* ---- check.c ---- */
struct check {
    const struct schema *schema;
    size_t steps;
    unsigned depth, quiet;
    struct schema_error *errors;
    size_t max, count;
    struct regex_scratch regex;
};

struct scope { /* resources entered, innermost first */
    const struct scope *up;
    const struct resource *resource;
};

struct seen { /* one bit per member or item that a keyword has evaluated */
    uint64_t *bits;
    uint64_t few;
    size_t words;
};

/* One node applied to one value. */
struct frame {
    struct check *check;
    const struct node *node;
    const struct json *value;
    const struct where *where;
    const struct scope *scope;
    struct seen *seen; /* NULL when nobody asks */
};

int check_spend(struct check *check, size_t steps) MUST_CHECK;
const struct rule *check_sibling(const struct frame *frame, enum keyword_id id);
int check_in_place(struct frame *frame, const struct node *node) MUST_CHECK;
/* Without errors and, with seen NULL, without marks. */
int check_quietly(struct frame *frame, const struct node *node, struct seen *seen) MUST_CHECK;
int check_member(struct frame *frame, const struct node *node, const struct json_member *member) MUST_CHECK;
int check_item(struct frame *frame, const struct node *node, uint32_t index) MUST_CHECK;
int check_name(struct frame *frame, const struct node *node, const struct json_member *member) MUST_CHECK;
int check_item_quietly(struct frame *frame, const struct node *node, uint32_t index) MUST_CHECK;
void seen_mark(struct seen *seen, uint32_t index);
void seen_mark_all(struct seen *seen, uint32_t count);
bool seen_has(const struct seen *seen, uint32_t index);
int check_search(struct frame *frame, const struct regex *regex, const char *text, size_t len) MUST_CHECK;
/* Reports that the frame's value breaks the rule; always 1. */
int check_report(const struct frame *frame, const char *keyword, uint32_t at, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The same for one member or item of it. */
int check_report_member(struct frame *frame, const char *keyword, const struct json_member *member,
                        const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- assert.c and apply.c: one function per keyword ---- */
#define SCHEMA_CHECKS(X)                                                                           \
    X(type) X(enum) X(const) X(multiple_of) X(maximum) X(exclusive_maximum) X(minimum)             \
    X(exclusive_minimum) X(max_length) X(min_length) X(pattern) X(max_items) X(min_items)          \
    X(unique_items) X(max_properties) X(min_properties) X(required) X(dependent_required)          \
    X(property_names) X(properties) X(pattern_properties) X(additional_properties)                 \
    X(prefix_items) X(items) X(items_7) X(additional_items) X(contains) X(ref) X(dynamic_ref)      \
    X(all_of) X(any_of) X(one_of) X(not) X(if) X(dependent_schemas) X(dependencies)                \
    X(unevaluated_items) X(unevaluated_properties)
#define X(name) int check_##name(struct frame *frame, const struct rule *rule);
SCHEMA_CHECKS(X)
#undef X

#endif
