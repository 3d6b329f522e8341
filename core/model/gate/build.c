/* build.c: makes a gate of its configuration. Everything is validated here, once, so that judging
 * cannot meet a surprise: unknown keys, names that nothing has, patterns that mean nothing are
 * refused. */
#include <string.h>

#include "model/gate/impl.h"

#define DEFAULT_STATUSES (1u << FSM_IN_PROGRESS | 1u << FSM_REVIEW)
#define DEFAULT_TYPES    (~(1u << FSM_TYPE_PLAN)) /* what proposes does no work */

static int wrong(struct err *err, const char *where, const char *name, const char *what)
{
    return err_set(err, ERR_CONFIG, "%s '%.128s': %s", where, name, what);
}

static int check_keys(const struct json *object, const char *const *known, const char *where,
                      const char *name, struct err *err)
{
    if (!object || object->type != JSON_OBJECT)
        return wrong(err, where, name, "must be an object");
    const char *key = json_unknown_key(object, known);
    return key ? err_set(err, ERR_CONFIG, "%s '%.128s': unknown key '%.64s'", where, name, key) : 0;
}

/* An array of texts; missing is fine when `needed` is false. */
static int check_texts(const struct json *list, bool needed, const char *where, const char *name,
                       struct err *err)
{
    if (!list && !needed)
        return 0;
    if (!list || list->type != JSON_ARRAY)
        return wrong(err, where, name, "must be a list of texts");
    for (uint32_t i = 0; i < list->len; i++)
        if (list->u.items[i].type != JSON_STRING)
            return wrong(err, where, name, "must be a list of texts");
    return 0;
}

/* ---- schemas: where their paths are ---- */

static const char *where_of(const struct json *entry)
{
    const struct json *where = json_get(entry, "where");
    return where && where->type == JSON_STRING ? where->u.string : NULL;
}

static bool is_path(const struct json *schema)
{
    return json_is(json_get(schema, "format"), "path");
}

/* How often "format":"path" occurs anywhere in it. */
static size_t count_everywhere(const struct json *value)
{
    size_t count = value->type == JSON_OBJECT && is_path(value);
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->len; i++)
        count += count_everywhere(&value->u.items[i]);
    for (uint32_t i = 0; value->type == JSON_OBJECT && i < value->len; i++)
        count += count_everywhere(&value->u.members[i].value);
    return count;
}

/* How often it occurs as a text where schema_each_path looks: properties, items, prefixItems. */
static size_t count_reachable(const struct json *schema)
{
    size_t count = is_path(schema) && json_is(json_get(schema, "type"), "string");
    const struct json *properties = json_get(schema, "properties");
    const struct json *prefix = json_get(schema, "prefixItems");
    const struct json *items = json_get(schema, "items");
    for (uint32_t i = 0; properties && properties->type == JSON_OBJECT && i < properties->len; i++)
        count += count_reachable(&properties->u.members[i].value);
    for (uint32_t i = 0; prefix && prefix->type == JSON_ARRAY && i < prefix->len; i++)
        count += count_reachable(&prefix->u.items[i]);
    return items && items->type == JSON_OBJECT ? count + count_reachable(items) : count;
}

static int find_paths(struct gate_tool *tool, const struct json *schema, const char *name,
                      struct err *err)
{
    size_t everywhere = count_everywhere(schema);
    if (everywhere != count_reachable(schema))
        return wrong(err, "tool", name,
                     "\"format\":\"path\" belongs on \"type\":\"string\" beneath "
                     "properties, items or prefixItems, so that the gate sees it");
    const struct json *properties = json_get(schema, "properties");
    uint32_t count = properties && properties->type == JSON_OBJECT ? properties->len : 0;
    tool->paths = calloc(count + 1, sizeof *tool->paths);
    if (!tool->paths)
        return err_set(err, ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        if (is_path(&properties->u.members[i].value))
            tool->paths[tool->path_count++] = &properties->u.members[i];
    tool->deep_paths = tool->path_count != everywhere;
    return 0;
}

/* ---- tools ---- */

typedef int word_fn(const char *name, size_t len);

/* A list of words of the config as bits; without a list they stay. */
static int read_words(const struct json *list, word_fn *word, uint32_t *bits, const char *name,
                      const char *unknown, struct err *err)
{
    int rc = check_texts(list, false, "tool", name, err);
    if (rc || !list)
        return rc;
    *bits = 0;
    for (uint32_t i = 0; i < list->len; i++) {
        int number = word(list->u.items[i].u.string, list->u.items[i].len);
        if (number < 0)
            return wrong(err, "tool", name, unknown);
        *bits |= 1u << number;
    }
    return 0;
}

static int read_operations(struct gate_tool *tool, const struct json *list, const char *name,
                           struct err *err)
{
    int rc = check_texts(list, true, "operations of tool", name, err);
    for (uint32_t i = 0; rc == 0 && i < list->len; i++) {
        int number = gate_operation_find(list->u.items[i].u.string, list->u.items[i].len);
        if (number == GATE_NO_OPERATION)
            return err_set(err, ERR_CONFIG, "tool '%.128s': unknown operation '%.64s'", name,
                           list->u.items[i].u.string);
        tool->operations |= 1u << number;
        enum gate_want want = gate_operation_want_at(number);
        tool->nature |= gate_operation_nature_at(number);
        tool->records = tool->records || gate_operation_records_at(number);
        tool->reads = tool->reads || want == GATE_WANT_READ || want == GATE_WANT_LIST;
        tool->want = want > tool->want ? want : tool->want;
    }
    return rc;
}

static int build_tool(struct gate_tool *tool, const struct json_member *m, struct err *err)
{
    static const char *const known[] = {"schema", "operations", "statuses", "types", "where", NULL};
    const struct json *schema = json_get(&m->value, "schema");
    int rc = check_keys(&m->value, known, "tool", m->key, err);
    if (rc == 0 && !gate_is_tool_name(m->key, m->key_len))
        rc = wrong(err, "tool", m->key, "a name has 1 to 128 letters, digits, '_', '-' and '.'");
    if (rc == 0 && (!schema || schema->type != JSON_OBJECT))
        rc = wrong(err, "tool", m->key, "needs a schema");
    if (rc)
        return rc;
    tool->statuses = DEFAULT_STATUSES;
    tool->types = DEFAULT_TYPES;
    tool->where = where_of(&m->value);
    rc = schema_compile(schema, &tool->schema, err);
    if (rc == 0)
        rc = find_paths(tool, schema, m->key, err);
    if (rc == 0)
        rc = read_operations(tool, json_get(&m->value, "operations"), m->key, err);
    if (rc == 0)
        rc = read_words(json_get(&m->value, "statuses"), fsm_status_of, &tool->statuses, m->key,
                        "unknown card status in 'statuses'", err);
    return rc ? rc
              : read_words(json_get(&m->value, "types"), fsm_type_of, &tool->types, m->key,
                           "unknown card type in 'types'", err);
}

static int build_tools(struct gate *gate, const struct json *tools, struct err *err)
{
    if (!tools || tools->type != JSON_OBJECT || tools->len > GATE_TOOLS_MAX)
        return wrong(err, "config", "tools", "must be an object of at most 1024 tools");
    gate->tool = calloc(tools->len + 1, sizeof *gate->tool);
    if (!gate->tool || gate_names_init(&gate->tools, tools->len))
        return err_set(err, ERR_MEMORY, "out of memory");
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < tools->len; i++) {
        const struct json_member *m = &tools->u.members[i];
        gate_name_add(&gate->tools, m->key, m->key_len);
        rc = build_tool(&gate->tool[i], m, err);
    }
    return rc;
}

/* ---- roles ---- */

static int build_role(struct gate *gate, size_t role, const struct json_member *m, struct err *err)
{
    static const char *const known[] = {"tools", "where", NULL};
    const struct json *list = json_get(&m->value, "tools");
    int rc = check_keys(&m->value, known, "role", m->key, err);
    if (rc == 0)
        rc = check_texts(list, true, "tools of role", m->key, err);
    if (rc)
        return rc;
    if (m->key_len == 0 || m->key_len > FSM_ROLE_MAX)
        return wrong(err, "role", m->key, "a name has 1 to 128 bytes");
    if (fsm_who_of(m->key, m->key_len) & (FSM_SYSTEM | FSM_HUMAN))
        return wrong(err, "role", m->key, "this name is kept for the engine and for people");
    for (uint32_t i = 0; i < list->len; i++) {
        size_t tool = gate_name_find(&gate->tools, list->u.items[i].u.string, list->u.items[i].len);
        if (tool == GATE_NO_NAME)
            return err_set(err, ERR_CONFIG,
                           "role '%.128s' lists the tool '%.128s', which does not exist", m->key,
                           list->u.items[i].u.string);
        size_t bit = role * gate->tools.count + tool;
        gate->role_tools[bit / 64] |= (uint64_t)1 << (bit % 64);
    }
    return 0;
}

static int build_roles(struct gate *gate, const struct json *roles, struct err *err)
{
    if (!roles || roles->type != JSON_OBJECT || roles->len > GATE_ROLES_MAX)
        return wrong(err, "config", "roles", "must be an object of at most 1024 roles");
    gate->role_tools = calloc(roles->len * gate->tools.count / 64 + 1, sizeof *gate->role_tools);
    gate->role_where = calloc(roles->len + 1, sizeof *gate->role_where);
    if (!gate->role_tools || !gate->role_where || gate_names_init(&gate->roles, roles->len))
        return err_set(err, ERR_MEMORY, "out of memory");
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < roles->len; i++) {
        gate_name_add(&gate->roles, roles->u.members[i].key, roles->u.members[i].key_len);
        gate->role_where[i] = where_of(&roles->u.members[i].value);
        rc = build_role(gate, i, &roles->u.members[i], err);
    }
    return rc;
}

/* ---- limits ---- */

static int read_limit(const struct json *limits, const char *key, size_t *limit, struct err *err)
{
    const struct json *value = json_get(limits, key);
    if (!value)
        return 0;
    if (value->type != JSON_INT || value->u.integer < 1 || (uint64_t)value->u.integer > *limit)
        return err_set(err, ERR_CONFIG, "limit '%s': must be 1 to %zu; a limit only goes down", key,
                       *limit);
    *limit = (size_t)value->u.integer;
    return 0;
}

static int build_limits(struct gate *gate, const struct json *limits, struct err *err)
{
    static const char *const known[] = {"arguments", "content", "calls", "issues", "where", NULL};
    gate->arguments_max = GATE_ARGUMENTS_MAX;
    gate->content_max = GATE_CONTENT_MAX;
    gate->calls_max = GATE_CALLS_MAX;
    gate->issues_max = GATE_ISSUES_MAX;
    gate->limits_where = where_of(limits);
    int rc = limits ? check_keys(limits, known, "config", "limits", err) : 0;
    if (rc == 0)
        rc = read_limit(limits, "arguments", &gate->arguments_max, err);
    if (rc == 0)
        rc = read_limit(limits, "content", &gate->content_max, err);
    if (rc == 0)
        rc = read_limit(limits, "calls", &gate->calls_max, err);
    return rc ? rc : read_limit(limits, "issues", &gate->issues_max, err);
}

static int build_types(struct gate *gate, const struct json *types, struct err *err)
{
    static const char *const known[] = {"list", "where", NULL};
    int rc = types ? check_keys(types, known, "config", "types", err) : 0;
    gate->types_where = where_of(types);
    return rc ? rc : gate_build_types(gate, json_get(types, "list"), err);
}

/* ---- the whole ---- */

static int copy_config(struct json_doc *doc, const struct json *config, struct err *err)
{
    struct buf text = {0};
    json_write(&text, config);
    int rc = buf_ok(&text) ? json_parse(doc, text.data, text.len, NULL, err)
                           : err_set(err, ERR_MEMORY, "out of memory");
    buf_clear(&text);
    return rc;
}

static int build(struct gate *gate, struct err *err)
{
    static const char *const known[] = {"tools", "roles",    "rules", "limits",
                                        "types", "commands", NULL};
    const struct json *config = &gate->config.root;
    int rc = check_keys(config, known, "config", "", err);
    if (rc == 0)
        rc = build_limits(gate, json_get(config, "limits"), err);
    if (rc == 0)
        rc = build_types(gate, json_get(config, "types"), err);
    if (rc == 0)
        rc = build_tools(gate, json_get(config, "tools"), err);
    if (rc == 0)
        rc = build_roles(gate, json_get(config, "roles"), err);
    if (rc == 0)
        rc = gate_build_commands(gate, json_get(config, "commands"), err);
    return rc ? rc : gate_build_site_rules(gate, json_get(config, "rules"), err);
}

int gate_build(const struct json *config, struct gate **out, struct err *err)
{
    struct gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return err_set(err, ERR_MEMORY, "out of memory");
    atomic_init(&gate->holders, 1);
    int rc = copy_config(&gate->config, config, err);
    if (rc == 0)
        rc = build(gate, err);
    if (rc) {
        gate_free(gate);
        return rc;
    }
    *out = gate;
    return 0;
}

struct gate *gate_hold(struct gate *gate)
{
    atomic_fetch_add(&gate->holders, 1);
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate || atomic_fetch_sub(&gate->holders, 1) > 1)
        return;
    for (size_t i = 0; i < gate->tools.count; i++) {
        schema_free(gate->tool[i].schema);
        free(gate->tool[i].paths);
    }
    gate_free_site_rules(gate);
    gate_names_clear(&gate->tools);
    gate_names_clear(&gate->roles);
    gate_names_clear(&gate->types);
    free(gate->tool);
    free(gate->role_tools);
    free(gate->role_where);
    json_doc_clear(&gate->config);
    free(gate);
}
