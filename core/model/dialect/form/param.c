/* param.c: a parameter's text as the value that its schema asks for. */
#include "base/text/sanitize.h"
#include "model/dialect/form/match.h"
#include "model/dialect/text/lenient_json.h"

/* Each of these has failed `out` without memory, whatever it answers. */

/* The text as JSON, where all of it is one value. */
static bool as_json(struct buf *json, const char *text, size_t len)
{
    struct scan s = {.at = text, .end = text + len, .final = true};
    scan_blanks(&s);
    if (lenient_value(&s, json) != FOUND_YES)
        return false;
    scan_blanks(&s);
    return s.at == s.end && buf_ok(json);
}

/* Where a number is asked for, zeros before it mean nothing. */
static void behind_zeros(const char **text, size_t *len)
{
    while (*len > 1 && **text == '0' && (*text)[1] >= '0' && (*text)[1] <= '9') {
        ++*text;
        --*len;
    }
}

/* The inside of a JSON string that holds JSON: [{\"a\": 1}]. False: it is none. */
static bool unescape(struct buf *inner, const char *text, size_t len)
{
    struct buf string = {0};
    struct json_doc doc = {0};
    size_t inner_len;
    if (!memmem(text, len, "\\\"", 2))
        return false;
    buf_putc(&string, '"');
    buf_put(&string, text, len);
    buf_putc(&string, '"');
    bool escaped = scan_json(&doc, string.data, string.len, &inner->failed);
    const char *plain = escaped ? json_string(&doc.root, &inner_len) : NULL;
    if (plain)
        buf_put(inner, plain, inner_len);
    json_doc_clear(&doc);
    inner->failed |= string.failed;
    buf_clear(&string);
    return plain && buf_ok(inner);
}

/* The text as a JSON value of one of these types. */
static bool plain_value(struct buf *out, const char *text, size_t len, unsigned types)
{
    struct buf json = {0};
    struct json_doc doc = {0};
    if (types & (SCHEMA_TYPE_INTEGER | SCHEMA_TYPE_NUMBER))
        behind_zeros(&text, &len);
    bool fits = as_json(&json, text, len) && scan_json(&doc, json.data, json.len, &out->failed)
        && schema_types_fit(types, &doc.root);
    if (fits)
        json_write(out, &doc.root);
    json_doc_clear(&doc);
    out->failed |= json.failed;
    buf_clear(&json);
    return fits;
}

/* Likewise, and where a list or an object is asked for, also of what was escaped once too often. */
static bool typed_value(struct buf *out, const char *text, size_t len, unsigned types)
{
    struct buf inner = {0};
    bool may_hold = types == SCHEMA_TYPE_ARRAY || types == SCHEMA_TYPE_OBJECT;
    bool fits =
        plain_value(out, text, len, types) ||
        (may_hold && unescape(&inner, text, len) && plain_value(out, inner.data, inner.len, types));
    out->failed |= inner.failed;
    buf_clear(&inner);
    return fits;
}

/* A text of JSON that holds the value, where no text is asked for: "42". */
static bool quoted_value(struct buf *out, const char *text, size_t len, unsigned types)
{
    struct json_doc doc = {0};
    size_t inner_len;
    bool quoted = len > 2 && text[0] == '"' && scan_json(&doc, text, len, &out->failed);
    const char *inner = quoted ? json_string(&doc.root, &inner_len) : NULL;
    bool fits = inner && plain_value(out, inner, inner_len, types);
    json_doc_clear(&doc);
    return fits;
}

/* The types that the text may be read as, as JSON. What is JSON of another type that may be instead
 * of a text is no text; a JSON string is one, but where it was said to be JSON. */
static unsigned as_types(unsigned types, enum param_written written)
{
    const unsigned all = ~0u;
    if (!types && written != PARAM_TEXT)
        types = all;
    return written == PARAM_JSON ? types : types & ~(unsigned)SCHEMA_TYPE_STRING;
}

void param_value(struct buf *out, const char *text, size_t len, struct schema_ref wanted,
                 enum param_written written)
{
    unsigned asked = schema_types_of(wanted), types = as_types(asked, written);
    if (written != PARAM_JSON && schema_types_names(wanted, text, len))
        types = 0;
    if (types && typed_value(out, text, len, types))
        return;
    if (asked && !(asked & SCHEMA_TYPE_STRING) && quoted_value(out, text, len, types))
        return;
    struct buf valid = {0};
    utf8_sanitize(&valid, text, len);
    json_write_string(out, valid.data ? valid.data : "", valid.len);
    out->failed |= valid.failed;
    buf_clear(&valid);
}
