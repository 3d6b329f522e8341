/* wanted.c: see wanted.h. */
#include "model/dialect/wanted.h"

#include <stdlib.h>
#include <string.h>

#define DEEP_MAX 8    /* alternatives in alternatives, and references */
#define LOOKS_MAX 128 /* schemas that one question looks at: each alternative of one may be itself */

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

/* A step of a JSON pointer as the name that it stands for, ~1 and ~0 being / and ~. 0: it does not fit. */
static size_t step_name(char *name, size_t size, const char *step, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool escaped = step[i] == '~' && i + 1 < len && (step[i + 1] == '0' || step[i + 1] == '1');
        if (n == size)
            return 0;
        name[n++] = escaped ? (step[++i] == '1' ? '/' : '~') : step[i];
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
        root = root->type == JSON_ARRAY ? json_at(root, strtoul(path, NULL, 10))
                                        : json_get_n(root, name, step_name(name, sizeof name, path, len));
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

static const char *const ALTERNATIVES[] = {"anyOf", "oneOf", "allOf", NULL};

static unsigned types_of(struct wanted w, unsigned depth, unsigned *looks);

static unsigned types_in(const struct json *list, const struct json *root, unsigned depth, unsigned *looks)
{
    unsigned types = 0;
    for (size_t i = 0; *looks && json_at(list, i); i++)
        types |= types_of((struct wanted){json_at(list, i), root}, depth + 1, looks);
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

static unsigned types_of(struct wanted w, unsigned depth, unsigned *looks)
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

unsigned wanted_types(struct wanted w)
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

bool wanted_names(struct wanted w, const char *text, size_t len)
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

bool wanted_fits(unsigned types, const struct json *value)
{
    unsigned type = type_of(value);
    if (type == WANTED_INTEGER || integral(value))
        type = WANTED_INTEGER | WANTED_NUMBER;
    return (types & type) != 0;
}

/* What the schema says under a keyword, of one name or of all (NULL); where it says nothing, the first of its
 * alternatives that does. */
static const struct json *said(struct wanted w, const char *keyword, const char *name, size_t len, unsigned depth,
                               unsigned *looks)
{
    if (depth > DEEP_MAX || !*looks)
        return NULL;
    --*looks;
    w = resolved(w);
    const struct json *found = json_get(w.schema, keyword);
    found = name ? json_get_n(found, name, len) : found && found->type == JSON_OBJECT ? found : NULL;
    for (size_t i = 0; !found && ALTERNATIVES[i]; i++) {
        const struct json *list = json_get(w.schema, ALTERNATIVES[i]);
        for (size_t j = 0; !found && *looks && json_at(list, j); j++)
            found = said((struct wanted){json_at(list, j), w.root}, keyword, name, len, depth + 1, looks);
    }
    return found;
}

struct wanted wanted_member(struct wanted w, const char *key, size_t len)
{
    unsigned looks = LOOKS_MAX, others = LOOKS_MAX;
    const struct json *member = said(w, "properties", key, len, 0, &looks);
    w.schema = member ? member : said(w, "additionalProperties", NULL, 0, 0, &others);
    return w;
}

struct wanted wanted_item(struct wanted w)
{
    unsigned looks = LOOKS_MAX;
    w.schema = said(w, "items", NULL, 0, 0, &looks);
    return w;
}
