/* assert.c: the keywords that look at one value alone. */
#include <string.h>

#include "model/schema/check.h"
#include "model/schema/number.h"

static bool is_number(const struct json *value)
{
    return value->type == JSON_INT || value->type == JSON_REAL;
}

static const char *type_name(const struct json *value)
{
    static const char *const names[] = {"null",     "a boolean", "a boolean", "an integer",
                                        "a number", "a string",  "an array",  "an object"};
    return names[value->type];
}

/* The canonical text of the wanted value, cut for a message. */
static void brief(const struct json *value, char *out, size_t size)
{
    struct buf text = {0};
    json_write(&text, value);
    size_t len = buf_ok(&text) ? text.len : 0;
    if (len < size)
        memcpy(out, len ? text.data : "", len + (len > 0));
    else
        snprintf(out, size, "%s", type_name(value));
    if (len == 0)
        out[0] = 0;
    buf_clear(&text);
}

static void names_of_types(uint32_t types, char *out, size_t size)
{
    static const struct {
        uint32_t bits;
        const char *name;
    } rows[] = {
        {1 << JSON_NULL, "null"},        {1 << JSON_TRUE, "a boolean"},
        {1 << JSON_REAL, "a number"},    {TYPE_INTEGER, "an integer"},
        {1 << JSON_STRING, "a string"},  {1 << JSON_ARRAY, "an array"},
        {1 << JSON_OBJECT, "an object"},
    };
    size_t len = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (types & rows[i].bits)
            len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " or " : "", rows[i].name);
}

int check_type(struct frame *frame, const struct rule *rule)
{
    const struct json *value = frame->value;
    bool fits = (rule->types & 1u << value->type) ||
                ((rule->types & TYPE_INTEGER) && number_is_integer(value));
    if (fits)
        return 0;
    char wanted[128];
    names_of_types(rule->types, wanted, sizeof wanted);
    return check_report(frame, "type", value->at, "must be %s, not %s", wanted, type_name(value));
}

/* The cost of a deep comparison is at most the size of the schema's value: charge its top. */
static int equal(struct frame *frame, const struct json *wanted)
{
    size_t cost = 1;
    if (wanted->type == frame->value->type && wanted->type >= JSON_STRING)
        cost += wanted->len;
    int failed = check_spend(frame->check, cost);
    return failed ? failed : json_equal(frame->value, wanted);
}

int check_enum(struct frame *frame, const struct rule *rule)
{
    for (uint32_t i = 0; i < rule->value->len; i++) {
        int same = equal(frame, &rule->value->u.items[i]);
        if (same)
            return same < 0 ? same : 0;
    }
    char wanted[160];
    brief(rule->value, wanted, sizeof wanted);
    return check_report(frame, "enum", frame->value->at, "must be one of %s", wanted);
}

int check_const(struct frame *frame, const struct rule *rule)
{
    int same = equal(frame, rule->value);
    if (same)
        return same < 0 ? same : 0;
    char wanted[160];
    brief(rule->value, wanted, sizeof wanted);
    return check_report(frame, "const", frame->value->at, "must be %s", wanted);
}

/* ---- numbers ---- */

static int compare(struct frame *frame, const struct rule *rule, bool fits, const char *relation)
{
    char wanted[64];
    if (fits)
        return 0;
    brief(rule->value, wanted, sizeof wanted);
    return check_report(frame, rule->keyword->name, frame->value->at, "must be %s %s", relation,
                        wanted);
}

int check_multiple_of(struct frame *frame, const struct rule *rule)
{
    int fits = is_number(frame->value) ? number_divides(frame->value, rule->value) : 1;
    return fits < 0 ? fits : compare(frame, rule, fits, "a multiple of");
}

int check_maximum(struct frame *frame, const struct rule *rule)
{
    bool fits = !is_number(frame->value) || number_compare(frame->value, rule->value) <= 0;
    return compare(frame, rule, fits, "at most");
}

int check_exclusive_maximum(struct frame *frame, const struct rule *rule)
{
    bool fits = !is_number(frame->value) || number_compare(frame->value, rule->value) < 0;
    return compare(frame, rule, fits, "below");
}

int check_minimum(struct frame *frame, const struct rule *rule)
{
    bool fits = !is_number(frame->value) || number_compare(frame->value, rule->value) >= 0;
    return compare(frame, rule, fits, "at least");
}

int check_exclusive_minimum(struct frame *frame, const struct rule *rule)
{
    bool fits = !is_number(frame->value) || number_compare(frame->value, rule->value) > 0;
    return compare(frame, rule, fits, "above");
}

/* ---- sizes ---- */

static int at_most(struct frame *frame, const struct rule *rule, enum json_type type, size_t size,
                   const char *things)
{
    if (frame->value->type != type || size <= rule->number)
        return 0;
    return check_report(frame, rule->keyword->name, frame->value->at,
                        "must have at most %zu %s, has %zu", rule->number, things, size);
}

static int at_least(struct frame *frame, const struct rule *rule, enum json_type type, size_t size,
                    const char *things)
{
    if (frame->value->type != type || size >= rule->number)
        return 0;
    return check_report(frame, rule->keyword->name, frame->value->at,
                        "must have at least %zu %s, has %zu", rule->number, things, size);
}

static size_t characters(const struct json *value)
{
    size_t count = 0;
    for (uint32_t i = 0; value->type == JSON_STRING && i < value->len; i++)
        count += ((unsigned char)value->u.string[i] & 0xC0) != 0x80;
    return count;
}

int check_max_length(struct frame *frame, const struct rule *rule)
{
    if (frame->value->len <= rule->number) // there are never more characters than bytes
        return 0;
    return at_most(frame, rule, JSON_STRING, characters(frame->value), "characters");
}

int check_min_length(struct frame *frame, const struct rule *rule)
{
    return at_least(frame, rule, JSON_STRING, characters(frame->value), "characters");
}

int check_max_items(struct frame *frame, const struct rule *rule)
{
    return at_most(frame, rule, JSON_ARRAY, frame->value->len, "items");
}

int check_min_items(struct frame *frame, const struct rule *rule)
{
    return at_least(frame, rule, JSON_ARRAY, frame->value->len, "items");
}

int check_max_properties(struct frame *frame, const struct rule *rule)
{
    return at_most(frame, rule, JSON_OBJECT, frame->value->len, "properties");
}

int check_min_properties(struct frame *frame, const struct rule *rule)
{
    return at_least(frame, rule, JSON_OBJECT, frame->value->len, "properties");
}

/* ---- strings, arrays, objects ---- */

int check_pattern(struct frame *frame, const struct rule *rule)
{
    if (frame->value->type != JSON_STRING)
        return 0;
    int found = check_search(frame, rule->regex, frame->value->u.string, frame->value->len);
    if (found)
        return found < 0 ? found : 0;
    char wanted[160];
    brief(rule->value, wanted, sizeof wanted);
    return check_report(frame, "pattern", frame->value->at, "must match the pattern %s", wanted);
}

static int by_value(const void *a, const void *b, void *budget)
{
    return value_order(*(const struct json *const *)a, *(const struct json *const *)b, budget);
}

/* 1 when two neighbours of the sorted items are equal, then *second is the later one. */
static int find_twins(const struct json **items, size_t count, size_t *budget,
                      const struct json **second)
{
    qsort_r(items, count, sizeof(struct json *), by_value, budget);
    for (size_t i = 1; i < count && *budget; i++)
        if (value_order(items[i - 1], items[i], budget) == 0 && *budget) {
            *second = items[i] > items[i - 1] ? items[i] : items[i - 1];
            return 1;
        }
    return *budget ? 0 : ERR_LIMIT;
}

int check_unique_items(struct frame *frame, const struct rule *rule)
{
    const struct json *value = frame->value, *second = NULL;
    if (!json_true(rule->value) || value->type != JSON_ARRAY || value->len < 2)
        return 0;
    const struct json **items = malloc(value->len * sizeof(struct json *));
    if (!items)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < value->len; i++)
        items[i] = &value->u.items[i];
    int found = find_twins(items, value->len, &frame->check->steps, &second);
    free(items);
    if (found <= 0)
        return found;
    return check_report(frame, "uniqueItems", second->at, "item %zu equals an earlier one",
                        (size_t)(second - value->u.items));
}

static int require_names(struct frame *frame, const struct json *names, const char *keyword,
                         const char *because)
{
    int result = 0;
    for (uint32_t i = 0; i < names->len; i++) {
        const struct json *name = &names->u.items[i];
        int failed = check_spend(frame->check, 1);
        if (failed)
            return failed;
        if (!json_get_n(frame->value, name->u.string, name->len))
            result =
                check_report(frame, keyword, frame->value->at, "lacks \"%.80s\"%s%.80s",
                             name->u.string, because ? ", needed by " : "", because ? because : "");
    }
    return result;
}

int check_required(struct frame *frame, const struct rule *rule)
{
    return frame->value->type == JSON_OBJECT ? require_names(frame, rule->value, "required", NULL)
                                             : 0;
}

int check_dependent_required(struct frame *frame, const struct rule *rule)
{
    int result = 0;
    for (uint32_t i = 0; i < rule->count && result >= 0; i++) {
        const struct link *link = &rule->links[i];
        if (!link->names || !json_get_n(frame->value, link->key, link->key_len))
            continue;
        int one = require_names(frame, link->names, rule->keyword->name, link->key);
        result = one < 0 ? one : result | one;
    }
    return result;
}
