/* json_write.c: canonical text: sorted keys, no blanks, integers as they are, the shortest text of
 * every real. Only what must be escaped is escaped. */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- strings ---- */

static void put_escape(struct buf *out, char c)
{
    static const char names[] = "\"\\\b\f\n\r\t", values[] = "\"\\bfnrt",
                      hex[] = "0123456789abcdef";
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        char text[2] = {'\\', values[name - names]};
        buf_put(out, text, sizeof text);
    } else {
        char text[6] = {'\\', 'u', '0', '0', hex[(c >> 4) & 15], hex[c & 15]};
        buf_put(out, text, sizeof text);
    }
}

/* Bytes from text on that need no escape: plain runs and everything above ASCII. */
static size_t clean_run(const char *text, size_t len)
{
    size_t at = utf8_plain(text, len);
    while (at < len && (unsigned char)text[at] >= 0x80) {
        at++;
        at += utf8_plain(text + at, len - at);
    }
    return at;
}

static void write_escaped(struct buf *out, const char *text, size_t len)
{
    buf_putc(out, '"');
    while (len) {
        size_t run = clean_run(text, len);
        buf_put(out, text, run);
        if (run < len)
            put_escape(out, text[run++]);
        text += run;
        len -= run;
    }
    buf_putc(out, '"');
}

void json_write_string(struct buf *out, const char *text, size_t len)
{
    if (clean_run(text, len) < len) {
        write_escaped(out, text, len);
        return;
    }
    char *at = len < SIZE_MAX - 2 ? buf_reserve(out, len + 2) : NULL;
    if (!at)
        return;
    *at = '"';
    memcpy(at + 1, text, len);
    at[len + 1] = '"';
    at[len + 2] = '\0';
    out->len += len + 2;
}

/* ---- numbers ---- */

void json_write_int(struct buf *out, int64_t value)
{
    char text[24], *p = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--p = '-';
    buf_put(out, p, (size_t)(text + sizeof text - p));
}

/* value = mantissa / 10^places with a mantissa of at most 15 digits: both are exact and one
 * division rounds correctly, so the decimal reads back equal, and no shorter one does. */
static bool write_decimal(struct buf *out, double value)
{
    double size = fabs(value), scale = 1;
    if (!(size < 1e9 && size >= 1e-4) && size != 0)
        return false;
    for (int places = 1; places <= 6; places++) {
        double mantissa = nearbyint(size * (scale *= 10));
        if (mantissa / scale != size)
            continue;
        uint64_t digits = (uint64_t)mantissa;
        char text[8] = {'.'};
        for (int i = places; i > 0; i--, digits /= 10)
            text[i] = (char)('0' + digits % 10);
        if (signbit(value))
            buf_putc(out, '-');
        json_write_int(out, (int64_t)digits);
        buf_put(out, text, (size_t)places + 1);
        return true;
    }
    return false;
}

/* A power of two has twice the room above it: where the nearest decimal of 16 digits does not read
 * back, the one behind it may. */
static bool next_decimal(char *text, size_t size, double value)
{
    int exponent;
    if (fabs(frexp(value, &exponent)) != 0.5)
        return false;
    snprintf(text, size, "%#.16g", value);
    char *end = text + strcspn(text, "e");
    if (end[-1] == '9')
        return false;
    end[-1]++;
    return strtod(text, NULL) == value;
}

void json_write_real(struct buf *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        out->failed = true;
        return;
    }
    if (write_decimal(out, value))
        return;
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value || (digits == 16 && next_decimal(text, sizeof text, value)))
            break;
    }
    buf_puts(out, text);
    if (!strpbrk(text, ".e"))
        buf_put(out, ".0", 2);
}

/* ---- trees ---- */

static void write_value(struct buf *out, const struct json *value, unsigned depth);

static void write_array(struct buf *out, const struct json *array, unsigned depth)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < array->len; i++) {
        if (i)
            buf_putc(out, ',');
        write_value(out, &array->u.items[i], depth);
    }
    buf_putc(out, ']');
}

static void write_object(struct buf *out, const struct json *object, unsigned depth)
{
    buf_putc(out, '{');
    for (size_t i = 0; i < object->len; i++) {
        const struct json_member *member = &object->u.members[i];
        if (i)
            buf_putc(out, ',');
        json_write_string(out, member->key, member->key_len);
        buf_putc(out, ':');
        write_value(out, &member->value, depth);
    }
    buf_putc(out, '}');
}

static void write_value(struct buf *out, const struct json *value, unsigned depth)
{
    if (depth == 0 && value->type >= JSON_ARRAY)
        out->failed = true;
    else if (value->type == JSON_STRING)
        json_write_string(out, value->u.string, value->len);
    else if (value->type == JSON_INT)
        json_write_int(out, value->u.integer);
    else if (value->type == JSON_REAL)
        json_write_real(out, value->u.real);
    else if (value->type == JSON_ARRAY)
        write_array(out, value, depth - 1);
    else if (value->type == JSON_OBJECT)
        write_object(out, value, depth - 1);
    else if (value->type == JSON_NULL)
        buf_puts(out, "null");
    else
        buf_puts(out, value->type == JSON_TRUE ? "true" : "false");
}

void json_write(struct buf *out, const struct json *value)
{
    write_value(out, value, JSON_DEPTH_MAX);
}
