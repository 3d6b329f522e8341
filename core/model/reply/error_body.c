/* error_body.c: the words are looked for where APIs put them. */
#include "model/reply/error_body.h"

#include <inttypes.h>
#include <string.h>

#include "base/text/sanitize.h"

#define EXCERPT  120 /* bytes of foreign text */
#define KIND_MAX 60

void error_body_excerpt(struct buf *out, const char *text, size_t len)
{
    size_t from = out->len;
    utf8_sanitize(out, text, len < EXCERPT ? len : EXCERPT);
    for (size_t i = from; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7F)
            out->data[i] = ' ';
    while (out->len > from && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    if (len > EXCERPT)
        buf_puts(out, "...");
}

/* Several at once: the first speaks for all. */
static const struct json *one_of(const struct json *error)
{
    return error->type == JSON_ARRAY && error->len ? &error->u.items[0] : error;
}

static const char *text_of(const struct json *error, size_t *len)
{
    static const char *const names[] = {"message", "msg", "detail", "type"};
    const char *text = json_string(error, len);
    for (size_t i = 0; i < COUNT_OF(names) && (!text || !*len); i++)
        text = json_string(json_get(error, names[i]), len);
    return text;
}

static const char *const kinds[] = {"type", "status", "code"};

/* What kind of error it is stands beside the message, where one says so. */
static void add_kind(struct buf *out, const struct json *error, const char *message, size_t len)
{
    const char *kind = NULL;
    size_t kind_len = 0;
    for (size_t i = 0; i < COUNT_OF(kinds) && (!kind || !kind_len); i++)
        kind = json_string(json_get(error, kinds[i]), &kind_len);
    if (!kind || !kind_len || kind_len > KIND_MAX || memmem(message, len, kind, kind_len))
        return;
    buf_puts(out, " (");
    error_body_excerpt(out, kind, kind_len);
    buf_puts(out, ")");
}

void error_body_text(struct buf *out, const struct json *error)
{
    size_t len = 0;
    const char *text = text_of(one_of(error), &len);
    if (text && len) {
        error_body_excerpt(out, text, len);
        add_kind(out, one_of(error), text, len);
        return;
    }
    struct buf json = {0};
    json_write(&json, error);
    if (buf_ok(&json))
        error_body_excerpt(out, json.data, json.len);
    buf_clear(&json);
}

void error_body_kinds(struct buf *out, const struct json *error)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct json *value = json_get(one_of(error), kinds[i]);
        size_t len = 0;
        const char *text = json_string(value, &len);
        int64_t number = json_int(value, 0);
        if ((!text || !len || len > KIND_MAX) && !number)
            continue;
        if (out->len)
            buf_puts(out, " ");
        if (number)
            buf_printf(out, "%" PRId64, number);
        else
            error_body_excerpt(out, text, len);
    }
}
