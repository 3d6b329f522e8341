/* keywords.c: every keyword the two drafts know, one row each. What is not here is refused, but for
 * the notes of others: what begins with "x-" never constrains. */
#include <string.h>

#include "model/schema/keywords.h"

static const struct keyword keywords[] = {
    /* core */
    {"$schema", DRAFT_ANY, SHAPE_CORE, KEY_OTHER, false, NULL},
    {"$id", DRAFT_ANY, SHAPE_CORE, KEY_OTHER, false, NULL},
    {"$anchor", DRAFT_2020, SHAPE_CORE, KEY_OTHER, false, NULL},
    {"$dynamicAnchor", DRAFT_2020, SHAPE_CORE, KEY_OTHER, false, NULL},
    {"$vocabulary", DRAFT_2020, SHAPE_CORE, KEY_OTHER, false, NULL},
    {"$comment", DRAFT_ANY, SHAPE_TEXT, KEY_OTHER, false, NULL},
    {"$defs", DRAFT_ANY, SHAPE_MAP, KEY_OTHER, false, NULL},
    {"definitions", DRAFT_ANY, SHAPE_MAP, KEY_OTHER, false, NULL},
    {"$ref", DRAFT_ANY, SHAPE_REF, KEY_REF, true, check_ref},
    {"$dynamicRef", DRAFT_2020, SHAPE_REF, KEY_DYNAMIC_REF, true, check_dynamic_ref},
    /* applicators, in place */
    {"allOf", DRAFT_ANY, SHAPE_LIST, KEY_ALL_OF, true, check_all_of},
    {"anyOf", DRAFT_ANY, SHAPE_LIST, KEY_ANY_OF, true, check_any_of},
    {"oneOf", DRAFT_ANY, SHAPE_LIST, KEY_ONE_OF, true, check_one_of},
    {"not", DRAFT_ANY, SHAPE_SCHEMA, KEY_NOT, true, check_not},
    {"if", DRAFT_ANY, SHAPE_SCHEMA, KEY_IF, true, check_if},
    {"then", DRAFT_ANY, SHAPE_SCHEMA, KEY_THEN, true, NULL},
    {"else", DRAFT_ANY, SHAPE_SCHEMA, KEY_ELSE, true, NULL},
    {"dependentSchemas", DRAFT_2020, SHAPE_MAP, KEY_DEPENDENT_SCHEMAS, true,
     check_dependent_schemas},
    {"dependencies", DRAFT_7, SHAPE_NEEDS_7, KEY_DEPENDENCIES, true, check_dependencies},
    /* applicators, to parts */
    {"properties", DRAFT_ANY, SHAPE_MAP, KEY_PROPERTIES, false, check_properties},
    {"patternProperties", DRAFT_ANY, SHAPE_MATCH, KEY_PATTERN_PROPERTIES, false,
     check_pattern_properties},
    {"additionalProperties", DRAFT_ANY, SHAPE_SCHEMA, KEY_ADDITIONAL_PROPERTIES, false,
     check_additional_properties},
    {"propertyNames", DRAFT_ANY, SHAPE_SCHEMA, KEY_PROPERTY_NAMES, false, check_property_names},
    {"prefixItems", DRAFT_2020, SHAPE_LIST, KEY_PREFIX_ITEMS, false, check_prefix_items},
    {"items", DRAFT_2020, SHAPE_SCHEMA, KEY_ITEMS, false, check_items},
    {"items", DRAFT_7, SHAPE_ITEMS_7, KEY_ITEMS_7, false, check_items_7},
    {"additionalItems", DRAFT_7, SHAPE_SCHEMA, KEY_ADDITIONAL_ITEMS, false, check_additional_items},
    {"contains", DRAFT_ANY, SHAPE_SCHEMA, KEY_CONTAINS, false, check_contains},
    {"minContains", DRAFT_2020, SHAPE_COUNT, KEY_MIN_CONTAINS, false, NULL},
    {"maxContains", DRAFT_2020, SHAPE_COUNT, KEY_MAX_CONTAINS, false, NULL},
    {"unevaluatedItems", DRAFT_2020, SHAPE_SCHEMA, KEY_UNEVALUATED_ITEMS, false,
     check_unevaluated_items},
    {"unevaluatedProperties", DRAFT_2020, SHAPE_SCHEMA, KEY_UNEVALUATED_PROPERTIES, false,
     check_unevaluated_properties},
    /* assertions */
    {"type", DRAFT_ANY, SHAPE_TYPES, KEY_TYPE, false, check_type},
    {"enum", DRAFT_ANY, SHAPE_ENUM, KEY_ENUM, false, check_enum},
    {"const", DRAFT_ANY, SHAPE_ANY, KEY_CONST, false, check_const},
    {"multipleOf", DRAFT_ANY, SHAPE_FACTOR, KEY_MULTIPLE_OF, false, check_multiple_of},
    {"maximum", DRAFT_ANY, SHAPE_NUMBER, KEY_MAXIMUM, false, check_maximum},
    {"exclusiveMaximum", DRAFT_ANY, SHAPE_NUMBER, KEY_EXCLUSIVE_MAXIMUM, false,
     check_exclusive_maximum},
    {"minimum", DRAFT_ANY, SHAPE_NUMBER, KEY_MINIMUM, false, check_minimum},
    {"exclusiveMinimum", DRAFT_ANY, SHAPE_NUMBER, KEY_EXCLUSIVE_MINIMUM, false,
     check_exclusive_minimum},
    {"maxLength", DRAFT_ANY, SHAPE_COUNT, KEY_MAX_LENGTH, false, check_max_length},
    {"minLength", DRAFT_ANY, SHAPE_COUNT, KEY_MIN_LENGTH, false, check_min_length},
    {"pattern", DRAFT_ANY, SHAPE_REGEX, KEY_PATTERN, false, check_pattern},
    {"maxItems", DRAFT_ANY, SHAPE_COUNT, KEY_MAX_ITEMS, false, check_max_items},
    {"minItems", DRAFT_ANY, SHAPE_COUNT, KEY_MIN_ITEMS, false, check_min_items},
    {"uniqueItems", DRAFT_ANY, SHAPE_BOOL, KEY_UNIQUE_ITEMS, false, check_unique_items},
    {"maxProperties", DRAFT_ANY, SHAPE_COUNT, KEY_MAX_PROPERTIES, false, check_max_properties},
    {"minProperties", DRAFT_ANY, SHAPE_COUNT, KEY_MIN_PROPERTIES, false, check_min_properties},
    {"required", DRAFT_ANY, SHAPE_NAMES, KEY_REQUIRED, false, check_required},
    {"dependentRequired", DRAFT_2020, SHAPE_NEEDS, KEY_DEPENDENT_REQUIRED, false,
     check_dependent_required},
    /* annotations */
    {"title", DRAFT_ANY, SHAPE_TEXT, KEY_OTHER, false, NULL},
    {"description", DRAFT_ANY, SHAPE_TEXT, KEY_OTHER, false, NULL},
    {"default", DRAFT_ANY, SHAPE_NOTE, KEY_OTHER, false, NULL},
    {"examples", DRAFT_ANY, SHAPE_ENUM, KEY_OTHER, false, NULL},
    {"deprecated", DRAFT_ANY, SHAPE_BOOL, KEY_OTHER, false, NULL},
    {"readOnly", DRAFT_ANY, SHAPE_BOOL, KEY_OTHER, false, NULL},
    {"writeOnly", DRAFT_ANY, SHAPE_BOOL, KEY_OTHER, false, NULL},
    {"format", DRAFT_ANY, SHAPE_FORMAT, KEY_OTHER, false, NULL},
    {"contentEncoding", DRAFT_ANY, SHAPE_TEXT, KEY_OTHER, false, NULL},
    {"contentMediaType", DRAFT_ANY, SHAPE_TEXT, KEY_OTHER, false, NULL},
    {"contentSchema", DRAFT_2020, SHAPE_SCHEMA, KEY_OTHER, false, NULL},
};

static bool named(const struct keyword *keyword, const char *name, size_t len)
{
    return strlen(keyword->name) == len && memcmp(keyword->name, name, len) == 0;
}

static const struct keyword foreign_note = {"x-", DRAFT_ANY, SHAPE_NOTE, KEY_OTHER, false, NULL};

const struct keyword *keyword_find(const char *name, size_t len, enum schema_draft draft)
{
    if (len >= 2 && memcmp(name, "x-", 2) == 0)
        return &foreign_note;
    for (size_t i = 0; i < COUNT_OF(keywords); i++)
        if ((keywords[i].drafts & draft) && named(&keywords[i], name, len))
            return &keywords[i];
    return NULL;
}

unsigned keyword_drafts(const char *name, size_t len)
{
    unsigned drafts = 0;
    for (size_t i = 0; i < COUNT_OF(keywords); i++)
        if (named(&keywords[i], name, len))
            drafts |= keywords[i].drafts;
    return drafts;
}
