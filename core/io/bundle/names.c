/* names.c: the hashes under which a bundle has blobs, messages and generations; and which fields of
 * which events name one that has to be there. A table with open addressing, half a hash for each:
 * who could make two with the same half could as well make a false blob. */
#include "io/bundle/names.h"

#include <string.h>

struct name {
    uint64_t half[2];
};

static bool is_none(const struct name *name)
{
    return name->half[0] == 0 && name->half[1] == 0;
}

static struct name name_of(enum bundle_kind kind, const struct hash *hash)
{
    struct name name;
    memcpy(&name, hash->bytes, sizeof name);
    name.half[0] ^= (uint64_t)kind;
    name.half[1] |= 1; // never none
    return name;
}

static struct name *slot(struct name *table, size_t size, const struct name *name)
{
    size_t at = (size_t)name->half[0] & (size - 1);
    while (!is_none(&table[at]) && memcmp(&table[at], name, sizeof *name) != 0)
        at = (at + 1) & (size - 1);
    return &table[at];
}

static struct name *table_of(const struct names *names)
{
    return (struct name *)(void *)names->table.data;
}

static bool grow(struct names *names)
{
    struct names old = *names;
    size_t size = old.size ? 2 * old.size : 256;
    *names = (struct names){.size = size, .count = old.count};
    char *room = buf_reserve(&names->table, size * sizeof(struct name));
    if (!room) {
        *names = old;
        return false;
    }
    memset(room, 0, size * sizeof(struct name));
    names->table.len = size * sizeof(struct name);
    for (size_t i = 0; i < old.size; i++)
        if (!is_none(&table_of(&old)[i]))
            *slot(table_of(names), size, &table_of(&old)[i]) = table_of(&old)[i];
    buf_clear(&old.table);
    return true;
}

bool names_add(struct names *names, enum bundle_kind kind, const struct hash *hash)
{
    if (2 * names->count >= names->size && !grow(names))
        return false;
    struct name name = name_of(kind, hash), *at = slot(table_of(names), names->size, &name);
    names->count += is_none(at);
    *at = name;
    return true;
}

bool names_have(const struct names *names, enum bundle_kind kind, const struct hash *hash)
{
    struct name name = name_of(kind, hash);
    return names->size > 0 && !is_none(slot(table_of(names), names->size, &name));
}

void names_clear(struct names *names)
{
    buf_clear(&names->table);
    *names = (struct names){0};
}

/* ---- what events name ---- */

/* A field that is a name, an array of objects with such fields (`of`), or an object of names. */
static const struct {
    const char *event, *field, *of;
    enum bundle_kind kind;
} fields[] = {
    {"file.written", "blob", NULL, BUNDLE_BLOB},
    {"file.written", "base", NULL, BUNDLE_BLOB},
    {"file.deleted", "base", NULL, BUNDLE_BLOB},
    {"source.updated", "changes", "blob", BUNDLE_BLOB},
    {"source.updated", "changes", "base", BUNDLE_BLOB},
    {"tree.merged", "changes", "blob", BUNDLE_BLOB},
    {"tree.merged", "changes", "base", BUNDLE_BLOB},
    {"run.forked", "scripts", NULL, BUNDLE_BLOB},
    {"turn.prompted", "convo", NULL, BUNDLE_MESSAGE},
    {"turn.nudged", "convo", NULL, BUNDLE_MESSAGE},
    {"step.reply", "convo", NULL, BUNDLE_MESSAGE},
    {"window.compacted", "convo", NULL, BUNDLE_MESSAGE},
    {"window.compacted", "rests", NULL, BUNDLE_MESSAGE},
    {"call.refused", "convo", NULL, BUNDLE_MESSAGE},
    {"call.result", "convo", NULL, BUNDLE_MESSAGE},
    {"call.result", "rest", NULL, BUNDLE_BLOB},
    {"call.result", "attached", "blob", BUNDLE_BLOB},
    {"turn.started", "generation", NULL, BUNDLE_GENERATION},
    {"turn.started", "skills", "blob", BUNDLE_BLOB},
    {"turn.forked", "generation", NULL, BUNDLE_GENERATION},
};

struct search {
    const struct names *names;
    enum bundle_kind kind;
    char *lost;
    size_t size;
};

struct hash names_generation(const char *id, size_t len)
{
    return hash_of(id, len);
}

/* True when the value is a name, and nothing has it. */
static bool is_lost(const struct search *search, const struct json *value)
{
    size_t len;
    struct hash hash;
    const char *text = json_string(value, &len);
    if (!text)
        return false;
    if (search->kind == BUNDLE_GENERATION)
        hash = names_generation(text, len);
    else if (!hash_from_hex(text, len, &hash))
        return false;
    if (names_have(search->names, search->kind, &hash))
        return false;
    snprintf(search->lost, search->size, "the %s %s", bundle_kind_name(search->kind), text);
    return true;
}

static bool any_lost(const struct search *search, const struct json *value, const char *of)
{
    if (value && value->type == JSON_OBJECT) {
        for (uint32_t i = 0; i < value->len; i++)
            if (is_lost(search, &value->u.members[i].value))
                return true;
    } else if (value && value->type == JSON_ARRAY) {
        for (uint32_t i = 0; of && i < value->len; i++)
            if (is_lost(search, json_get(&value->u.items[i], of)))
                return true;
    }
    return is_lost(search, value);
}

bool names_lost_by(const struct names *names, const char *event, const struct json *body,
                   char *lost, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct search search = {names, fields[i].kind, lost, size};
        if (strcmp(fields[i].event, event) == 0 &&
            any_lost(&search, json_get(body, fields[i].field), fields[i].of))
            return true;
    }
    return false;
}

bool names_lost_in(const struct names *names, const struct json *files, char *lost, size_t size)
{
    struct search search = {names, BUNDLE_BLOB, lost, size};
    return any_lost(&search, files, NULL);
}
