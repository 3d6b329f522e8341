/* calls.c: what counts as a call among JSON values. */
#include <ctype.h>
#include <stdlib.h>

#include "model/dialect/form/match.h"
#include "model/dialect/text/lenient_json.h"

#define NESTED_MAX 4 /* arrays and wrappers around a call */

/* ---- the list ---- */

void calls_cut(struct calls *calls, size_t count)
{
    while (calls->count > count) {
        struct dialect_call *last = &calls->items[--calls->count];
        buf_clear(&last->name);
        buf_clear(&last->arguments);
    }
}

void calls_clear(struct calls *calls)
{
    calls_cut(calls, 0);
    free(calls->items);
    calls->items = NULL;
}

void calls_note(struct calls *calls, const char *at, enum dialect_why why)
{
    if (calls->broken_count < DIALECT_BROKEN_MAX)
        calls->broken[calls->broken_count] = (struct broken){at, why};
    calls->broken_count++;
}

static struct dialect_call *new_call(struct calls *calls)
{
    if (calls->count == DIALECT_CALLS_MAX)
        return NULL;
    if ((calls->count & (calls->count - 1)) == 0) { /* 0 and the powers of two: full */
        size_t room = calls->count ? calls->count * 2 : 1;
        struct dialect_call *items = realloc(calls->items, room * sizeof *items);
        calls->starved |= !items;
        if (!items)
            return NULL;
        calls->items = items;
    }
    calls->items[calls->count] = (struct dialect_call){0};
    return &calls->items[calls->count];
}

/* The canonical text of the object that the text is, as the call's arguments; false: it is none. */
static bool add_arguments(struct calls *calls, struct dialect_call *call, const char *text,
                          size_t len)
{
    struct json_doc doc = {0};
    bool object =
        len && scan_json(&doc, text, len, &calls->starved) && doc.root.type == JSON_OBJECT;
    if (object)
        json_write(&call->arguments, &doc.root);
    json_doc_clear(&doc);
    return object;
}

/* The same of a text that is no JSON as it stands, but as models write it. */
static bool add_mended(struct calls *calls, struct dialect_call *call, const char *text, size_t len)
{
    struct buf json = {0};
    struct scan s = {.at = text, .end = text + len, .final = true};
    scan_blanks(&s);
    bool whole = lenient_value(&s, &json) == FOUND_YES;
    scan_blanks(&s);
    whole = whole && s.at == s.end && add_arguments(calls, call, json.data, json.len);
    calls->starved |= !buf_ok(&json);
    buf_clear(&json);
    return whole;
}

static bool is_name(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= ' ' || strchr("\"'{}[]<>,", name[i]))
            return false;
    return len > 0 && len <= SCAN_NAME_MAX;
}

static bool may_be_called(const struct calls *calls, const char *name, size_t len)
{
    if (!is_name(name, len))
        return false;
    return !calls->known_only || !calls->tools || tool_named(calls->tools, name, len);
}

/* ---- the tools that were declared ---- */

/* {type: "function", function: {...}} or the thing itself. */
static const struct json *inner(const struct json *tool)
{
    const struct json *function = json_get(tool, "function");
    return function && function->type == JSON_OBJECT ? function : tool;
}

/* As turn/call_repairs.lua compares names: without case, dashes,
 * underscores and the name space of harmony. */
static bool is_spelling(const char *have, const char *name, size_t len)
{
    static const char space[] = "functions.";
    size_t at =
        len > sizeof space - 1 && memcmp(name, space, sizeof space - 1) == 0 ? sizeof space - 1 : 0;
    for (;; have++, at++) {
        while (*have == '_' || *have == '-')
            have++;
        while (at < len && (name[at] == '_' || name[at] == '-'))
            at++;
        if (!*have || at == len)
            return !*have && at == len;
        if (tolower((unsigned char)*have) != tolower((unsigned char)name[at]))
            return false;
    }
}

const struct json *tool_named(const struct json *tools, const char *name, size_t len)
{
    const struct json *spelled = NULL;
    for (size_t i = 0; json_at(tools, i); i++) {
        size_t have_len;
        const struct json *tool = inner(json_at(tools, i));
        const char *have = json_string(json_get(tool, "name"), &have_len);
        if (have && have_len == len && memcmp(have, name, len) == 0)
            return tool;
        if (have && !spelled && is_spelling(have, name, len))
            spelled = tool;
    }
    return spelled;
}

struct schema_ref tool_wants(const struct json *tool)
{
    const struct json *schema = json_get(tool, "parameters");
    if (!schema)
        schema = json_get(tool, "input_schema");
    return (struct schema_ref){schema, schema};
}

struct schema_ref tool_parameter(const struct json *tools, const char *tool, size_t tool_len,
                                 const char *key, size_t key_len)
{
    return schema_types_member(tool_wants(tool_named(tools, tool, tool_len)), key, key_len);
}

/* ---- a call ---- */

static bool all_known(struct schema_ref tool, const struct json *object)
{
    const struct json *properties = json_get(tool.schema, "properties");
    for (size_t i = 0; i < object->len; i++)
        if (!json_get_n(properties, object->u.members[i].key, object->u.members[i].key_len))
            return false;
    return object->len > 0;
}

/* {"arguments": {...}} for {...}, of a tool that has no such parameter but every one inside. */
static bool unwrap(struct calls *calls, struct dialect_call *call)
{
    struct json_doc doc = {0}, inner = {0};
    const struct json *tool = tool_named(calls->tools, call->name.data, call->name.len);
    bool parsed =
        tool && scan_json(&doc, call->arguments.data, call->arguments.len, &calls->starved);
    const struct json_member *only = parsed && doc.root.len == 1 ? doc.root.u.members : NULL;
    const struct json *inside = only ? &only->value : NULL;
    size_t len;
    const char *text = json_string(inside, &len);
    if (text)
        inside = scan_json(&inner, text, len, &calls->starved) ? &inner.root : NULL;
    bool wrapped = inside && inside->type == JSON_OBJECT && all_known(tool_wants(tool), inside)
        && !all_known(tool_wants(tool), &doc.root);
    if (wrapped) {
        call->arguments.len = 0;
        json_write(&call->arguments, inside);
    }
    json_doc_clear(&inner);
    json_doc_clear(&doc);
    return wrapped;
}

/* Is its only parameter one that wrappers are called? */
static bool may_be_wrapped(const struct dialect_call *call)
{
    static const char *const names[] = {"{\"arguments\":", "{\"input\":", "{\"parameters\":", NULL};
    for (size_t i = 0; names[i]; i++)
        if (call->arguments.len > strlen(names[i])
            && memcmp(call->arguments.data, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

bool calls_add(struct calls *calls, const char *name, size_t len, const char *arguments,
               size_t arguments_len, enum dialect_state state)
{
    struct dialect_call *call = may_be_called(calls, name, len) ? new_call(calls) : NULL;
    if (!call)
        return false;
    calls->count++;
    call->state = state;
    buf_put(&call->name, name, len);
    const enum dialect_state mended = state == DIALECT_COMPLETE ? DIALECT_REPAIRED : state;
    bool whole = add_arguments(calls, call, arguments, arguments_len);
    if (!whole) {
        call->state = mended;
        whole = add_mended(calls, call, arguments, arguments_len);
    }
    if (whole && may_be_wrapped(call) && unwrap(calls, call))
        call->state = mended;
    calls->starved |= !buf_ok(&call->name) || !buf_ok(&call->arguments);
    if (!whole || calls->starved)
        calls_cut(calls, calls->count - 1);
    return whole && !calls->starved;
}

/* ---- JSON ---- */

struct reading {
    struct calls *calls;
    enum dialect_state state;
};

static const struct json *first_of(const struct json *object, const char *const keys[])
{
    const struct json *value = NULL;
    for (size_t i = 0; keys[i] && !value; i++)
        value = json_get(object, keys[i]);
    return value;
}

static const char *const NAMES[] = {"name",          "tool",   "tool_name", "function",
                                    "function_name", "action", NULL};
static const char *const ARGUMENTS[] = {"arguments",    "args",      "parameters",
                                        "params",       "input",     "tool_input",
                                        "action_input", "tool_args", NULL};

/* A tool as it is declared, not called: its parameters are a schema. */
static bool is_declaration(const struct json *object, const struct json *arguments)
{
    return json_get(arguments, "properties")
        && (json_get(object, "description") || json_is(json_get(arguments, "type"), "object"));
}

/* The arguments as text; NULL: no memory. */
static const char *arguments_of(struct buf *out, const struct json *value)
{
    const char *text = json_string(value, NULL);
    if (text && *text)
        buf_puts(out, text);
    else if (!value || value->type == JSON_NULL || text)
        buf_puts(out, "{}");
    else
        json_write(out, value);
    return out->data;
}

/* A name alone is a call where nothing but calls can stand, and where it is called a tool. */
static bool needs_arguments(const struct calls *calls, const struct json *object)
{
    return calls->known_only && !json_get(object, "tool");
}

static size_t add_object(struct reading *r, const struct json *object)
{
    size_t len;
    const char *name = json_string(first_of(object, NAMES), &len);
    const struct json *value = first_of(object, ARGUMENTS);
    struct buf arguments = {0};
    if (!name || is_declaration(object, value) || (!value && needs_arguments(r->calls, object)))
        return 0;
    const char *text = arguments_of(&arguments, value);
    bool added = text && calls_add(r->calls, name, len, text, arguments.len, r->state);
    r->calls->starved |= !buf_ok(&arguments);
    buf_clear(&arguments);
    return added;
}

static size_t add_value(struct reading *r, const struct json *value, unsigned depth)
{
    size_t count = 0;
    if (depth > NESTED_MAX || !value)
        return 0;
    if (value->type == JSON_ARRAY) {
        for (size_t i = 0; i < value->len; i++)
            count += add_value(r, json_at(value, i), depth + 1);
        return count;
    }
    static const char *const wrappers[] = {"tool_calls", "tool_call", "function_call", "function",
                                           NULL};
    for (size_t i = 0; wrappers[i]; i++) {
        const struct json *inside = json_get(value, wrappers[i]);
        if (inside && (inside->type == JSON_OBJECT || (i == 0 && inside->type == JSON_ARRAY)))
            return add_value(r, inside, depth + 1);
    }
    return add_object(r, value);
}

/* {f: {...}}, of one key. */
static size_t add_keyed(struct reading *r, const struct json *value, unsigned depth)
{
    size_t count = 0;
    for (size_t i = 0; depth == 0 && json_at(value, i); i++)
        count += add_keyed(r, json_at(value, i), depth + 1);
    if (value->type != JSON_OBJECT || value->len != 1)
        return count;
    const struct json_member *member = value->u.members;
    struct buf arguments = {0};
    const char *text = arguments_of(&arguments, &member->value);
    if (text && calls_add(r->calls, member->key, member->key_len, text, arguments.len, r->state))
        count++;
    r->calls->starved |= !buf_ok(&arguments);
    buf_clear(&arguments);
    return count;
}

static size_t add_text(struct reading *r, const struct buf *text,
                       size_t (*add)(struct reading *, const struct json *, unsigned))
{
    struct json_doc doc = {0};
    size_t count = 0;
    if (text->len && scan_json(&doc, text->data, text->len, &r->calls->starved))
        count = add(r, &doc.root, 0);
    json_doc_clear(&doc);
    return count;
}

/* Does a key of a call or of a wrapper stand in it? Data in prose has none, mostly. */
static bool may_hold_call(const struct buf *text)
{
    static const char *const keys[] = {"\"name\"", "\"tool", "\"function", "\"action\"", NULL};
    for (size_t i = 0; text->len && keys[i]; i++)
        if (memmem(text->data, text->len, keys[i], strlen(keys[i])))
            return true;
    return false;
}

size_t calls_of_json(struct calls *calls, const struct buf *text, enum dialect_state state)
{
    return may_hold_call(text) ? add_text(&(struct reading){calls, state}, text, add_value) : 0;
}

size_t calls_of_keyed(struct calls *calls, const struct buf *text, enum dialect_state state)
{
    return add_text(&(struct reading){calls, state}, text, add_keyed);
}
