/* check.c: applies a node to a value: the frame, its budget, its marks, its errors. The keywords
 * themselves are in assert.c and apply.c. */
#include <stdarg.h>
#include <string.h>

#include "base/text/utf8.h"
#include "model/schema/check.h"

int check_spend(struct check *check, size_t steps)
{
    if (check->steps < steps) {
        check->steps = 0;
        return ERR_LIMIT;
    }
    check->steps -= steps;
    return 0;
}

/* ---- marks: what keywords have evaluated ---- */

static int seen_init(struct seen *seen, const struct json *value)
{
    bool parts = value->type == JSON_ARRAY || value->type == JSON_OBJECT;
    *seen = (struct seen){.words = parts ? ((size_t)value->len + 63) / 64 : 0};
    seen->bits = seen->words > 1 ? calloc(seen->words, sizeof *seen->bits) : &seen->few;
    return seen->bits ? 0 : ERR_MEMORY;
}

static void seen_clear(struct seen *seen)
{
    if (seen->bits != &seen->few)
        free(seen->bits);
}

static void seen_merge(struct seen *into, const struct seen *from)
{
    for (size_t i = 0; i < into->words; i++)
        into->bits[i] |= from->bits[i];
}

void seen_mark(struct seen *seen, uint32_t index)
{
    if (seen)
        seen->bits[index / 64] |= (uint64_t)1 << index % 64;
}

bool seen_has(const struct seen *seen, uint32_t index)
{
    return seen->bits[index / 64] >> index % 64 & 1;
}

/* ---- errors ---- */

/* The place for an error at this offset: document order is kept, what is beyond max falls out. */
static struct schema_error *error_slot(struct check *check, uint32_t at)
{
    size_t i = check->count;
    while (i > 0 && check->errors[i - 1].at > at)
        i--;
    if (i == check->max)
        return NULL;
    size_t moved = check->count - i;
    if (check->count == check->max)
        moved--;
    else
        check->count++;
    memmove(&check->errors[i + 1], &check->errors[i], moved * sizeof *check->errors);
    return &check->errors[i];
}

static void report(struct check *check, const struct where *where, const char *keyword, uint32_t at,
                   const char *fmt, va_list args)
{
    struct schema_error *error = check->quiet || check->max == 0 ? NULL : error_slot(check, at);
    if (!error)
        return;
    where_write(where, error->path, sizeof error->path);
    snprintf(error->keyword, sizeof error->keyword, "%s", keyword);
    vsnprintf(error->text, sizeof error->text, fmt, args);
    utf8_clean(error->path, sizeof error->path);
    utf8_clean(error->text, sizeof error->text);
    error->at = at;
}

int check_report(const struct frame *frame, const char *keyword, uint32_t at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(frame->check, frame->where, keyword, at, fmt, args);
    va_end(args);
    return 1;
}

int check_report_member(struct frame *frame, const char *keyword, const struct json_member *member,
                        const char *fmt, ...)
{
    const struct where place = {.up = frame->where, .key = member->key, .key_len = member->key_len};
    va_list args;
    va_start(args, fmt);
    report(frame->check, &place, keyword, member->key_at, fmt, args);
    va_end(args);
    return 1;
}

/* ---- applying ---- */

const struct rule *check_sibling(const struct frame *frame, enum keyword_id id)
{
    for (uint32_t i = 0; i < frame->node->rule_count; i++)
        if (frame->node->rules[i].keyword->id == id)
            return &frame->node->rules[i];
    return NULL;
}

/* Nobody will read more errors: the first broken rule decides. */
static bool hasty(const struct check *check)
{
    return check->quiet || check->max == 0;
}

static int run_rules(struct frame *frame)
{
    int result = 0;
    for (uint32_t i = 0; i < frame->node->rule_count; i++) {
        const struct rule *rule = &frame->node->rules[i];
        if (!rule->keyword->check)
            continue;
        if (result && rule->keyword->id >= KEY_UNEVALUATED_ITEMS)
            break; /* what failed has marked nothing: every answer would be noise */
        int one = check_spend(frame->check, 1);
        if (!one)
            one = rule->keyword->check(frame, rule);
        if (one < 0)
            return one;
        result |= one;
        if (result && hasty(frame->check))
            break;
    }
    return result;
}

static int run_frame(struct frame *frame, struct seen *outer)
{
    struct seen own;
    bool parts = frame->value->type == JSON_ARRAY || frame->value->type == JSON_OBJECT;
    if (!parts || !(outer || frame->node->tracks))
        return run_rules(frame);
    int result = seen_init(&own, frame->value);
    if (result)
        return result;
    frame->seen = &own;
    result = check_spend(frame->check, own.words);
    if (!result)
        result = run_rules(frame);
    if (!result && outer)
        seen_merge(outer, &own);
    frame->seen = NULL;
    seen_clear(&own);
    return result;
}

static int run(struct check *check, const struct node *node, const struct json *value,
               const struct where *where, const struct scope *scope, struct seen *outer)
{
    struct scope inner = {scope, node->resource};
    struct frame frame = {
        .check = check, .node = node, .value = value, .where = where, .scope = scope};
    if (check_spend(check, 1) || check->depth >= SCHEMA_DEPTH_MAX)
        return ERR_LIMIT;
    if (node->boolean)
        return node->allows ? 0 : check_report(&frame, "false", value->at, "is not allowed here");
    if (!scope || scope->resource != node->resource)
        frame.scope = &inner;
    check->depth++;
    int result = run_frame(&frame, outer);
    check->depth--;
    return result;
}

int check_in_place(struct frame *frame, const struct node *node)
{
    return run(frame->check, node, frame->value, frame->where, frame->scope, frame->seen);
}

int check_quietly(struct frame *frame, const struct node *node, struct seen *seen)
{
    frame->check->quiet++;
    int result = run(frame->check, node, frame->value, frame->where, frame->scope, seen);
    frame->check->quiet--;
    return result;
}

int check_member(struct frame *frame, const struct node *node, const struct json_member *member)
{
    const struct where place = {.up = frame->where, .key = member->key, .key_len = member->key_len};
    if (node->boolean && !node->allows)
        return check_report_member(frame, "false", member, "this property is not allowed");
    return run(frame->check, node, &member->value, &place, frame->scope, NULL);
}

int check_item(struct frame *frame, const struct node *node, uint32_t index)
{
    const struct where place = {.up = frame->where, .index = index};
    return run(frame->check, node, &frame->value->u.items[index], &place, frame->scope, NULL);
}

int check_item_quietly(struct frame *frame, const struct node *node, uint32_t index)
{
    frame->check->quiet++;
    int result = check_item(frame, node, index);
    frame->check->quiet--;
    return result;
}

int check_name(struct frame *frame, const struct node *node, const struct json_member *member)
{
    const struct json name = {
        .type = JSON_STRING, .len = member->key_len, .at = member->key_at, .u.string = member->key};
    const struct where place = {.up = frame->where, .key = member->key, .key_len = member->key_len};
    return run(frame->check, node, &name, &place, frame->scope, NULL);
}

int check_search(struct frame *frame, const struct regex *regex, const char *text, size_t len)
{
    return regex_search(regex, text, len, &frame->check->regex, &frame->check->steps);
}

int schema_check(const struct schema *schema, const struct json *value, struct schema_error *errors,
                 size_t max, size_t *count)
{
    struct check check = {
        .schema = schema, .steps = SCHEMA_STEPS_MAX, .errors = errors, .max = max};
    int result = run(&check, schema->root, value, NULL, NULL, NULL);
    regex_scratch_clear(&check.regex);
    if (count)
        *count = check.count;
    return result > 0 ? ERR_SCHEMA : result;
}
