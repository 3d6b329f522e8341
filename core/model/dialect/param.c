/* param.c: a parameter's text as the value that its schema asks for. */
#include "base/repair.h"
#include "model/dialect/loose.h"
#include "model/dialect/match.h"

/* The text as JSON, where all of it is one value. */
static bool as_json(struct buf *json, const char *text, size_t len)
{
    struct scan s = {.at = text, .end = text + len, .final = true};
    scan_blanks(&s);
    if (loose_value(&s, json) != FOUND_YES)
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

/* The text as a JSON value of one of these types. */
static bool typed_value(struct buf *out, const char *text, size_t len, unsigned types)
{
    struct buf json = {0};
    struct json_doc doc = {0};
    if (types & (WANTED_INTEGER | WANTED_NUMBER))
        behind_zeros(&text, &len);
    bool fits = as_json(&json, text, len) && json_parse(&doc, json.data, json.len, NULL, NULL) == 0
        && wanted_fits(types, &doc.root);
    if (fits)
        json_write(out, &doc.root);
    json_doc_clear(&doc);
    buf_clear(&json);
    return fits;
}

/* The line ends that a template sets around the value are not of it. */
static void inside_lines(const char **text, size_t *len)
{
    size_t before = *len > 1 && (*text)[0] == '\r' && (*text)[1] == '\n' ? 2 : *len && **text == '\n';
    *text += before;
    *len -= before;
    if (*len && (*text)[*len - 1] == '\n')
        *len -= *len > 1 && (*text)[*len - 2] == '\r' ? 2 : 1;
}

/* The types that the text may be read as, as JSON. Where a text is asked for it stays one, but for `null`
 * where that may be instead, and for what was said to be JSON. */
static unsigned as_types(unsigned types, enum param_written written)
{
    const unsigned all = ~0u;
    if (!types)
        return written == PARAM_JSON ? all : written == PARAM_EITHER ? all & ~(unsigned)WANTED_STRING : 0;
    if (types & WANTED_STRING)
        return (types & WANTED_NULL) | (written == PARAM_JSON ? WANTED_STRING : 0);
    return types;
}

void param_value(struct buf *out, const char *text, size_t len, struct wanted wanted, enum param_written written)
{
    inside_lines(&text, &len);
    unsigned types = as_types(wanted_types(wanted), written);
    if (types && typed_value(out, text, len, types))
        return;
    struct buf valid = {0};
    utf8_repair(&valid, text, len);
    json_write_string(out, valid.data ? valid.data : "", valid.len);
    out->failed |= valid.failed;
    buf_clear(&valid);
}
