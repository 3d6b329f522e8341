/* arguments.c: the arguments of a call: their size, their form, what stands in them. */
#include <string.h>

#include "model/gate/impl.h"

/* Bytes that a tree stands for: texts, keys and a little for every value. */
static size_t tree_size(const struct json *value)
{
    size_t size = 2;
    if (value->type == JSON_STRING)
        size += value->len;
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->len; i++)
        size += tree_size(&value->u.items[i]);
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->len; i++)
        size += value->u.members[i].key_len + 3 + tree_size(&value->u.members[i].value);
    return size;
}

bool gate_check_size(struct gate_case *c, size_t size, const struct json *tree)
{
    if (size == 0 && tree)
        size = tree_size(tree);
    if (size <= c->gate->arguments_max)
        return true;
    gate_deny(c, GATE_LIMIT_ARGS, "send less at once", "%zu bytes at once; %zu are allowed", size,
              c->gate->arguments_max);
    return gate_deny_at(c, c->gate->limits_where);
}

bool gate_check_call_size(struct gate_case *c)
{
    const struct gate_call *call = c->call;
    if (call->parse_error && call->parse_error->code == ERR_LIMIT)
        return gate_deny(c, GATE_LIMIT_ARGS, "send less at once, with less nesting", "%s",
                         call->parse_error->text);
    return gate_check_size(c, call->size, call->arguments);
}

bool gate_check_call_json(struct gate_case *c)
{
    const struct err *err = c->call->parse_error;
    if (!c->call->arguments || err)
        return gate_deny(c, GATE_ARGS_JSON, "send the arguments as one JSON object",
                         "the arguments are not strict JSON: %s", err ? err->text : "none came");
    if (c->call->arguments->type != JSON_OBJECT)
        return gate_deny(c, GATE_ARGS_OBJECT, "send the arguments as one JSON object",
                         "the arguments are no JSON object");
    return true;
}

bool gate_check_call_schema(struct gate_case *c)
{
    const struct schema *schema = c->gate->tool[c->tool].schema;
    if (schema_check(schema, c->call->arguments, NULL, 0, NULL) == 0)
        return true;
    struct schema_error first = {.text = "checking them costs too much"};
    size_t count = 0;
    int rc = schema_check(schema, c->call->arguments, &first, 1, &count);
    gate_deny(c, GATE_ARGS_SCHEMA, "send arguments that match the tool's schema",
              "the arguments of '%.*s' do not match its schema%s%.100s: %.180s",
              (int)c->call->tool_len, c->call->tool, rc == ERR_SCHEMA && *first.path ? " at " : "",
              first.path, first.text);
    return gate_deny_at(c, c->gate->tool[c->tool].where);
}

bool gate_check_texts(struct gate_case *c, const struct json *value)
{
    if (value->type == JSON_STRING && value->len > c->gate->content_max) {
        gate_deny(c, GATE_LIMIT_CONTENT, "split it into smaller files",
                  "a text of %u bytes; %zu are allowed", value->len, c->gate->content_max);
        return gate_deny_at(c, c->gate->limits_where);
    }
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->len; i++)
        if (!gate_check_texts(c, &value->u.items[i]))
            return false;
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->len; i++)
        if (!gate_check_texts(c, &value->u.members[i].value))
            return false;
    return true;
}

/* A text is never longer than the JSON it came in. */
bool gate_check_call_content(struct gate_case *c)
{
    if (c->call->size > 0 && c->call->size <= c->gate->content_max)
        return true;
    return gate_check_texts(c, c->call->arguments);
}

bool gate_check_call_secrets(struct gate_case *c)
{
    return !c->gate->tool[c->tool].records || gate_check_secrets(c, c->call->arguments);
}

bool gate_call_records(const struct gate *gate, const struct gate_call *call)
{
    size_t tool = gate_name_find(&gate->tools, call->tool, call->tool_len);
    return tool != GATE_NO_NAME && gate->tool[tool].records;
}

size_t gate_arguments_max(const struct gate *gate)
{
    return gate->arguments_max;
}
