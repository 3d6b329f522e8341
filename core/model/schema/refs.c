/* refs.c: what identifiers name and where references lead: resources by URI, anchors by name,
 * places by JSON pointer; inside the document, or in the two official metaschemas. Nothing is
 * fetched. */
#include <string.h>

#include "model/schema/compile.h"
#include "model/schema/uri.h"

static bool same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* ---- names ---- */

static struct resource *find_resource(const struct schema *schema, const char *uri, size_t len)
{
    for (struct resource *r = schema->resources; r; r = r->next)
        if (same(r->uri, r->uri_len, uri, len))
            return r;
    return NULL;
}

static const struct anchor *find_anchor(const struct resource *resource, const char *name,
                                        size_t len)
{
    for (const struct anchor *a = resource->anchors; a; a = a->next)
        if (same(a->name, a->len, name, len))
            return a;
    return NULL;
}

static char *keep(struct compiler *c, const char *text, size_t len)
{
    char *copy = json_doc_alloc(&c->schema->doc, len + 1);
    if (copy) {
        memcpy(copy, text ? text : "", len);
        copy[len] = 0;
    }
    return copy;
}

static int add_resource(struct compiler *c, struct node *node, struct buf *uri,
                        const struct where *where)
{
    const char *text = uri->data ? uri->data : "";
    if (!buf_ok(uri))
        return err_set(c->err, ERR_MEMORY, "out of memory");
    if (find_resource(c->schema, text, uri->len))
        return compile_fail(c, ERR_SCHEMA, where, "two subschemas have the same $id");
    struct resource *resource = json_doc_alloc(&c->schema->doc, sizeof *resource);
    char *copy = keep(c, text, uri->len);
    if (!resource || !copy)
        return err_set(c->err, ERR_MEMORY, "out of memory");
    *resource = (struct resource){copy, uri->len, node, NULL, c->schema->resources};
    c->schema->resources = resource;
    node->resource = resource;
    return 0;
}

static int add_anchor(struct compiler *c, struct node *node, const char *name, size_t len,
                      bool dynamic, const struct where *where)
{
    if (len == 0 || name[0] == '/')
        return compile_fail(c, ERR_SCHEMA, where, "an anchor must be a name");
    const struct anchor *before = find_anchor(node->resource, name, len);
    if (before && before->node != node)
        return compile_fail(c, ERR_SCHEMA, where, "two subschemas have the same anchor");
    struct anchor *anchor = json_doc_alloc(&c->schema->doc, sizeof *anchor);
    if (!anchor)
        return err_set(c->err, ERR_MEMORY, "out of memory");
    *anchor = (struct anchor){name, len, dynamic, node, node->resource->anchors};
    node->resource->anchors = anchor;
    return 0;
}

/* [A-Za-z_][-A-Za-z0-9._]*: what a reference can write after its #. */
static bool is_name(const char *text, size_t len)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
                      more[] = "-.0123456789";
    for (size_t i = 0; i < len; i++)
        if (!memchr(first, text[i], sizeof first - 1) &&
            (i == 0 || !memchr(more, text[i], sizeof more - 1)))
            return false;
    return len > 0;
}

/* $anchor and $dynamicAnchor. */
static int enter_anchor(struct compiler *c, struct node *node, const char *keyword,
                        const struct where *where)
{
    const struct json *value = json_get(node->source, keyword);
    size_t len = 0;
    const char *name = json_string(value, &len);
    if (!value)
        return 0;
    if (!name || !is_name(name, len))
        return compile_fail(c, ERR_SCHEMA, where, "%s must be a name", keyword);
    return add_anchor(c, node, name, len, keyword[1] == 'd', where);
}

/* $id: a new resource; in draft-07 its fragment is an anchor. */
static int enter_id(struct compiler *c, struct node *node, const struct json *id,
                    const struct where *where)
{
    size_t len;
    const char *text = json_string(id, &len);
    if (!text)
        return compile_fail(c, ERR_SCHEMA, where, "$id must be a string");
    const char *hash = memchr(text, '#', len);
    size_t after = hash ? len - (size_t)(hash + 1 - text) : 0;
    if (after && c->draft != DRAFT_7)
        return compile_fail(c, ERR_SCHEMA, where, "$id must not have a fragment");
    struct buf uri = {0};
    const struct resource *base = node->resource;
    uri_resolve(&uri, base->uri, base->uri_len, text, len);
    bool stays = same(uri.data, uri.len, base->uri, base->uri_len) && (after || base->root == node);
    int failed = stays ? 0 : add_resource(c, node, &uri, where);
    buf_clear(&uri);
    return failed || !after ? failed : add_anchor(c, node, hash + 1, after, false, where);
}

/* A root starts a resource of its own, with an empty URI until its $id says otherwise. */
static int enter_root(struct compiler *c, struct node *node)
{
    struct resource *resource = json_doc_alloc(&c->schema->doc, sizeof *resource);
    if (!resource)
        return err_set(c->err, ERR_MEMORY, "out of memory");
    *resource = (struct resource){"", 0, node, NULL, NULL};
    node->resource = resource;
    const struct json *id = json_get(node->source, "$id");
    size_t len = 0;
    const char *text = json_string(id, &len);
    bool named = text && len > 0 && text[0] != '#' &&
                 !(c->draft == DRAFT_7 && json_get(node->source, "$ref"));
    if (!named) {
        resource->next = c->schema->resources;
        c->schema->resources = resource;
    }
    return 0;
}

int refs_enter(struct compiler *c, struct node *node, struct resource *resource,
               const struct where *where)
{
    const struct json *source = node->source;
    int failed = resource ? 0 : enter_root(c, node);
    if (failed)
        return failed;
    if (compile_draft(source) != c->draft && json_get(source, "$schema"))
        return compile_fail(c, ERR_SCHEMA_UNSUPPORTED, where,
                            "a $schema that is not this document's");
    if (json_get(source, "$vocabulary") && !c->official)
        return compile_fail(c, ERR_SCHEMA_UNSUPPORTED, where, "a $vocabulary of its own");
    const struct json *id = json_get(source, "$id");
    if (id && !(c->draft == DRAFT_7 && json_get(source, "$ref")))
        failed = enter_id(c, node, id, where);
    if (!failed && c->draft == DRAFT_2020)
        failed = enter_anchor(c, node, "$anchor", where);
    if (!failed && c->draft == DRAFT_2020)
        failed = enter_anchor(c, node, "$dynamicAnchor", where);
    return failed;
}

/* ---- places ---- */

/* Compares one pointer token (~0 and ~1 escaped) with a key. */
static bool token_is(const char *token, size_t len, const char *key, size_t key_len)
{
    size_t k = 0;
    for (size_t i = 0; i < len; i++, k++) {
        char c = token[i];
        if (c == '~') {
            if (++i == len || (token[i] != '0' && token[i] != '1'))
                return false;
            c = token[i] == '0' ? '~' : '/';
        }
        if (k >= key_len || key[k] != c)
            return false;
    }
    return k == key_len;
}

static const struct json *token_in(const struct json *value, const char *token, size_t len)
{
    if (value->type == JSON_OBJECT)
        for (uint32_t i = 0; i < value->len; i++)
            if (token_is(token, len, value->u.members[i].key, value->u.members[i].key_len))
                return &value->u.members[i].value;
    if (value->type != JSON_ARRAY || len == 0 || len > 9 || (token[0] == '0' && len > 1))
        return NULL;
    size_t index = 0;
    for (size_t i = 0; i < len; i++) {
        if (token[i] < '0' || token[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return json_at(value, index);
}

static const struct json *pointer_in(const struct json *value, const char *pointer, size_t len)
{
    while (value && len > 0) { /* pointer[0] is '/' */
        size_t end = 1;
        while (end < len && pointer[end] != '/')
            end++;
        value = token_in(value, pointer + 1, end - 1);
        pointer += end;
        len -= end;
    }
    return value;
}

/* ---- references ---- */

static int load_metaschema(struct compiler *c, const char *uri, size_t len, struct resource **out)
{
    const char *text = meta_text(uri, len);
    const struct json *source = NULL;
    if (!text)
        return 0;
    int failed = schema_add_source(c->schema, text, strlen(text), &source, c->err);
    if (failed)
        return failed;
    struct compiler official = {
        .schema = c->schema, .draft = compile_draft(source), .official = true, .err = c->err};
    if (!compile_node(&official, source, NULL, NULL))
        return c->err->code;
    *out = find_resource(c->schema, uri, len);
    return 0;
}

static int find_or_load(struct compiler *c, const struct buf *uri, struct resource **out)
{
    const char *text = uri->data ? uri->data : "";
    *out = find_resource(c->schema, text, uri->len);
    return *out ? 0 : load_metaschema(c, text, uri->len, out);
}

/* The node a fragment names inside a resource. */
static struct node *target(struct compiler *c, struct resource *resource,
                           const struct buf *fragment, const struct anchor **anchor)
{
    *anchor = NULL;
    if (fragment->len == 0)
        return resource->root;
    if (fragment->data[0] == '/') {
        const struct json *place =
            pointer_in(resource->root->source, fragment->data, fragment->len);
        return place ? compile_find(c->schema, place) : NULL;
    }
    *anchor = find_anchor(resource, fragment->data, fragment->len);
    return *anchor ? (*anchor)->node : NULL;
}

static int resolve_texts(struct compiler *c, struct node *node, struct rule *rule, struct buf *uri,
                         struct buf *fragment)
{
    const struct json *ref = rule->value;
    struct resource *resource = NULL;
    const struct anchor *anchor;
    bool has_fragment;
    uri_resolve(uri, node->resource->uri, node->resource->uri_len, ref->u.string, ref->len);
    int failed = uri_fragment(fragment, ref->u.string, ref->len, &has_fragment);
    if (failed || !buf_ok(uri))
        return failed == ERR_SCHEMA
                   ? compile_fail(c, ERR_SCHEMA, NULL, "a broken %% escape in \"%.100s\"",
                                  ref->u.string)
                   : err_set(c->err, ERR_MEMORY, "out of memory");
    failed = find_or_load(c, uri, &resource);
    if (failed)
        return failed;
    if (!resource) {
        compile_fail(c, ERR_SCHEMA_UNSUPPORTED, NULL,
                     "reference \"%.100s\" is not in this document", ref->u.string);
        return err_fix(c->err, "copy what it names into $defs; nothing is fetched");
    }
    struct node *found = target(c, resource, fragment, &anchor);
    if (!found)
        return compile_fail(c, ERR_SCHEMA, NULL, "reference \"%.100s\" does not name a schema",
                            ref->u.string);
    rule->links[0].node = found;
    if (rule->keyword->id == KEY_DYNAMIC_REF && anchor && anchor->dynamic)
        rule->dynamic = anchor;
    return 0;
}

static int resolve(struct compiler *c, struct node *node, struct rule *rule)
{
    struct buf uri = {0}, fragment = {0};
    int failed = resolve_texts(c, node, rule, &uri, &fragment);
    buf_clear(&uri);
    buf_clear(&fragment);
    return failed;
}

int refs_resolve(struct compiler *c)
{
    for (struct node *node = c->schema->nodes; node; node = node->next) /* grows behind us */
        for (uint32_t i = 0; i < node->rule_count; i++) {
            int failed =
                node->rules[i].keyword->shape == SHAPE_REF ? resolve(c, node, &node->rules[i]) : 0;
            if (failed)
                return failed;
        }
    return 0;
}

/* ---- cycles ---- */

enum { WHITE, GREY, BLACK };

static int visit(struct compiler *c, struct node *node, unsigned depth)
{
    if (node->colour == BLACK)
        return 0;
    if (node->colour == GREY)
        return err_set(c->err, ERR_SCHEMA,
                       "a reference leads back to itself without consuming input");
    if (depth > SCHEMA_NESTING_MAX)
        return err_set(c->err, ERR_LIMIT, "references are nested deeper than %d",
                       SCHEMA_NESTING_MAX);
    node->colour = GREY;
    for (uint32_t i = 0; i < node->rule_count; i++) {
        const struct rule *rule = &node->rules[i];
        for (uint32_t k = 0; rule->keyword->in_place && k < rule->count; k++) {
            int failed = rule->links[k].node ? visit(c, rule->links[k].node, depth + 1) : 0;
            if (failed)
                return failed;
        }
    }
    node->colour = BLACK;
    return 0;
}

int refs_refuse_cycles(struct compiler *c)
{
    for (struct node *node = c->schema->nodes; node; node = node->next) {
        int failed = visit(c, node, 0);
        if (failed)
            return failed;
    }
    return 0;
}
