/* json_tree.c: the builder, which is also the tree sink.
 *
 * While a container is open its finished children wait on the builder's stack as members; when it
 * ends they move into the arena in one piece. An open container is itself a member on that stack;
 * its `integer` remembers the container around it. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#define FIRST 16 /* values there is room for at once: most texts are small */

static void fault(struct json_builder *b, int code)
{
    if (!b->error)
        b->error = code;
}

static struct json_member *members(struct json_builder *b)
{
    return (struct json_member *)(void *)b->stack.data;
}

static size_t count(const struct json_builder *b)
{
    return b->stack.len / sizeof(struct json_member);
}

void json_build(struct json_builder *b, struct json_doc *doc)
{
    *b = (struct json_builder){.doc = doc};
}

void json_drop(struct json_builder *b)
{
    buf_clear(&b->stack);
    *b = (struct json_builder){.doc = b->doc};
}

/* Is a value welcome here? At the top only one, in an object only behind a key. */
static bool is_in_order(const struct json_builder *b, const struct json_member *open)
{
    return open ? (open->value.type == JSON_OBJECT) == b->has_key : count(b) == 0;
}

static void add(struct json_builder *b, struct json value)
{
    if (b->error)
        return;
    if (!is_in_order(b, b->open ? &members(b)[b->open - 1] : NULL)) {
        fault(b, ERR_BUG);
        return;
    }
    if (count(b) >= UINT32_MAX) {
        fault(b, ERR_LIMIT);
        return;
    }
    struct json_member *at =
        (void *)buf_reserve(&b->stack, b->stack.cap ? sizeof *at : FIRST * sizeof *at);
    if (!at) {
        fault(b, ERR_MEMORY);
        return;
    }
    *at = b->has_key ? b->key : (struct json_member){0};
    at->value = value;
    b->stack.len += sizeof *at;
    b->has_key = false;
}

static const char *copy_text(struct json_builder *b, const char *text, size_t len)
{
    char *copy = len < UINT32_MAX ? json_doc_alloc(b->doc, len + 1) : NULL;
    if (!copy) {
        fault(b, len < UINT32_MAX ? ERR_MEMORY : ERR_LIMIT);
        return NULL;
    }
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static void add_string(struct json_builder *b, const char *text, size_t len)
{
    struct json value = {.type = JSON_STRING, .at = b->at, .len = (uint32_t)len};
    value.u.string = b->error ? NULL : copy_text(b, text, len);
    add(b, value);
}

static void set_key(struct json_builder *b, const char *key, size_t len)
{
    if (b->error)
        return;
    if (b->has_key || !b->open || members(b)[b->open - 1].value.type != JSON_OBJECT) {
        fault(b, ERR_BUG);
        return;
    }
    b->key = (struct json_member){
        .key = copy_text(b, key, len), .key_len = (uint32_t)len, .key_at = b->at};
    b->has_key = true;
}

void json_add_null(struct json_builder *b)
{
    add(b, (struct json){.type = JSON_NULL, .at = b->at});
}

void json_add_bool(struct json_builder *b, bool value)
{
    add(b, (struct json){.type = value ? JSON_TRUE : JSON_FALSE, .at = b->at});
}

void json_add_int(struct json_builder *b, int64_t value)
{
    add(b, (struct json){.type = JSON_INT, .at = b->at, .u.integer = value});
}

void json_add_real(struct json_builder *b, double value)
{
    if (!isfinite(value))
        fault(b, ERR_JSON);
    add(b, (struct json){.type = JSON_REAL, .at = b->at, .u.real = value});
}

void json_add_string(struct json_builder *b, const char *text, size_t len)
{
    if (!utf8_valid(text, len))
        fault(b, ERR_UTF8);
    add_string(b, text, len);
}

void json_add_text(struct json_builder *b, const char *text)
{
    if (text)
        json_add_string(b, text, strlen(text));
    else
        json_add_null(b);
}

void json_add_tree(struct json_builder *b, const struct json *tree)
{
    add(b, *tree);
}

void json_key(struct json_builder *b, const char *key, size_t len)
{
    if (!utf8_valid(key, len))
        fault(b, ERR_UTF8);
    set_key(b, key, len);
}

static void begin(struct json_builder *b, enum json_type type)
{
    if (b->depth >= JSON_DEPTH_MAX)
        fault(b, ERR_LIMIT);
    add(b, (struct json){.type = (uint8_t)type, .at = b->at, .u.integer = (int64_t)b->open});
    if (b->error)
        return;
    b->depth++;
    b->open = count(b);
}

/* ---- ending a container ---- */

static int by_key(const void *a, const void *b)
{
    const struct json_member *x = a, *y = b;
    return json_key_order(x->key, x->key_len, y->key, y->key_len);
}

static void sort(struct json_member *list, size_t len)
{
    if (len > 16) {
        qsort(list, len, sizeof *list, by_key);
        return;
    }
    for (size_t i = 1; i < len; i++) {
        struct json_member moving = list[i];
        size_t to = i;
        for (; to > 0 && by_key(&list[to - 1], &moving) > 0; to--)
            list[to] = list[to - 1];
        list[to] = moving;
    }
}

/* Sorts unless sorted; true when all keys differ, else the later duplicate is the fault. */
static bool sort_members(struct json_builder *b, struct json_member *list, size_t len)
{
    bool sorted = true;
    for (size_t i = 1; i < len && sorted; i++)
        sorted = by_key(&list[i - 1], &list[i]) < 0;
    if (sorted)
        return true;
    sort(list, len);
    for (size_t i = 1; i < len; i++) {
        if (by_key(&list[i - 1], &list[i]) == 0) {
            b->fault = list[i].key_at > list[i - 1].key_at ? list[i].key_at : list[i - 1].key_at;
            return false;
        }
    }
    return true;
}

static void keep_items(struct json_builder *b, struct json *array, const struct json_member *list)
{
    struct json *items = array->len ? json_doc_alloc(b->doc, array->len * sizeof *items) : NULL;
    if (array->len && !items)
        fault(b, ERR_MEMORY);
    for (size_t i = 0; items && i < array->len; i++)
        items[i] = list[i].value;
    array->u.items = items;
}

static void keep_members(struct json_builder *b, struct json *object, struct json_member *list)
{
    size_t bytes = object->len * sizeof *list;
    struct json_member *kept = bytes ? json_doc_alloc(b->doc, bytes) : NULL;
    if (bytes && !kept)
        fault(b, ERR_MEMORY);
    if (!sort_members(b, list, object->len))
        fault(b, ERR_EXISTS);
    if (kept)
        memcpy(kept, list, bytes);
    object->u.members = kept;
}

static void end(struct json_builder *b, enum json_type type)
{
    if (b->error)
        return;
    if (!b->open || members(b)[b->open - 1].value.type != type || b->has_key) {
        fault(b, ERR_BUG);
        return;
    }
    struct json_member *list = members(b) + b->open;
    struct json *value = &list[-1].value;
    size_t around = (size_t)value->u.integer;
    value->len = (uint32_t)(count(b) - b->open);
    if (type == JSON_ARRAY)
        keep_items(b, value, list);
    else
        keep_members(b, value, list);
    b->stack.len = b->open * sizeof *list;
    b->open = around;
    b->depth--;
}

void json_begin_array(struct json_builder *b)
{
    begin(b, JSON_ARRAY);
}

void json_end_array(struct json_builder *b)
{
    end(b, JSON_ARRAY);
}

void json_begin_object(struct json_builder *b)
{
    begin(b, JSON_OBJECT);
}

void json_end_object(struct json_builder *b)
{
    end(b, JSON_OBJECT);
}

int json_finish(struct json_builder *b, struct json *root)
{
    int code = b->error == ERR_EXISTS ? ERR_JSON : b->error;
    if (!code && (b->open || count(b) != 1))
        code = ERR_BUG;
    if (!code)
        *root = members(b)[0].value;
    json_drop(b);
    return code;
}

/* ---- the tree sink ---- */

static struct json_builder *at(void *ctx, size_t offset)
{
    struct json_builder *b = ctx;
    b->at = (uint32_t)offset;
    return b;
}

static int sink_null(void *ctx, size_t offset)
{
    json_add_null(at(ctx, offset));
    return ((struct json_builder *)ctx)->error;
}

static int sink_boolean(void *ctx, bool value, size_t offset)
{
    json_add_bool(at(ctx, offset), value);
    return ((struct json_builder *)ctx)->error;
}

static int sink_integer(void *ctx, int64_t value, size_t offset)
{
    json_add_int(at(ctx, offset), value);
    return ((struct json_builder *)ctx)->error;
}

static int sink_real(void *ctx, double value, size_t offset)
{
    json_add_real(at(ctx, offset), value);
    return ((struct json_builder *)ctx)->error;
}

static int sink_string(void *ctx, const char *text, size_t len, size_t offset)
{
    add_string(at(ctx, offset), text, len);
    return ((struct json_builder *)ctx)->error;
}

static int sink_key(void *ctx, const char *text, size_t len, size_t offset)
{
    set_key(at(ctx, offset), text, len);
    return ((struct json_builder *)ctx)->error;
}

static int sink_begin_array(void *ctx, size_t offset)
{
    json_begin_array(at(ctx, offset));
    return ((struct json_builder *)ctx)->error;
}

static int sink_end_array(void *ctx)
{
    json_end_array(ctx);
    return ((struct json_builder *)ctx)->error;
}

static int sink_begin_object(void *ctx, size_t offset)
{
    json_begin_object(at(ctx, offset));
    return ((struct json_builder *)ctx)->error;
}

static int sink_end_object(void *ctx, size_t *offset)
{
    struct json_builder *b = ctx;
    json_end_object(b);
    if (b->error == ERR_EXISTS)
        *offset = b->fault;
    return b->error;
}

const struct json_sink json_tree_sink = {
    .null = sink_null,
    .boolean = sink_boolean,
    .integer = sink_integer,
    .real = sink_real,
    .string = sink_string,
    .key = sink_key,
    .begin_array = sink_begin_array,
    .end_array = sink_end_array,
    .begin_object = sink_begin_object,
    .end_object = sink_end_object,
};

int json_parse(struct json_doc *doc, const char *text, size_t len, const struct json_limits *limits,
               struct err *err)
{
    struct json_builder b;
    json_doc_reset(doc);
    json_build(&b, doc);
    int rc = json_scan(text, len, limits, &json_tree_sink, &b, err);
    if (rc) {
        json_drop(&b);
        return rc;
    }
    return json_finish(&b, &doc->root);
}
