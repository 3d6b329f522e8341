/* writes.c: where files may be written: what the card declared as its scope, and no programs. */
#include <string.h>

#include "model/gate/impl.h"

/* Endings of what a machine made and a machine runs; nobody reviews it. */
static const char *const types[] = {
    "a",   "apk", "bin", "class", "com", "deb", "dex", "dll", "dmg", "dylib", "ear",
    "efi", "elf", "exe", "iso",   "jar", "ko",  "lib", "msi", "o",   "obj",   "pyc",
    "pyd", "pyo", "rpm", "scr",   "so",  "swf", "sys", "war", "whl",
};

#define TYPE_MAX 32

/* The ending behind the last dot of the last component, in lower case; 0 without one. */
static size_t ending_of(const char *name, size_t len, char *out)
{
    while (len && (name[len - 1] == '.' || name[len - 1] == ' ')) // which other systems drop
        len--;
    size_t dot = len;
    while (dot > 0 && name[dot - 1] != '.' && name[dot - 1] != '/')
        dot--;
    size_t count = len - dot;
    if (dot == 0 || name[dot - 1] == '/' || count == 0 || count >= TYPE_MAX)
        return 0;
    for (size_t i = 0; i < count; i++)
        out[i] = (char)(name[dot + i] >= 'A' && name[dot + i] <= 'Z' ? name[dot + i] + 'a' - 'A'
                                                                     : name[dot + i]);
    out[count] = '\0';
    return count;
}

int gate_build_types(struct gate *gate, const struct json *list, struct err *err)
{
    size_t count = list && list->type == JSON_ARRAY ? list->len : 0;
    if (list && list->type != JSON_ARRAY)
        return err_set(err, ERR_CONFIG, "forbidden types are a list of endings");
    if (gate_names_init(&gate->types, COUNT_OF(types) + count))
        return err_set(err, ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < COUNT_OF(types); i++)
        gate_name_add(&gate->types, types[i], strlen(types[i]));
    for (size_t i = 0; i < count; i++) {
        const struct json *item = &list->u.items[i];
        const char *text = item->type == JSON_STRING ? item->u.string : "";
        text += *text == '.';
        size_t len = strlen(text);
        if (len == 0 || len >= TYPE_MAX ||
            strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-+") != len)
            return err_set(err, ERR_CONFIG,
                           "forbidden type %zu: an ending is 1 to %d of a-z, 0-9, _ - +", i + 1,
                           TYPE_MAX - 1);
        gate_name_add(&gate->types, text, len);
    }
    return 0;
}

/* "libx.so.1.2" is a library as well. */
static bool is_versioned_library(const char *name, size_t len)
{
    bool numbered = len && name[len - 1] >= '0' && name[len - 1] <= '9';
    const char *so = numbered ? memmem(name, len, ".so.", 4) : NULL;
    return so && strspn(so + 4, "0123456789.") == (size_t)(name + len - so) - 4;
}

static size_t type_of(const struct gate *gate, const char *name, size_t name_len)
{
    char ending[TYPE_MAX];
    size_t len = ending_of(name, name_len, ending);
    return len ? gate_name_find(&gate->types, ending, len) : GATE_NO_NAME;
}

/* As it is written, and as others may read it. */
static size_t type_of_path(const struct gate *gate, const struct gate_path *path)
{
    char word[256];
    size_t type = type_of(gate, path->name, path->len), from = path->len;
    while (from > 0 && path->name[from - 1] != '/')
        from--;
    if (type != GATE_NO_NAME || path->len - from > sizeof word)
        return type;
    return type_of(gate, word, gate_fold_name(path->name + from, path->len - from, word));
}

static bool check_type(struct gate_case *c, const struct gate_path *path)
{
    size_t type = type_of_path(c->gate, path);
    if (type == GATE_NO_NAME && !is_versioned_library(path->name, path->len))
        return true;
    gate_deny(c, GATE_PATH_TYPE, "write its source; what is built from it does not belong here",
              "no file of the type of '%.200s' is written", path->name);
    bool own = type != GATE_NO_NAME && type >= COUNT_OF(types);
    return gate_deny_at(c, own ? c->gate->types_where : NULL);
}

static bool is_in_scope(const struct gate_scope *scope, const struct gate_path *path)
{
    for (size_t i = 0; i < scope->count; i++)
        if (glob_match(&scope->globs[i], path->name, path->len))
            return true;
    return false;
}

static bool check_scope(struct gate_case *c, const struct gate_path *path)
{
    const struct gate_scope *scope = c->call->scope;
    if (!scope || is_in_scope(scope, path))
        return true;
    return gate_deny(c, GATE_SCOPE,
                     "work inside the scope that the card declares, or ask for a card",
                     "the path '%.200s' is outside of the scope of the card%s", path->name,
                     scope->broken ? ", which is no list of patterns" : "");
}

bool gate_check_write(struct gate_case *c, const struct gate_path *path, enum gate_want want)
{
    if (want < GATE_WANT_DELETE || !path->name)
        return true;
    return (want != GATE_WANT_WRITE || check_type(c, path)) && check_scope(c, path);
}
