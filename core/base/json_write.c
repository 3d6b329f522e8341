/* json_write.c: canonical text: sorted keys, no blanks, integers as they are, the shortest text of
 * every real. Only what must be escaped is escaped. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/json.h"

/* ---- strings ---- */

static void put_escape(struct buf *out, char c)
{
    static const char names[] = "\"\\\b\f\n\r\t", values[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
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

void json_write_string(struct buf *out, const char *text, size_t len)
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

void json_write_real(struct buf *out, double value)
{
    char text[40];
    if (!isfinite(value)) {
        out->failed = true;
        return;
    }
    if (fabs(value) < 1e9 && value == (double)(int32_t)value && !(value == 0 && signbit(value))) {
        json_write_int(out, (int32_t)value);
        buf_put(out, ".0", 2);
        return;
    }
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
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
    else
        buf_puts(out, value->type == JSON_TRUE ? "true" : value->type == JSON_FALSE ? "false" : "null");
}

void json_write(struct buf *out, const struct json *value)
{
    write_value(out, value, JSON_DEPTH_MAX);
}
