/* schema_types.c: see schema_types.h. */
#include "model/dialect/schema_types.h"

#include <stdlib.h>
#include <string.h>

#define DEEP_MAX 8    /* alternatives in alternatives, and references */
/* schemas that one question looks at: each alternative of one may be itself */
#define LOOKS_MAX 128

/* ---- names of types ---- */

/* JSON's, and what people write instead; a name with `prefix` may go on. */
static const struct {
    const char *name;
    unsigned type;
    bool prefix;
} NAMES[] = {
    {"string", SCHEMA_TYPE_STRING, false}, {"str", SCHEMA_TYPE_STRING, false},
    {"text", SCHEMA_TYPE_STRING, false},   {"integer", SCHEMA_TYPE_INTEGER, false},
    {"int", SCHEMA_TYPE_INTEGER, true},    {"uint", SCHEMA_TYPE_INTEGER, true},
    {"long", SCHEMA_TYPE_INTEGER, false},  {"number", SCHEMA_TYPE_NUMBER, false},
    {"num", SCHEMA_TYPE_NUMBER, false},    {"float", SCHEMA_TYPE_NUMBER, true},
    {"double", SCHEMA_TYPE_NUMBER, false}, {"boolean", SCHEMA_TYPE_BOOLEAN, false},
    {"bool", SCHEMA_TYPE_BOOLEAN, false},  {"null", SCHEMA_TYPE_NULL, false},
    {"array", SCHEMA_TYPE_ARRAY, false},   {"list", SCHEMA_TYPE_ARRAY, true},
    {"tuple", SCHEMA_TYPE_ARRAY, false},   {"object", SCHEMA_TYPE_OBJECT, false},
    {"dict", SCHEMA_TYPE_OBJECT, true},
};

static unsigned type_named(const struct json *name)
{
    const char *text = json_string(name, NULL);
    for (size_t i = 0; text && i < sizeof NAMES / sizeof *NAMES; i++)
        if (NAMES[i].prefix ? strncmp(text, NAMES[i].name, strlen(NAMES[i].name)) == 0
                            : strcmp(text, NAMES[i].name) == 0)
            return NAMES[i].type;
    return 0;
}

static unsigned type_of(const struct json *value)
{
    static const unsigned types[] = {
        [JSON_NULL] = SCHEMA_TYPE_NULL,    [JSON_FALSE] = SCHEMA_TYPE_BOOLEAN,
        [JSON_TRUE] = SCHEMA_TYPE_BOOLEAN, [JSON_INT] = SCHEMA_TYPE_INTEGER,
        [JSON_REAL] = SCHEMA_TYPE_NUMBER,  [JSON_STRING] = SCHEMA_TYPE_STRING,
        [JSON_ARRAY] = SCHEMA_TYPE_ARRAY,  [JSON_OBJECT] = SCHEMA_TYPE_OBJECT,
    };
    return types[value->type];
}

/* ---- references ---- */

/* A step of a JSON pointer as the name that it stands for, ~1 and ~0 being / and ~.
 * 0: it does not fit. */
static size_t step_name(char *name, size_t size, const char *step, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool escaped = step[i] == '~' && i + 1 < len && (step[i + 1] == '0' || step[i + 1] == '1');
        if (n == size)
            return 0;
        name[n] = step[i];
        if (escaped)
            name[n] = step[++i] == '1' ? '/' : '~';
        n++;
    }
    return n;
}

/* "#/$defs/X", "#/anyOf/0", a step at a time. */
static const struct json *pointed(const struct json *root, const char *path)
{
    char name[256];
    if (path[0] != '#')
        return NULL;
    for (path++; root && *path == '/';) {
        size_t len = strcspn(++path, "/");
        root = root->type == JSON_ARRAY
                   ? json_at(root, strtoul(path, NULL, 10))
                   : json_get_n(root, name, step_name(name, sizeof name, path, len));
        path += len;
    }
    return root;
}

static struct schema_ref resolved(struct schema_ref w)
{
    for (int i = 0; i < DEEP_MAX; i++) {
        const char *path = json_string(json_get(w.schema, "$ref"), NULL);
        if (!path)
            return w;
        w.schema = pointed(w.root, path);
    }
    return (struct schema_ref){NULL, NULL};
}

/* ---- asking ---- */

static const char *const ALTERNATIVES[] = {"anyOf", "oneOf", "allOf", NULL};

static unsigned types_of(struct schema_ref w, unsigned depth, unsigned *looks);

static unsigned types_in(const struct json *list, const struct json *root, unsigned depth,
                         unsigned *looks)
{
    unsigned types = 0;
    for (size_t i = 0; *looks && json_at(list, i); i++)
        types |= types_of((struct schema_ref){json_at(list, i), root}, depth + 1, looks);
    return types;
}

/* Of a schema without a type. */
static unsigned implied(const struct json *schema)
{
    unsigned types = 0;
    const struct json *list = json_get(schema, "enum"), *constant = json_get(schema, "const");
    for (size_t i = 0; json_at(list, i); i++)
        types |= type_of(json_at(list, i));
    if (constant)
        types |= type_of(constant);
    if (json_get(schema, "properties"))
        types |= SCHEMA_TYPE_OBJECT;
    if (json_get(schema, "items"))
        types |= SCHEMA_TYPE_ARRAY;
    return types;
}

static unsigned types_of(struct schema_ref w, unsigned depth, unsigned *looks)
{
    if (depth > DEEP_MAX || !*looks)
        return 0;
    --*looks;
    w = resolved(w);
    const struct json *type = json_get(w.schema, "type");
    unsigned types = type_named(type);
    for (size_t i = 0; json_at(type, i); i++)
        types |= type_named(json_at(type, i));
    for (size_t i = 0; !types && ALTERNATIVES[i]; i++)
        types = types_in(json_get(w.schema, ALTERNATIVES[i]), w.root, depth, looks);
    return types ? types : implied(w.schema);
}

unsigned schema_types_of(struct schema_ref w)
{
    unsigned looks = LOOKS_MAX;
    unsigned types = types_of(w, 0, &looks);
    return looks ? types : 0;
}

static bool is_text(const struct json *value, const char *text, size_t len)
{
    size_t value_len;
    const char *string = json_string(value, &value_len);
    return string && value_len == len && memcmp(string, text, len) == 0;
}

bool schema_types_names(struct schema_ref w, const char *text, size_t len)
{
    w = resolved(w);
    const struct json *list = json_get(w.schema, "enum");
    bool named = is_text(json_get(w.schema, "const"), text, len);
    for (size_t i = 0; !named && json_at(list, i); i++)
        named = is_text(json_at(list, i), text, len);
    return named;
}

/* 1.25e2 is an integer as well. */
static bool integral(const struct json *value)
{
    const double most = (double)(1LL << 53);
    return value->type == JSON_REAL && value->u.real >= -most && value->u.real <= most
        && value->u.real == (double)(int64_t)value->u.real;
}

bool schema_types_fit(unsigned types, const struct json *value)
{
    unsigned type = type_of(value);
    if (type == SCHEMA_TYPE_INTEGER || integral(value))
        type = SCHEMA_TYPE_INTEGER | SCHEMA_TYPE_NUMBER;
    return (types & type) != 0;
}

/* What the schema says under a keyword, of one name or of all (NULL); where it says nothing, the
 * first of its alternatives that does. */
static const struct json *said(struct schema_ref w, const char *keyword, const char *name,
                               size_t len, unsigned depth, unsigned *looks)
{
    if (depth > DEEP_MAX || !*looks)
        return NULL;
    --*looks;
    w = resolved(w);
    const struct json *found = json_get(w.schema, keyword);
    if (name)
        found = json_get_n(found, name, len);
    else if (found && found->type != JSON_OBJECT)
        found = NULL;
    for (size_t i = 0; !found && ALTERNATIVES[i]; i++) {
        const struct json *list = json_get(w.schema, ALTERNATIVES[i]);
        for (size_t j = 0; !found && *looks && json_at(list, j); j++)
            found = said((struct schema_ref){json_at(list, j), w.root}, keyword, name, len,
                         depth + 1, looks);
    }
    return found;
}

struct schema_ref schema_types_member(struct schema_ref w, const char *key, size_t len)
{
    unsigned looks = LOOKS_MAX, others = LOOKS_MAX;
    const struct json *member = said(w, "properties", key, len, 0, &looks);
    w.schema = member ? member : said(w, "additionalProperties", NULL, 0, 0, &others);
    return w;
}

struct schema_ref schema_types_item(struct schema_ref w)
{
    unsigned looks = LOOKS_MAX;
    w.schema = said(w, "items", NULL, 0, 0, &looks);
    return w;
}
