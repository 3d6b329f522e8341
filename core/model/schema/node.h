/* impl.h: what the files of model/schema share.
 *
 * node      one compiled subschema: its rules, in the order of the keyword table
 * rule      one keyword of one subschema
 * link      one subschema of a rule, with the property name or pattern that leads to it
 * resource  a subschema with an $id (or the root): what a URI names; anchors belong to it
 * in place  applied to the same value (allOf, $ref …), in contrast to its parts (properties, items
 * …)
 *
 * Everything compiled lives in the arena of the schema and dies with it.
 */
#ifndef MODEL_SCHEMA_NODE_H
#define MODEL_SCHEMA_NODE_H

#include "model/schema.h"
#include "model/schema/keywords.h"
#include "model/schema/regex/regex.h"

struct node;

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

#endif
