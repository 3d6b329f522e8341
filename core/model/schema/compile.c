/* compile.c: a JSON tree to nodes and rules: one walk that refuses what it does not know.
 * References are left open; refs.c closes them when every subschema has been seen. */
#include <stdarg.h>
#include <string.h>

#include "model/schema/compile.h"
#include "model/schema/number.h"

int compile_fail(struct compiler *c, int code, const struct where *where, const char *fmt, ...)
{
    char pointer[200], text[160];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    where_write(where, pointer, sizeof pointer);
    return err_set(c->err, code, "schema at \"%s\": %s", pointer, text);
}

/* ---- the index: source value -> node ---- */

static size_t slot_of(const struct schema *schema, const struct json *source)
{
    size_t slot = ((uintptr_t)source >> 4) * (size_t)0x9E3779B97F4A7C15u;
    for (slot &= schema->index_size - 1; schema->index[slot];
         slot = (slot + 1) & (schema->index_size - 1))
        if (schema->index[slot]->source == source)
            break;
    return slot;
}

struct node *compile_find(const struct schema *schema, const struct json *source)
{
    return schema->index_size ? schema->index[slot_of(schema, source)] : NULL;
}

static bool grow_index(struct schema *schema)
{
    if (schema->node_count * 2 < schema->index_size)
        return true;
    struct node **old = schema->index;
    size_t size = schema->index_size ? schema->index_size * 2 : 64;
    struct node **index = calloc(size, sizeof(struct node *));
    if (!index)
        return false;
    schema->index = index;
    schema->index_size = size;
    for (struct node *node = schema->nodes; node; node = node->next)
        index[slot_of(schema, node->source)] = node;
    free(old);
    return true;
}

static struct node *add_node(struct compiler *c, const struct json *source,
                             const struct where *where)
{
    struct schema *schema = c->schema;
    if (schema->node_count >= SCHEMA_NODES_MAX) {
        compile_fail(c, ERR_LIMIT, where, "more than %d subschemas", SCHEMA_NODES_MAX);
        return NULL;
    }
    struct node *node = json_doc_alloc(&schema->doc, sizeof *node);
    if (!node || !grow_index(schema)) {
        err_set(c->err, ERR_MEMORY, "out of memory");
        return NULL;
    }
    *node = (struct node){.source = source};
    if (schema->last)
        schema->last->next = node;
    else
        schema->nodes = node;
    schema->last = node;
    schema->node_count++;
    schema->index[slot_of(schema, source)] = node;
    return node;
}

/* ---- the value of one keyword ---- */

static bool is_number(const struct json *value)
{
    return value->type == JSON_INT || value->type == JSON_REAL;
}

static bool all_strings(const struct json *value)
{
    if (value->type != JSON_ARRAY)
        return false;
    for (uint32_t i = 0; i < value->len; i++)
        if (value->u.items[i].type != JSON_STRING)
            return false;
    return true;
}

static uint32_t type_bits(const struct json *name)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } types[] = {
        {"null", 1 << JSON_NULL},     {"boolean", 1 << JSON_FALSE | 1 << JSON_TRUE},
        {"integer", TYPE_INTEGER},    {"number", 1 << JSON_INT | 1 << JSON_REAL},
        {"string", 1 << JSON_STRING}, {"array", 1 << JSON_ARRAY},
        {"object", 1 << JSON_OBJECT},
    };
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (json_is(name, types[i].name))
            return types[i].bits;
    return 0;
}

static int read_types(struct compiler *c, struct rule *rule, const struct where *where)
{
    const struct json *value = rule->value;
    size_t count = value->type == JSON_ARRAY ? value->len : 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = type_bits(value->type == JSON_ARRAY ? &value->u.items[i] : value);
        if (!bits)
            return compile_fail(c, ERR_SCHEMA, where, "an unknown type");
        rule->types |= bits;
    }
    return count ? 0 : compile_fail(c, ERR_SCHEMA, where, "no type is allowed");
}

static int read_regex(struct compiler *c, const char *text, size_t len, const struct regex **out,
                      const struct where *where)
{
    struct err why = {0};
    int failed = regex_compile(&c->schema->doc, text, len, out, &why);
    return failed ? compile_fail(c, failed, where, "%s", why.text) : 0;
}

static int add_links(struct compiler *c, struct rule *rule, uint32_t count)
{
    rule->links = json_doc_alloc(&c->schema->doc, count * sizeof *rule->links + 1);
    if (!rule->links)
        return err_set(c->err, ERR_MEMORY, "out of memory");
    memset(rule->links, 0, count * sizeof *rule->links);
    rule->count = count;
    return 0;
}

static int read_one(struct compiler *c, struct node *node, struct rule *rule,
                    const struct where *where)
{
    int failed = add_links(c, rule, 1);
    if (failed)
        return failed;
    rule->links[0].node = compile_node(c, rule->value, node->resource, where);
    return rule->links[0].node ? 0 : c->err->code;
}

static int read_list(struct compiler *c, struct node *node, struct rule *rule,
                     const struct where *where)
{
    const struct json *list = rule->value;
    if (list->type != JSON_ARRAY || list->len == 0)
        return compile_fail(c, ERR_SCHEMA, where, "must be an array of schemas, not empty");
    int failed = add_links(c, rule, list->len);
    for (uint32_t i = 0; i < list->len && !failed; i++) {
        struct where item = {.up = where, .index = i};
        rule->links[i].node = compile_node(c, &list->u.items[i], node->resource, &item);
        failed = rule->links[i].node ? 0 : c->err->code;
    }
    return failed;
}

/* One member of properties, patternProperties, dependencies and their like. */
static int read_member(struct compiler *c, struct node *node, const struct rule *rule,
                       const struct json_member *member, struct link *link,
                       const struct where *where)
{
    struct where place = {.up = where, .key = member->key, .key_len = member->key_len};
    link->key = member->key;
    link->key_len = member->key_len;
    if (rule->keyword->shape == SHAPE_MATCH) {
        int failed = read_regex(c, member->key, member->key_len, &link->regex, &place);
        if (failed)
            return failed;
    }
    bool names = rule->keyword->shape == SHAPE_NEEDS ||
                 (rule->keyword->shape == SHAPE_NEEDS_7 && member->value.type == JSON_ARRAY);
    if (names) {
        link->names = &member->value;
        return all_strings(link->names)
                   ? 0
                   : compile_fail(c, ERR_SCHEMA, &place, "must be an array of names");
    }
    link->node = compile_node(c, &member->value, node->resource, &place);
    return link->node ? 0 : c->err->code;
}

static int read_map(struct compiler *c, struct node *node, struct rule *rule,
                    const struct where *where)
{
    const struct json *map = rule->value;
    if (map->type != JSON_OBJECT)
        return compile_fail(c, ERR_SCHEMA, where, "must be an object");
    int failed = add_links(c, rule, map->len);
    for (uint32_t i = 0; i < map->len && !failed; i++)
        failed = read_member(c, node, rule, &map->u.members[i], &rule->links[i], where);
    return failed;
}

static int expect(struct compiler *c, bool holds, const struct where *where, const char *what)
{
    return holds ? 0 : compile_fail(c, ERR_SCHEMA, where, "must be %s", what);
}

static int read_rule(struct compiler *c, struct node *node, struct rule *rule,
                     const struct where *where)
{
    const struct json *value = rule->value;
    static const struct json zero = {.type = JSON_INT};
    switch ((enum shape)rule->keyword->shape) {
    case SHAPE_SCHEMA:
        return read_one(c, node, rule, where);
    case SHAPE_LIST:
        return read_list(c, node, rule, where);
    case SHAPE_MAP:
    case SHAPE_MATCH:
    case SHAPE_NEEDS:
    case SHAPE_NEEDS_7:
        return read_map(c, node, rule, where);
    case SHAPE_ITEMS_7:
        if (value->type != JSON_ARRAY)
            return read_one(c, node, rule, where);
        return value->len ? read_list(c, node, rule, where) : add_links(c, rule, 0);
    case SHAPE_TYPES:
        return read_types(c, rule, where);
    case SHAPE_REGEX:
        return value->type == JSON_STRING
                   ? read_regex(c, value->u.string, value->len, &rule->regex, where)
                   : expect(c, false, where, "a string");
    case SHAPE_REF:
        return value->type == JSON_STRING ? add_links(c, rule, 1)
                                          : expect(c, false, where, "a string");
    case SHAPE_NAMES:
        return expect(c, all_strings(value), where, "an array of names");
    case SHAPE_ENUM:
        return expect(c, value->type == JSON_ARRAY, where, "an array");
    case SHAPE_BOOL:
        return expect(c, value->type == JSON_TRUE || value->type == JSON_FALSE, where, "a boolean");
    case SHAPE_NUMBER:
        return expect(c, is_number(value), where, "a number");
    case SHAPE_FACTOR:
        return expect(c, is_number(value) && number_compare(value, &zero) > 0, where,
                      "a number above 0");
    case SHAPE_COUNT:
        return expect(c, number_to_count(value, &rule->number), where, "an integer, 0 or more");
    case SHAPE_FORMAT:
        node->is_path = json_is(value, "path");
        return expect(c, value->type == JSON_STRING, where, "a string");
    case SHAPE_TEXT:
        return expect(c, value->type == JSON_STRING, where, "a string");
    default:
        return 0;
    }
}

/* ---- one subschema ---- */

static int unknown(struct compiler *c, const struct json_member *member, const struct where *where)
{
    unsigned drafts = keyword_drafts(member->key, member->key_len);
    c->old = drafts == DRAFT_7;
    int code = compile_fail(c, ERR_SCHEMA_UNSUPPORTED, where, "%s keyword \"%.*s\"",
                            drafts ? "a different draft's" : "an unknown",
                            (int)(member->key_len > 60 ? 60 : member->key_len), member->key);
    if (drafts == DRAFT_7)
        err_fix(c->err, "say \"$schema\": \"http://json-schema.org/draft-07/schema#\", or write "
                        "it as in 2020-12");
    else if (drafts)
        err_fix(c->err, "say \"$schema\": \"https://json-schema.org/draft/2020-12/schema\"");
    else
        err_fix(c->err, "remove it; a note is \"$comment\" or begins with \"x-\"");
    return code;
}

static int by_id(const void *a, const void *b)
{
    const struct rule *x = a, *y = b;
    return (int)x->keyword->id - (int)y->keyword->id;
}

static int read_member_rule(struct compiler *c, struct node *node, const struct json_member *member,
                            bool only_ref, const struct where *where)
{
    struct where place = {.up = where, .key = member->key, .key_len = member->key_len};
    const struct keyword *keyword = keyword_find(member->key, member->key_len, c->draft);
    if (!keyword)
        return unknown(c, member, &place);
    struct rule rule = {.keyword = keyword, .value = &member->value};
    int failed = read_rule(c, node, &rule, &place);
    bool kept = keyword->id != KEY_OTHER && (!only_ref || keyword->id == KEY_REF);
    if (failed || !kept)
        return failed;
    node->rules[node->rule_count++] = rule;
    if (keyword->id == KEY_UNEVALUATED_ITEMS || keyword->id == KEY_UNEVALUATED_PROPERTIES)
        node->tracks = true;
    return 0;
}

static int read_object(struct compiler *c, struct node *node, struct resource *resource,
                       const struct where *where)
{
    const struct json *source = node->source;
    int failed = refs_enter(c, node, resource, where);
    if (failed)
        return failed;
    node->rules = json_doc_alloc(&c->schema->doc, source->len * sizeof *node->rules + 1);
    if (!node->rules)
        return err_set(c->err, ERR_MEMORY, "out of memory");
    bool only_ref = c->draft == DRAFT_7 && json_get(source, "$ref"); /* its siblings are ignored */
    for (uint32_t i = 0; i < source->len && !failed; i++)
        failed = read_member_rule(c, node, &source->u.members[i], only_ref, where);
    if (node->rule_count > 1)
        qsort(node->rules, node->rule_count, sizeof *node->rules, by_id);
    return failed;
}

struct node *compile_node(struct compiler *c, const struct json *source, struct resource *resource,
                          const struct where *where)
{
    struct node *node = add_node(c, source, where);
    if (!node)
        return NULL;
    node->resource = resource;
    node->boolean = source->type == JSON_TRUE || source->type == JSON_FALSE;
    node->allows = source->type == JSON_TRUE;
    if (node->boolean)
        return node;
    if (source->type != JSON_OBJECT) {
        c->old = source->type == JSON_ARRAY && where && where->key_len == 5 &&
                 memcmp(where->key, "items", 5) == 0;
        compile_fail(c, ERR_SCHEMA, where, "a schema is an object or a boolean");
        if (c->old)
            err_fix(c->err, "use \"prefixItems\", or say \"$schema\": "
                            "\"http://json-schema.org/draft-07/schema#\"");
        return NULL;
    }
    return read_object(c, node, resource, where) ? NULL : node;
}

enum schema_draft compile_draft(const struct json *source)
{
    const struct json *name = json_get(source, "$schema");
    if (!name || json_is(name, "https://json-schema.org/draft/2020-12/schema") ||
        json_is(name, "https://json-schema.org/draft/2020-12/schema#"))
        return DRAFT_2020;
    if (json_is(name, "http://json-schema.org/draft-07/schema#") ||
        json_is(name, "http://json-schema.org/draft-07/schema"))
        return DRAFT_7;
    return 0;
}
