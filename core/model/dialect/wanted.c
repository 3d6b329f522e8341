/* wanted.c: see wanted.h. */
#include "model/dialect/wanted.h"

#include <string.h>

#define DEEP_MAX 8 /* alternatives in alternatives, and references */

/* ---- names of types ---- */

/* JSON's, and what people write instead; a name with `prefix` may go on. */
static const struct {
    const char *name;
    unsigned type;
    bool prefix;
} NAMES[] = {
    {"string", WANTED_STRING, false},   {"str", WANTED_STRING, false},     {"text", WANTED_STRING, false},
    {"integer", WANTED_INTEGER, false}, {"int", WANTED_INTEGER, true},     {"uint", WANTED_INTEGER, true},
    {"long", WANTED_INTEGER, false},    {"number", WANTED_NUMBER, false},  {"num", WANTED_NUMBER, false},
    {"float", WANTED_NUMBER, true},     {"double", WANTED_NUMBER, false},  {"boolean", WANTED_BOOLEAN, false},
    {"bool", WANTED_BOOLEAN, false},    {"null", WANTED_NULL, false},      {"array", WANTED_ARRAY, false},
    {"list", WANTED_ARRAY, true},       {"tuple", WANTED_ARRAY, false},    {"object", WANTED_OBJECT, false},
    {"dict", WANTED_OBJECT, true},
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
        [JSON_NULL] = WANTED_NULL,      [JSON_FALSE] = WANTED_BOOLEAN, [JSON_TRUE] = WANTED_BOOLEAN,
        [JSON_INT] = WANTED_INTEGER,    [JSON_REAL] = WANTED_NUMBER,   [JSON_STRING] = WANTED_STRING,
        [JSON_ARRAY] = WANTED_ARRAY,    [JSON_OBJECT] = WANTED_OBJECT,
    };
    return types[value->type];
}

/* ---- references ---- */

/* "#/$defs/X", a step at a time. */
static const struct json *pointed(const struct json *root, const char *path)
{
    if (path[0] != '#')
        return NULL;
    for (path++; root && *path == '/';) {
        size_t len = strcspn(++path, "/");
        root = json_get_n(root, path, len);
        path += len;
    }
    return root;
}

static struct wanted resolved(struct wanted w)
{
    for (int i = 0; i < DEEP_MAX; i++) {
        const char *path = json_string(json_get(w.schema, "$ref"), NULL);
        if (!path)
            return w;
        w.schema = pointed(w.root, path);
    }
    return (struct wanted){NULL, NULL};
}

/* ---- asking ---- */

static unsigned types_of(struct wanted w, unsigned depth);

static unsigned types_in(const struct json *list, const struct json *root, unsigned depth)
{
    unsigned types = 0;
    for (size_t i = 0; json_at(list, i); i++)
        types |= types_of((struct wanted){json_at(list, i), root}, depth + 1);
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
        types |= WANTED_OBJECT;
    if (json_get(schema, "items"))
        types |= WANTED_ARRAY;
    return types;
}

static unsigned types_of(struct wanted w, unsigned depth)
{
    static const char *const alternatives[] = {"anyOf", "oneOf", "allOf", NULL};
    w = depth > DEEP_MAX ? (struct wanted){NULL, NULL} : resolved(w);
    const struct json *type = json_get(w.schema, "type");
    unsigned types = type_named(type);
    for (size_t i = 0; json_at(type, i); i++)
        types |= type_named(json_at(type, i));
    for (size_t i = 0; !types && alternatives[i]; i++)
        types = types_in(json_get(w.schema, alternatives[i]), w.root, depth);
    return types ? types : implied(w.schema);
}

unsigned wanted_types(struct wanted w)
{
    return types_of(w, 0);
}

bool wanted_fits(unsigned types, const struct json *value)
{
    unsigned type = type_of(value);
    return (types & (type | (type == WANTED_INTEGER ? WANTED_NUMBER : 0))) != 0;
}

/* The alternative that is of the type; itself when it is or when none is. */
static struct wanted alternative(struct wanted w, unsigned type)
{
    static const char *const alternatives[] = {"anyOf", "oneOf", "allOf", NULL};
    w = resolved(w);
    for (size_t i = 0; alternatives[i]; i++) {
        const struct json *list = json_get(w.schema, alternatives[i]);
        for (size_t j = 0; json_at(list, j); j++) {
            struct wanted each = resolved((struct wanted){json_at(list, j), w.root});
            if (wanted_types(each) & type)
                return each;
        }
    }
    return w;
}

struct wanted wanted_member(struct wanted w, const char *key, size_t len)
{
    w = alternative(w, WANTED_OBJECT);
    const struct json *member = json_get_n(json_get(w.schema, "properties"), key, len);
    const struct json *others = json_get(w.schema, "additionalProperties");
    w.schema = member || !others || others->type != JSON_OBJECT ? member : others;
    return w;
}

struct wanted wanted_item(struct wanted w)
{
    w = alternative(w, WANTED_ARRAY);
    w.schema = json_get(w.schema, "items");
    return w;
}
