/* shape.c: paths compiled once into an arena, walked for every event. */
#include "model/shape.h"

#include <string.h>

enum step_kind { STEP_KEY, STEP_ITEM, STEP_EACH, STEP_WITH, STEP_WITHOUT };

struct step {
    enum step_kind kind;
    uint32_t key_len;
    const char *key; /* borrowed from the arena */
    size_t item;
};

struct shape_path {
    const struct shape_path *otherwise; /* next alternative */
    size_t count;
    struct step steps[SHAPE_STEPS_MAX];
};

static const char *const field_names[] = {
#define X(name, key) key,
    SHAPE_FIELDS(X)
#undef X
};

/* ---- compiling ---- */

static char *copy(struct shape *shape, const char *text, size_t len)
{
    char *out = json_doc_alloc(&shape->doc, len + 1);
    if (out) {
        memcpy(out, text, len);
        out[len] = '\0';
    }
    return out;
}

static struct step step_of(const char *key, size_t len)
{
    struct step step = {.kind = STEP_KEY, .key = key, .key_len = (uint32_t)len};
    if (len == 1 && *key == '*')
        step.kind = STEP_EACH;
    else if (len > 1 && (*key == '?' || *key == '!')) {
        step.kind = *key == '?' ? STEP_WITH : STEP_WITHOUT;
        step.key++;
        step.key_len--;
    } else if (len && len < 9 && strspn(key, "0123456789") >= len) {
        step.kind = STEP_ITEM;
        for (size_t i = 0; i < len; i++)
            step.item = step.item * 10 + (size_t)(key[i] - '0');
    }
    return step;
}

static int add_steps(struct shape_path *path, const char *text, const char *field, struct err *err)
{
    while (*text) {
        size_t len = strcspn(text, ".");
        if (len == 0 || (text[len] == '.' && !text[len + 1]))
            return err_set(err, ERR_CONFIG, "shape.%s: an empty step", field);
        if (path->count == SHAPE_STEPS_MAX)
            return err_set(err, ERR_CONFIG, "shape.%s: more than %d steps", field, SHAPE_STEPS_MAX);
        path->steps[path->count++] = step_of(text, len);
        text += len + (text[len] == '.');
    }
    return 0;
}

static int add_path(struct shape *shape, const struct json *value, const char *field,
                    const struct shape_path ***tail, struct err *err)
{
    size_t len;
    const char *text = json_string(value, &len);
    if (!text || strlen(text) != len)
        return err_set(err, ERR_CONFIG, "shape.%s: a path is a text", field);
    struct shape_path *path = json_doc_alloc(&shape->doc, sizeof *path);
    char *own = copy(shape, text, len);
    if (!path || !own)
        return err_set(err, ERR_MEMORY, "out of memory");
    *path = (struct shape_path){0};
    **tail = path;
    *tail = &path->otherwise;
    return add_steps(path, own, field, err);
}

static int add_field(struct shape *shape, struct shape_paths *paths,
                     const struct json_member *member, struct err *err)
{
    const struct json *value = &member->value;
    for (size_t f = 0; f < SHAPE_FIELD_COUNT; f++) {
        if (strcmp(field_names[f], member->key) != 0)
            continue;
        const struct shape_path **tail = &paths->fields[f];
        if (value->type != JSON_ARRAY)
            return add_path(shape, value, member->key, &tail, err);
        int rc = 0;
        for (size_t i = 0; i < value->len && rc == 0; i++)
            rc = add_path(shape, &value->u.items[i], member->key, &tail, err);
        return rc;
    }
    return err_set(err, ERR_CONFIG, "shape.%s: unknown field", member->key);
}

static int add_paths(struct shape *shape, struct shape_paths *paths, const struct json *spec,
                     struct err *err)
{
    int rc = 0;
    if (!spec || spec->type != JSON_OBJECT)
        return err_set(err, ERR_CONFIG, "a shape's stream and whole are tables of paths");
    for (size_t i = 0; i < spec->len && rc == 0; i++)
        rc = add_field(shape, paths, &spec->u.members[i], err);
    return rc;
}

static int add_member(struct shape *shape, const struct json_member *member, struct err *err)
{
    size_t len;
    const char *text = json_string(&member->value, &len);
    if (strcmp(member->key, "stream") == 0)
        return add_paths(shape, &shape->stream, &member->value, err);
    if (strcmp(member->key, "whole") == 0)
        return add_paths(shape, &shape->whole, &member->value, err);
    if (strcmp(member->key, "done") != 0 || !text)
        return err_set(err, ERR_CONFIG, "a shape has no '%s' like this", member->key);
    shape->done = copy(shape, text, len);
    return shape->done ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

int shape_init(struct shape *shape, const struct json *spec, struct err *err)
{
    int rc = 0;
    *shape = (struct shape){0};
    if (!spec || spec->type != JSON_OBJECT)
        return err_set(err, ERR_CONFIG, "a shape is a table {done, stream, whole}");
    for (size_t i = 0; i < spec->len && rc == 0; i++)
        rc = add_member(shape, &spec->u.members[i], err);
    if (rc)
        shape_clear(shape);
    return rc;
}

void shape_clear(struct shape *shape)
{
    json_doc_clear(&shape->doc);
    *shape = (struct shape){0};
}

/* ---- walking ---- */

struct walk {
    shape_fn *fn;
    void *ctx;
    bool found;
};

static bool is_true(const struct json *value)
{
    if (!value || value->type == JSON_NULL || value->type == JSON_FALSE)
        return false;
    return value->type != JSON_STRING || value->len > 0;
}

/* Depth is bounded by SHAPE_STEPS_MAX. */
static int walk(struct walk *w, const struct step *steps, size_t count, const struct json *at)
{
    if (!at || at->type == JSON_NULL)
        return 0;
    if (count == 0) {
        int rc = w->fn(w->ctx, at);
        w->found = w->found || rc != SHAPE_PASS;
        return rc == SHAPE_PASS ? 0 : rc;
    }
    if (steps->kind == STEP_KEY)
        return walk(w, steps + 1, count - 1, json_get_n(at, steps->key, steps->key_len));
    if (steps->kind == STEP_ITEM)
        return walk(w, steps + 1, count - 1, json_at(at, steps->item));
    if (steps->kind != STEP_EACH)
        return is_true(json_get_n(at, steps->key, steps->key_len)) == (steps->kind == STEP_WITH)
                   ? walk(w, steps + 1, count - 1, at)
                   : 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && at->type == JSON_ARRAY && i < at->len; i++)
        rc = walk(w, steps + 1, count - 1, &at->u.items[i]);
    return rc;
}

int shape_each(const struct shape_paths *paths, enum shape_field field, const struct json *at,
               shape_fn *fn, void *ctx)
{
    struct walk w = {.fn = fn, .ctx = ctx};
    int rc = 0;
    for (const struct shape_path *p = paths->fields[field]; p && !w.found && rc == 0;
         p = p->otherwise)
        rc = walk(&w, p->steps, p->count, at);
    return rc;
}

static int take_first(void *ctx, const struct json *value)
{
    *(const struct json **)ctx = value;
    return SHAPE_PASS + 1; // stop
}

const struct json *shape_first(const struct shape_paths *paths, enum shape_field field,
                               const struct json *at)
{
    const struct json *first = NULL;
    (void)shape_each(paths, field, at, take_first, &first);
    return first;
}

int64_t shape_sum(const struct shape_paths *paths, enum shape_field field, const struct json *at,
                  int64_t max)
{
    int64_t sum = -1;
    for (const struct shape_path *p = paths->fields[field]; p; p = p->otherwise) {
        const struct json *value = NULL;
        struct walk w = {.fn = take_first, .ctx = &value};
        (void)walk(&w, p->steps, p->count, at);
        int64_t count = value ? json_int(value, -1) : 0;
        if (count < 0 || count > max)
            return -1;
        if (value)
            sum = (sum < 0 ? 0 : sum) + count;
    }
    return sum <= max ? sum : -1;
}
