/* schema.c: the public face: compile, free, errors' places, the paths of a tool's arguments. */
#include <string.h>

#include "model/schema/check.h"
#include "model/schema/compile.h"

/* ---- places ---- */

static void put_token(struct buf *out, const char *key, size_t len)
{
    buf_putc(out, '/');
    for (size_t i = 0; i < len; i++)
        if (key[i] == '~')
            buf_puts(out, "~0");
        else if (key[i] == '/')
            buf_puts(out, "~1");
        else
            buf_putc(out, key[i]);
}

void where_write(const struct where *where, char *out, size_t size)
{
    const struct where *chain[512];
    size_t count = 0;
    struct buf text = {.max = size - 1};
    out[0] = 0;
    for (; where && count < COUNT_OF(chain); where = where->up)
        chain[count++] = where;
    while (count-- > 0 && buf_ok(&text)) {
        char index[16];
        int digits = snprintf(index, sizeof index, "%u", chain[count]->index);
        if (chain[count]->key)
            put_token(&text, chain[count]->key, chain[count]->key_len);
        else
            put_token(&text, index, (size_t)digits);
        if (buf_ok(&text)) /* else cut at the last whole token */
            memcpy(out, text.data, text.len + 1);
    }
    buf_clear(&text);
}

/* ---- compiling ---- */

int schema_add_source(struct schema *schema, const char *text, size_t len, const struct json **root,
                      struct err *err)
{
    if (broken(schema->source_count == COUNT_OF(schema->sources)))
        return err_set(err, ERR_BUG, "more metaschemas than there are");
    struct json_doc *doc = &schema->sources[schema->source_count++];
    int failed = json_parse(doc, text, len, NULL, err);
    *root = &doc->root;
    return failed;
}

static int copy_source(struct schema *schema, const struct json *source, const struct json **root,
                       struct err *err)
{
    struct buf text = {0};
    json_write(&text, source);
    int failed = buf_ok(&text) ? schema_add_source(schema, text.data, text.len, root, err)
                               : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&text);
    return failed;
}

static int compile(struct compiler *c, const struct json *source)
{
    struct schema *schema = c->schema;
    const struct json *root = NULL;
    int failed = copy_source(schema, source, &root, c->err);
    if (failed)
        return failed;
    if (!c->draft) {
        err_set(c->err, ERR_SCHEMA_UNSUPPORTED, "schema at \"/$schema\": an unknown metaschema");
        return err_fix(c->err, "use https://json-schema.org/draft/2020-12/schema or draft-07");
    }
    schema->root = compile_node(c, root, NULL, NULL);
    failed = schema->root ? refs_resolve(c) : c->err->code;
    return failed ? failed : refs_refuse_cycles(c);
}

/* As a schema of one draft. *old: it failed, for something that draft-07 alone has. */
static int compile_as(enum schema_draft draft, const struct json *source, struct schema **out,
                      bool *old, struct err *err)
{
    struct schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return err_set(err, ERR_MEMORY, "out of memory");
    struct compiler c = {.schema = schema, .draft = draft, .err = err};
    int failed = compile(&c, source);
    *old = c.old;
    free(schema->index);
    schema->index = NULL;
    schema->index_size = 0;
    if (failed)
        schema_free(schema);
    else
        *out = schema;
    return failed;
}

int schema_compile(const struct json *source, struct schema **out, struct err *err)
{
    struct err own = {0}, other = {0};
    bool old = false;
    int failed = compile_as(compile_draft(source), source, out, &old, &own);
    if (failed && old && !json_get(source, "$schema") &&
        compile_as(DRAFT_7, source, out, &old, &other) == 0)
        return 0;
    if (err)
        *err = own;
    return failed;
}

void schema_free(struct schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < COUNT_OF(schema->sources); i++)
        json_doc_clear(&schema->sources[i]);
    json_doc_clear(&schema->doc);
    free(schema);
}

/* ---- paths ---- */

struct path_walk {
    void (*fn)(void *ctx, const char *pointer, const struct json *path);
    void *ctx;
    size_t steps;
    unsigned depth;
};

static void walk(struct path_walk *w, const struct node *node, const struct json *value,
                 const struct where *where);

static void walk_members(struct path_walk *w, const struct rule *rule, const struct json *value,
                         const struct where *where)
{
    for (uint32_t i = 0; i < value->len; i++) {
        const struct json_member *member = &value->u.members[i];
        const struct where place = {.up = where, .key = member->key, .key_len = member->key_len};
        for (uint32_t k = 0; k < rule->count; k++) {
            const struct link *link = &rule->links[k];
            bool named = rule->keyword->id != KEY_PROPERTIES ||
                         (link->key_len == member->key_len &&
                          memcmp(link->key, member->key, link->key_len) == 0);
            if (named)
                walk(w, link->node, &member->value, &place);
        }
    }
}

static void walk_items(struct path_walk *w, const struct rule *rule, const struct json *value,
                       const struct where *where)
{
    bool list = rule->keyword->id == KEY_PREFIX_ITEMS ||
                (rule->keyword->id == KEY_ITEMS_7 && rule->value->type == JSON_ARRAY);
    for (uint32_t i = 0; i < value->len; i++) {
        const struct where place = {.up = where, .index = i};
        if (!list || i < rule->count)
            walk(w, rule->links[list ? i : 0].node, &value->u.items[i], &place);
    }
}

static void walk_rule(struct path_walk *w, const struct rule *rule, const struct json *value,
                      const struct where *where)
{
    switch ((enum keyword_id)rule->keyword->id) {
    case KEY_PROPERTIES:
    case KEY_PATTERN_PROPERTIES:
    case KEY_ADDITIONAL_PROPERTIES:
        if (value->type == JSON_OBJECT)
            walk_members(w, rule, value, where);
        return;
    case KEY_PREFIX_ITEMS:
    case KEY_ITEMS:
    case KEY_ITEMS_7:
        if (value->type == JSON_ARRAY)
            walk_items(w, rule, value, where);
        return;
    default:
        for (uint32_t i = 0; rule->keyword->in_place && i < rule->count; i++)
            if (rule->links[i].node)
                walk(w, rule->links[i].node, value, where);
    }
}

/* Wider than what a check applies (patterns and conditions are not looked at): a string is rather
 * called a path than missed. */
static void walk(struct path_walk *w, const struct node *node, const struct json *value,
                 const struct where *where)
{
    if (w->steps == 0 || w->depth >= SCHEMA_DEPTH_MAX)
        return;
    w->steps--;
    w->depth++;
    if (node->is_path && value->type == JSON_STRING) {
        char pointer[256];
        where_write(where, pointer, sizeof pointer);
        w->fn(w->ctx, pointer, value);
    }
    for (uint32_t i = 0; i < node->rule_count; i++)
        walk_rule(w, &node->rules[i], value, where);
    w->depth--;
}

void schema_each_path(const struct schema *schema, const struct json *value,
                      void (*fn)(void *ctx, const char *pointer, const struct json *path),
                      void *ctx)
{
    struct path_walk w = {.fn = fn, .ctx = ctx, .steps = SCHEMA_STEPS_MAX};
    walk(&w, schema->root, value, NULL);
}
