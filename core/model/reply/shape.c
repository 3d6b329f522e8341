/* shape.c: paths compiled once into an arena, walked for every event. */
#include "model/reply/shape.h"

#include <string.h>

enum step_kind { STEP_KEY, STEP_ITEM, STEP_EACH, STEP_WITH, STEP_WITHOUT, STEP_IS };

struct step {
    enum step_kind kind;
    uint32_t key_len;
    uint32_t text_len;
    const char *key, *text; /* borrowed from the arena */
    size_t item;
};

struct shape_path {
    const struct shape_path *otherwise; /* next alternative */
    size_t place;                       /* of its last key among those of its field */
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

/* "key=text" */
static void set_condition(struct step *step)
{
    const char *mark = step->kind == STEP_WITH ? memchr(step->key, '=', step->key_len) : NULL;
    if (!mark)
        return;
    step->kind = STEP_IS;
    step->text = mark + 1;
    step->text_len = step->key_len - (uint32_t)(mark + 1 - step->key);
    step->key_len = (uint32_t)(mark - step->key);
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
        set_condition(&step);
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

static const struct step *last_of(const struct shape_path *path)
{
    return path->count ? &path->steps[path->count - 1] : NULL;
}

static bool same_last(const struct shape_path *a, const struct shape_path *b)
{
    const struct step *x = last_of(a), *y = last_of(b);
    return x && y && x->key_len == y->key_len && memcmp(x->key, y->key, x->key_len) == 0;
}

/* The place of a path that comes behind those of its field. */
static int set_place(const struct shape_path *first, struct shape_path *path, const char *field,
                     struct err *err)
{
    size_t places = 0;
    for (const struct shape_path *p = first; p; p = p->otherwise) {
        if (same_last(p, path)) {
            path->place = p->place;
            return 0;
        }
        places = p->place >= places ? p->place + 1 : places;
    }
    if (places == SHAPE_PATHS_MAX)
        return err_set(err, ERR_CONFIG, "shape.%s: more than %d paths", field, SHAPE_PATHS_MAX);
    path->place = places;
    return 0;
}

/* Behind the last alternative of a field. */
static int add_path(struct shape *shape, const struct shape_path **first, const struct json *value,
                    const char *field, struct err *err)
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
    int rc = add_steps(path, own, field, err);
    if (rc == 0)
        rc = set_place(*first, path, field, err);
    while (*first)
        first = &((struct shape_path *)*first)->otherwise;
    *first = path;
    return rc;
}

static int add_field(struct shape *shape, struct shape_paths *paths,
                     const struct json_member *member, struct err *err)
{
    const struct json *value = &member->value;
    for (size_t f = 0; f < SHAPE_FIELD_COUNT; f++) {
        if (strcmp(field_names[f], member->key) != 0)
            continue;
        const struct shape_path **first = &paths->fields[f];
        if (value->type != JSON_ARRAY)
            return add_path(shape, first, value, member->key, err);
        int rc = 0;
        for (size_t i = 0; i < value->len && rc == 0; i++)
            rc = add_path(shape, first, &value->u.items[i], member->key, err);
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

bool shape_is_true(const struct json *value)
{
    if (!value || value->type == JSON_NULL || value->type == JSON_FALSE)
        return false;
    bool has_len =
        value->type == JSON_STRING || value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    return !has_len || value->len > 0;
}

static bool holds(const struct step *step, const struct json *at)
{
    const struct json *value = json_get_n(at, step->key, step->key_len);
    size_t len;
    if (step->kind != STEP_IS)
        return shape_is_true(value) == (step->kind == STEP_WITH);
    const char *text = json_string(value, &len);
    return text && len == step->text_len && memcmp(text, step->text, len) == 0;
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
        return holds(steps, at) ? walk(w, steps + 1, count - 1, at) : 0;
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

/* Of one path: true when it found a count that may be. */
static bool count_at(const struct shape_path *path, const struct json *at, int64_t max,
                     int64_t *count)
{
    const struct json *value = NULL;
    struct walk w = {.fn = take_first, .ctx = &value};
    (void)walk(&w, path->steps, path->count, at);
    *count = value ? json_int(value, -1) : -1;
    return *count >= 0 && *count <= max;
}

int64_t shape_count(const struct shape_paths *paths, enum shape_field field, const struct json *at,
                    int64_t max, int64_t known[SHAPE_PATHS_MAX])
{
    bool found = false;
    int64_t counts[SHAPE_PATHS_MAX], count, sum = 0;
    memcpy(counts, known, sizeof counts);
    for (const struct shape_path *p = paths->fields[field]; p; p = p->otherwise)
        if (count_at(p, at, max, &count)) {
            found = true;
            counts[p->place] = count ? count : counts[p->place];
        }
    for (size_t i = 0; i < SHAPE_PATHS_MAX; i++)
        sum += counts[i];
    if (!found || sum > max)
        return -1;
    memcpy(known, counts, sizeof counts);
    return sum;
}
