/* param.c: a parameter's text as the value that its schema asks for. */
#include "base/repair.h"
#include "model/dialect/loose.h"
#include "model/dialect/match.h"

/* Does the schema take values of this type at all? No `type`: whatever. */
static bool takes(const struct json *schema, const char *type)
{
    const struct json *types = json_get(schema, "type");
    if (!types || types->type != JSON_ARRAY)
        return types && json_is(types, type);
    for (size_t i = 0; i < types->len; i++)
        if (json_is(json_at(types, i), type))
            return true;
    return false;
}

static bool fits(const struct json *schema, const struct json *value)
{
    switch (value->type) {
    case JSON_INT:
        return takes(schema, "integer") || takes(schema, "number");
    case JSON_REAL:
        return takes(schema, "number");
    case JSON_TRUE:
    case JSON_FALSE:
        return takes(schema, "boolean");
    case JSON_NULL:
        return takes(schema, "null");
    case JSON_ARRAY:
        return takes(schema, "array");
    case JSON_OBJECT:
        return takes(schema, "object");
    default:
        return takes(schema, "string");
    }
}

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

static bool typed_value(struct buf *out, const char *text, size_t len, const struct json *schema)
{
    struct buf json = {0};
    struct json_doc doc = {0};
    bool whole = as_json(&json, text, len) && json_parse(&doc, json.data, json.len, NULL, NULL) == 0;
    bool takes_it = whole && (json_get(schema, "type") ? fits(schema, &doc.root) : doc.root.type != JSON_STRING);
    if (takes_it)
        json_write(out, &doc.root);
    json_doc_clear(&doc);
    buf_clear(&json);
    return takes_it;
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

void param_value(struct buf *out, const char *text, size_t len, const struct json *schema, bool typed)
{
    inside_lines(&text, &len);
    bool speaks = json_get(schema, "type") != NULL;
    if ((speaks ? !takes(schema, "string") : typed) && typed_value(out, text, len, schema))
        return;
    struct buf valid = {0};
    utf8_repair(&valid, text, len);
    json_write_string(out, valid.data ? valid.data : "", valid.len);
    out->failed |= valid.failed;
    buf_clear(&valid);
}
