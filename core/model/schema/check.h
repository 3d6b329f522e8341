/* check.h: a node applied to a value: what keywords use. The frame lives on the C stack, one for
 * each level of subschemas.
 *
 * seen   which members or items a keyword has evaluated; counts when the whole subschema fits
 * scope  the resources entered on the way, for $dynamicRef
 * quiet  nobody reads errors: the first broken rule ends a subschema
 */
#ifndef MODEL_SCHEMA_CHECK_H
#define MODEL_SCHEMA_CHECK_H

#include "model/schema/node.h"

#define SCHEMA_DEPTH_MAX 1000     /* subschemas in one another */
#define SCHEMA_STEPS_MAX 10000000 /* of one check */

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
    uint32_t named;    /* members that `properties` has met */
};

/* Takes steps off the budget; ERR_LIMIT when it is spent. */
int check_spend(struct check *check, size_t steps) MUST_CHECK;

/* Another rule of the same subschema, or NULL. */
const struct rule *check_sibling(const struct frame *frame, enum keyword_id id);

/* ---- applying a subschema: 0 fits, 1 does not (reported unless quiet), negative ERR_* ---- */

/* To the value itself; what it evaluates counts for the frame. */
int check_in_place(struct frame *frame, const struct node *node) MUST_CHECK;

/* The same without errors; seen NULL: without marks as well. */
int check_quietly(struct frame *frame, const struct node *node, struct seen *seen) MUST_CHECK;

/* To one member's value, one item, one member's name. */
int check_member(struct frame *frame, const struct node *node,
                 const struct json_member *member) MUST_CHECK;
int check_item(struct frame *frame, const struct node *node, uint32_t index) MUST_CHECK;
int check_item_quietly(struct frame *frame, const struct node *node, uint32_t index) MUST_CHECK;
int check_name(struct frame *frame, const struct node *node,
               const struct json_member *member) MUST_CHECK;

/* Marks a member or item as evaluated; nothing to do when seen is NULL. */
void seen_mark(struct seen *seen, uint32_t index);
bool seen_has(const struct seen *seen, uint32_t index);

/* 1 when the pattern occurs in the text, 0 when not; spends the budget. */
int check_search(struct frame *frame, const struct regex *regex, const char *text,
                 size_t len) MUST_CHECK;

/* ---- errors ---- */

/* Reports that the frame's value, or one member of it, breaks the rule; always 1. */
int check_report(const struct frame *frame, const char *keyword, uint32_t at, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
int check_report_member(struct frame *frame, const char *keyword, const struct json_member *member,
                        const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
