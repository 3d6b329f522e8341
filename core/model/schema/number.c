/* number.c: exact comparison and division of JSON numbers, and a total order of all values. An
 * integer is never rounded to a double; division works on the shortest decimal text of a double, so
 * that 0.0075 is a multiple of 0.0001. */
#include <math.h>
#include <string.h>

#include "model/schema/number.h"

static int sign(bool less, bool more)
{
    return more - less;
}

static int compare_int_real(int64_t a, double b)
{
    if (b >= 0x1p63)
        return -1;
    if (b < -0x1p63)
        return 1;
    double whole = trunc(b);
    int64_t floor_b = (int64_t)whole;
    return a != floor_b ? sign(a<floor_b, a> floor_b) : sign(b > whole, b < whole);
}

int number_compare(const struct json *a, const struct json *b)
{
    if (a->type == JSON_INT && b->type == JSON_INT)
        return sign(a->u.integer<b->u.integer, a->u.integer> b->u.integer);
    if (a->type == JSON_INT)
        return compare_int_real(a->u.integer, b->u.real);
    if (b->type == JSON_INT)
        return -compare_int_real(b->u.integer, a->u.real);
    return sign(a->u.real<b->u.real, a->u.real> b->u.real);
}

bool number_is_integer(const struct json *value)
{
    return value->type == JSON_INT ||
           (value->type == JSON_REAL && trunc(value->u.real) == value->u.real);
}

bool number_to_count(const struct json *value, size_t *count)
{
    if (value->type == JSON_INT && value->u.integer >= 0)
        *count = (size_t)value->u.integer;
    else if (value->type == JSON_REAL && number_is_integer(value) && value->u.real >= 0)
        *count = value->u.real < 0x1p63 ? (size_t)value->u.real : SIZE_MAX;
    else
        return false;
    return true;
}

/* digits × 10^exponent, sign dropped. */
struct decimal {
    uint64_t digits;
    int exponent;
};

static struct decimal decimal_of_text(const char *text)
{
    struct decimal d = {0, 0};
    bool fraction = false;
    for (; *text && *text != 'e' && *text != 'E'; text++) {
        if (*text == '.')
            fraction = true;
        if (*text < '0' || *text > '9')
            continue;
        if (d.digits < UINT64_MAX / 10 - 1) {
            d.digits = d.digits * 10 + (uint64_t)(*text - '0');
            d.exponent -= fraction;
        } else {
            d.exponent += !fraction; /* only zeros can follow 17 significant digits */
        }
    }
    if (*text)
        d.exponent += atoi(text + 1);
    return d;
}

static int decimal_of(const struct json *value, struct decimal *out)
{
    if (value->type == JSON_INT) {
        int64_t n = value->u.integer;
        *out = (struct decimal){n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 0};
        return 0;
    }
    struct buf text = {0};
    json_write_real(&text, value->u.real);
    bool ok = buf_ok(&text);
    if (ok)
        *out = decimal_of_text(text.data);
    buf_clear(&text);
    return ok ? 0 : ERR_MEMORY;
}

/* a × 10^power mod m */
static uint64_t scaled_modulo(uint64_t a, int power, uint64_t m)
{
    unsigned __int128 result = a % m, ten = 10 % m;
    for (; power > 0; power >>= 1) {
        if (power & 1)
            result = result * ten % m;
        ten = ten * ten % m;
    }
    return (uint64_t)result;
}

int number_divides(const struct json *value, const struct json *factor)
{
    struct decimal a, b;
    int failed = decimal_of(value, &a);
    if (!failed)
        failed = decimal_of(factor, &b);
    // cppcheck-suppress uninitStructMember
    if (failed || a.digits == 0 || b.digits == 0)
        return failed ? failed : a.digits == 0;
    if (a.exponent >= b.exponent)
        return scaled_modulo(a.digits, a.exponent - b.exponent, b.digits) == 0;
    for (int power = b.exponent - a.exponent; power > 0; power--) {
        if (a.digits % 10)
            return 0;
        a.digits /= 10;
    }
    return a.digits % b.digits == 0;
}

/* ---- order ---- */

static int rank(const struct json *value)
{
    return value->type == JSON_REAL ? JSON_INT : value->type;
}

static int order_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : sign(a_len<b_len, a_len> b_len);
}

static int order_parts(const struct json *a, const struct json *b, size_t *budget)
{
    if (a->len != b->len)
        return sign(a->len<b->len, a->len> b->len);
    for (uint32_t i = 0; i < a->len && *budget; i++) {
        int order;
        if (a->type == JSON_ARRAY) {
            order = value_order(&a->u.items[i], &b->u.items[i], budget);
        } else {
            const struct json_member *x = &a->u.members[i], *y = &b->u.members[i];
            order = order_bytes(x->key, x->key_len, y->key, y->key_len);
            if (!order)
                order = value_order(&x->value, &y->value, budget);
        }
        if (order)
            return order;
    }
    return 0;
}

int value_order(const struct json *a, const struct json *b, size_t *budget)
{
    if (*budget == 0)
        return 0;
    --*budget;
    if (rank(a) != rank(b))
        return sign(rank(a) < rank(b), rank(a) > rank(b));
    switch (a->type) {
    case JSON_INT:
    case JSON_REAL:
        return number_compare(a, b);
    case JSON_STRING:
        return order_bytes(a->u.string, a->len, b->u.string, b->len);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return order_parts(a, b, budget);
    default:
        return 0;
    }
}
