/* apply.c: the keywords that apply subschemas: to the parts of a value, to the value itself, to
 * what is left over. A keyword marks what it evaluated; marks count only when its whole subschema
 * fits. */
#include <string.h>

#include "model/schema/check.h"

/* Folds one answer into the result of a loop: false ends the loop. */
static bool fold(int *result, int one)
{
    *result = one < 0 ? one : *result | one;
    return one >= 0;
}

static uint32_t index_of(const struct json *object, const struct json *value)
{
    const char *member = (const char *)value - offsetof(struct json_member, value);
    return (uint32_t)((const struct json_member *)(const void *)member - object->u.members);
}

/* ---- objects ---- */

int check_properties(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; i < rule->count; i++) {
        const struct link *link = &rule->links[i];
        const struct json *value = json_get_n(frame->value, link->key, link->key_len);
        if (!value)
            continue;
        uint32_t index = index_of(frame->value, value);
        seen_mark(frame->seen, index);
        frame->named++;
        if (!fold(&result, check_member(frame, link->node, &frame->value->u.members[index])))
            break;
    }
    return result;
}

static bool is_object(const struct frame *frame)
{
    return frame->value->type == JSON_OBJECT;
}

int check_pattern_properties(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; is_object(frame) && i < frame->value->len; i++) {
        const struct json_member *member = &frame->value->u.members[i];
        for (uint32_t k = 0; k < rule->count; k++) {
            int found = check_search(frame, rule->links[k].regex, member->key, member->key_len);
            if (found < 0)
                return found;
            if (!found)
                continue;
            seen_mark(frame->seen, i);
            if (!fold(&result, check_member(frame, rule->links[k].node, member)))
                return result;
        }
    }
    return result;
}

/* 1 when properties or patternProperties of this node name the member. */
static int is_named(struct frame *frame, const struct rule *properties, const struct rule *patterns,
                    const struct json_member *member)
{
    if (properties && json_get_n(properties->value, member->key, member->key_len))
        return 1;
    for (uint32_t k = 0; patterns && k < patterns->count; k++) {
        int found = check_search(frame, patterns->links[k].regex, member->key, member->key_len);
        if (found)
            return found;
    }
    return check_spend(frame->check, 1);
}

int check_additional_properties(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    const struct rule *properties = check_sibling(frame, KEY_PROPERTIES);
    const struct rule *patterns = check_sibling(frame, KEY_PATTERN_PROPERTIES);
    uint32_t count = is_object(frame) ? frame->value->len : 0;
    for (uint32_t i = 0; i < count && frame->named < count; i++) {
        const struct json_member *member = &frame->value->u.members[i];
        int named = is_named(frame, properties, patterns, member);
        if (named < 0)
            return named;
        if (named)
            continue;
        seen_mark(frame->seen, i);
        const struct node *node = rule->links[0].node;
        int one = node->boolean && !node->allows
                      ? check_report_member(frame, "additionalProperties", member,
                                            "is an unknown property")
                      : check_member(frame, node, member);
        if (!fold(&result, one))
            break;
    }
    return result;
}

int check_property_names(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; is_object(frame) && i < frame->value->len; i++)
        if (!fold(&result, check_name(frame, rule->links[0].node, &frame->value->u.members[i])))
            break;
    return result;
}

/* ---- arrays ---- */

static int items_from(struct frame *frame, const struct node *node, uint32_t first)
{
    int result = 0;
    for (uint32_t i = first; frame->value->type == JSON_ARRAY && i < frame->value->len; i++) {
        seen_mark(frame->seen, i);
        if (!fold(&result, check_item(frame, node, i)))
            break;
    }
    return result;
}

int check_prefix_items(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0;
         frame->value->type == JSON_ARRAY && i < frame->value->len && i < rule->count; i++) {
        seen_mark(frame->seen, i);
        if (!fold(&result, check_item(frame, rule->links[i].node, i)))
            break;
    }
    return result;
}

int check_items(struct frame *frame, const struct rule *rule)
{
    const struct rule *prefix = check_sibling(frame, KEY_PREFIX_ITEMS);
    return items_from(frame, rule->links[0].node, prefix ? prefix->count : 0);
}

int check_items_7(struct frame *frame, const struct rule *rule)
{
    return rule->value->type == JSON_ARRAY ? check_prefix_items(frame, rule)
                                           : items_from(frame, rule->links[0].node, 0);
}

int check_additional_items(struct frame *frame, const struct rule *rule)
{
    const struct rule *items = check_sibling(frame, KEY_ITEMS_7);
    if (!items || items->value->type != JSON_ARRAY)
        return 0;
    return items_from(frame, rule->links[0].node, items->count);
}

static int report_contains(struct frame *frame, size_t found, size_t min, size_t max)
{
    if (found < min)
        return check_report(frame, min == 1 ? "contains" : "minContains", frame->value->at,
                            "must contain at least %zu fitting items, has %zu", min, found);
    return check_report(frame, "maxContains", frame->value->at,
                        "must contain at most %zu fitting items", max);
}

int check_contains(struct frame *frame, const struct rule *rule)
{
    const struct rule *min_rule = check_sibling(frame, KEY_MIN_CONTAINS);
    const struct rule *max_rule = check_sibling(frame, KEY_MAX_CONTAINS);
    size_t min = min_rule ? min_rule->number : 1, max = max_rule ? max_rule->number : SIZE_MAX,
           found = 0;
    if (frame->value->type != JSON_ARRAY)
        return 0;
    for (uint32_t i = 0; i < frame->value->len; i++) {
        int one = check_item_quietly(frame, rule->links[0].node, i);
        if (one < 0)
            return one;
        if (one)
            continue;
        found++;
        seen_mark(frame->seen, i);
    }
    return found < min || found > max ? report_contains(frame, found, min, max) : 0;
}

/* ---- in place ---- */

int check_ref(struct frame *frame, const struct rule *rule)
{
    return check_in_place(frame, rule->links[0].node);
}

static const struct anchor *dynamic_anchor(const struct resource *resource,
                                           const struct anchor *like)
{
    for (const struct anchor *a = resource->anchors; a; a = a->next)
        if (a->dynamic && a->len == like->len && memcmp(a->name, like->name, a->len) == 0)
            return a;
    return NULL;
}

/* The outermost resource of the dynamic scope that has the anchor wins. */
int check_dynamic_ref(struct frame *frame, const struct rule *rule)
{
    const struct node *node = rule->links[0].node;
    for (const struct scope *s = rule->dynamic ? frame->scope : NULL; s; s = s->up) {
        const struct anchor *anchor = dynamic_anchor(s->resource, rule->dynamic);
        int failed = check_spend(frame->check, 1);
        if (failed)
            return failed;
        if (anchor)
            node = anchor->node;
    }
    return check_in_place(frame, node);
}

int check_all_of(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; i < rule->count; i++)
        if (!fold(&result, check_in_place(frame, rule->links[i].node)))
            break;
    return result;
}

/* How many of the subschemas fit; stops behind `enough` when nobody needs the marks of the rest. */
static int count_fitting(struct frame *frame, const struct rule *rule, int enough)
{
    int fitting = 0;
    for (uint32_t i = 0; i < rule->count && (fitting < enough || frame->seen); i++) {
        int one = check_quietly(frame, rule->links[i].node, frame->seen);
        if (one < 0)
            return one;
        fitting += !one;
    }
    return fitting;
}

int check_any_of(struct frame *frame, const struct rule *rule)
{
    int fitting = count_fitting(frame, rule, 1);
    if (fitting)
        return fitting < 0 ? fitting : 0;
    if (rule->count == 1)
        return check_in_place(frame, rule->links[0].node); /* its own errors say more */
    return check_report(frame, "anyOf", frame->value->at, "fits none of the %u alternatives",
                        rule->count);
}

int check_one_of(struct frame *frame, const struct rule *rule)
{
    int fitting = count_fitting(frame, rule, 2);
    if (fitting < 0 || fitting == 1)
        return fitting < 0 ? fitting : 0;
    return check_report(frame, "oneOf", frame->value->at,
                        "fits %s of the %u alternatives, must fit one",
                        fitting ? "more than one" : "none", rule->count);
}

int check_not(struct frame *frame, const struct rule *rule)
{
    int result = check_quietly(frame, rule->links[0].node, NULL);
    if (result)
        return result < 0 ? result : 0;
    return check_report(frame, "not", frame->value->at, "fits what it must not fit");
}

int check_if(struct frame *frame, const struct rule *rule)
{
    int result = check_quietly(frame, rule->links[0].node, frame->seen);
    if (result < 0)
        return result;
    const struct rule *branch = check_sibling(frame, result ? KEY_ELSE : KEY_THEN);
    return branch ? check_in_place(frame, branch->links[0].node) : 0;
}

int check_dependent_schemas(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; i < rule->count; i++) {
        const struct link *link = &rule->links[i];
        if (link->node && json_get_n(frame->value, link->key, link->key_len) &&
            !fold(&result, check_in_place(frame, link->node)))
            break;
    }
    return result;
}

int check_dependencies(struct frame *frame, const struct rule *rule)
{
    int result = check_dependent_required(frame, rule);
    if (result >= 0)
        fold(&result, check_dependent_schemas(frame, rule));
    return result;
}

/* ---- what is left over ---- */

int check_unevaluated_items(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; frame->value->type == JSON_ARRAY && i < frame->value->len; i++) {
        if (seen_has(frame->seen, i))
            continue;
        seen_mark(frame->seen, i);
        if (!fold(&result, check_item(frame, rule->links[0].node, i)))
            break;
    }
    return result;
}

int check_unevaluated_properties(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; is_object(frame) && i < frame->value->len; i++) {
        if (seen_has(frame->seen, i))
            continue;
        seen_mark(frame->seen, i);
        if (!fold(&result, check_member(frame, rule->links[0].node, &frame->value->u.members[i])))
            break;
    }
    return result;
}
