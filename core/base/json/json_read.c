/* json_read.c: looking at trees. Every function takes NULL for "there is none". */
#include "base/json.h"

#include <string.h>

int json_key_order(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t len = a_len < b_len ? a_len : b_len;
    int order = len ? memcmp(a, b, len) : 0;
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

#define FEW 8 /* members up to which looking at each is quicker than halving */

/* Most keys differ in length or at the end; nothing is called for those. */
static bool is_key(const struct json_member *member, const char *key, size_t len)
{
    if (member->key_len != len || (len && member->key[len - 1] != key[len - 1]))
        return false;
    return len == 0 || memcmp(member->key, key, len) == 0;
}

static const struct json *get_among_few(const struct json *object, const char *key, size_t key_len)
{
    const struct json_member *member = object->u.members;
    for (uint32_t i = 0; i < object->len; i++) /* of an empty one it is NULL */
        if (is_key(&member[i], key, key_len))
            return &member[i].value;
    return NULL;
}

const struct json *json_get_n(const struct json *object, const char *key, size_t key_len)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    if (object->len <= FEW)
        return get_among_few(object, key, key_len);
    size_t low = 0, high = object->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct json_member *member = &object->u.members[mid];
        int order = json_key_order(key, key_len, member->key, member->key_len);
        if (order == 0)
            return &member->value;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_n(object, key, strlen(key));
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!array || array->type != JSON_ARRAY || index >= array->len)
        return NULL;
    return &array->u.items[index];
}

const char *json_string(const struct json *value, size_t *len)
{
    if (!value || value->type != JSON_STRING)
        return NULL;
    if (len)
        *len = value->len;
    return value->u.string;
}

static bool is_one_of(const struct json_member *m, const char *const *names)
{
    while (*names && (strlen(*names) != m->key_len || memcmp(*names, m->key, m->key_len) != 0))
        names++;
    return *names;
}

const char *json_unknown_key(const struct json *object, const char *const *known)
{
    for (uint32_t i = 0; i < object->len; i++)
        if (!is_one_of(&object->u.members[i], known))
            return object->u.members[i].key;
    return NULL;
}

bool json_is(const struct json *value, const char *text)
{
    return value && value->type == JSON_STRING && value->len == strlen(text) &&
           memcmp(value->u.string, text, value->len) == 0;
}

int64_t json_int(const struct json *value, int64_t otherwise)
{
    return value && value->type == JSON_INT ? value->u.integer : otherwise;
}

bool json_true(const struct json *value)
{
    return value && value->type == JSON_TRUE;
}

/* ---- equality ---- */

static bool is_number(const struct json *value)
{
    return value->type == JSON_INT || value->type == JSON_REAL;
}

#define TWO_63 9223372036854775808.0

/* Exact: an integer beyond 2^53 is not equal to the double next to it. */
static bool mixed_equal(int64_t integer, double real)
{
    return real >= -TWO_63 && real < TWO_63 && (int64_t)real == integer &&
           (double)(int64_t)real == real;
}

static bool number_equal(const struct json *a, const struct json *b)
{
    if (a->type == JSON_INT)
        return b->type == JSON_INT ? a->u.integer == b->u.integer
                                   : mixed_equal(a->u.integer, b->u.real);
    return b->type == JSON_INT ? mixed_equal(b->u.integer, a->u.real) : a->u.real == b->u.real;
}

static bool equal(const struct json *a, const struct json *b, unsigned depth);

static bool members_equal(const struct json *a, const struct json *b, unsigned depth)
{
    for (size_t i = 0; i < a->len; i++) {
        const struct json_member *x = &a->u.members[i], *y = &b->u.members[i];
        if (json_key_order(x->key, x->key_len, y->key, y->key_len) != 0 ||
            !equal(&x->value, &y->value, depth))
            return false;
    }
    return true;
}

static bool equal(const struct json *a, const struct json *b, unsigned depth)
{
    if (is_number(a) && is_number(b))
        return number_equal(a, b);
    if (a->type != b->type || depth == 0)
        return false;
    if (a->type >= JSON_STRING && a->len != b->len)
        return false;
    if (a->type == JSON_STRING)
        return memcmp(a->u.string, b->u.string, a->len) == 0;
    if (a->type == JSON_OBJECT)
        return members_equal(a, b, depth - 1);
    for (size_t i = 0; a->type == JSON_ARRAY && i < a->len; i++)
        if (!equal(&a->u.items[i], &b->u.items[i], depth - 1))
            return false;
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    return equal(a, b, JSON_DEPTH_MAX + 1);
}
