/* compile.h: from a JSON tree to nodes: compile.c walks the document, refs.c keeps identifiers and
 * closes references, meta.c holds the two official metaschemas. */
#ifndef MODEL_SCHEMA_COMPILE_H
#define MODEL_SCHEMA_COMPILE_H

#include "model/schema/node.h"

#define SCHEMA_NODES_MAX   100000
#define SCHEMA_NESTING_MAX 1000 /* references in place that lead to one another */

struct compiler {
    struct schema *schema;
    enum schema_draft draft;
    bool official;   /* reading an official metaschema: $vocabulary is known */
    struct err *err; /* never NULL */
    bool old;        /* something in it is draft-07's alone */
};

/* Compiles the subschema and all below it, appending nodes. NULL after err was set. */
struct node *compile_node(struct compiler *c, const struct json *source, struct resource *resource,
                          const struct where *where);

/* The node of a subschema of the document, or NULL. */
struct node *compile_find(const struct schema *schema, const struct json *source);

/* Sets the error with its place in the schema; answers code. */
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

/* ---- schema.c and meta.c ---- */

/* Parses one more source document, kept with the schema. */
int schema_add_source(struct schema *schema, const char *text, size_t len, const struct json **root,
                      struct err *err) MUST_CHECK;

/* The text of the official metaschema that defines this URI, or NULL. */
const char *meta_text(const char *uri, size_t len);

#endif
