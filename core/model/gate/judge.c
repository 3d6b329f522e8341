/* judge.c: the chain of checks. Each looks at one thing, in the order of rules.h; the first that
 * does not pass decides. Building is in build.c, house rules in house.c, operations in operation.c.
 */
#include "model/gate.h"

#include <stdarg.h>
#include <string.h>

#include "model/gate/impl.h"

static const struct {
    const char *id, *refuses;
} rules[GATE_RULE_COUNT] = {
#define X(name, id, refuses) {id, refuses},
    GATE_RULES(X)
#undef X
};

const char *gate_rule_name(enum gate_rule_id id)
{
    return rules[id].id;
}

const char *gate_rule_text(enum gate_rule_id id)
{
    return rules[id].refuses;
}

/* Texts of the caller may be cut inside a character or be no UTF-8 at all; a verdict always is. */
static void keep_utf8(char *text)
{
    if (utf8_valid(text, strlen(text)))
        return;
    for (; *text; text++)
        if (*text & 0x80)
            *text = '?';
}

bool gate_deny(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *fmt, ...)
{
    struct gate_verdict *v = c->verdict;
    v->decision = GATE_DECISION_DENY;
    v->rule = rules[rule].id;
    va_list args;
    va_start(args, fmt);
    vsnprintf(v->why, sizeof v->why, fmt, args);
    va_end(args);
    keep_utf8(v->why);
    snprintf(v->fix, sizeof v->fix, "%s", fix);
    v->where[0] = '\0';
    return false;
}

bool gate_deny_at(struct gate_case *c, const char *where)
{
    snprintf(c->verdict->where, sizeof c->verdict->where, "%s", where ? where : "");
    return false;
}

void gate_ask(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *why)
{
    gate_deny(c, rule, fix, "%s", why);
    c->verdict->decision = GATE_DECISION_ASK;
}

/* ---- tool, role, card ---- */

static bool check_tool_length(struct gate_case *c)
{
    if (c->call->tool && c->call->tool_len > 0 && c->call->tool_len <= GATE_TOOL_NAME_MAX)
        return true;
    return gate_deny(c, GATE_TOOL_LENGTH, "call a tool of the list by its exact name",
                     "the tool name has %zu bytes; 1 to %d are allowed", c->call->tool_len,
                     GATE_TOOL_NAME_MAX);
}

/* A name that is found is a good name: the law has no others. */
static bool check_tool(struct gate_case *c)
{
    int len = (int)c->call->tool_len;
    c->tool = gate_name_find(&c->gate->tools, c->call->tool, c->call->tool_len);
    if (c->tool != GATE_NO_NAME)
        return true;
    if (!gate_is_tool_name(c->call->tool, c->call->tool_len))
        return gate_deny(c, GATE_TOOL_NAME, "call a tool of the list by its exact name",
                         "a tool name has letters, digits, '_', '-' and '.' only");
    return gate_deny(c, GATE_TOOL_UNKNOWN, "call one of the tools that the request lists",
                     "there is no tool '%.*s'", len, c->call->tool);
}

static bool check_role(struct gate_case *c)
{
    const char *role = c->call->role ? c->call->role : "";
    c->role = gate_name_find(&c->gate->roles, role, strlen(role));
    if (c->role != GATE_NO_NAME)
        return true;
    return gate_deny(c, GATE_ROLE_UNKNOWN, "name a role of the project",
                     "there is no role '%.128s'", role);
}

static bool role_lists(const struct gate_case *c)
{
    size_t bit = c->role * c->gate->tools.count + c->tool;
    return c->gate->role_tools[bit / 64] >> (bit % 64) & 1;
}

static bool check_role_tool(struct gate_case *c)
{
    if (role_lists(c))
        return true;
    gate_deny(c, GATE_ROLE_TOOL, "use a tool of your role, or hand the card to a role that has it",
              "the role '%.128s' does not list the tool '%.*s'", c->call->role,
              (int)c->call->tool_len, c->call->tool);
    return gate_deny_at(c, c->gate->role_where[c->role]);
}

static bool check_card_type(struct gate_case *c)
{
    const char *type = c->call->card_type ? c->call->card_type : "";
    c->type = fsm_type_of(type, strlen(type));
    if (c->type >= 0)
        return true;
    return gate_deny(c, GATE_CARD_TYPE, "one of rock, epic, issue, utility, app",
                     "there is no card type '%.64s'", type);
}

static bool check_card_status(struct gate_case *c)
{
    const char *status = c->call->card_status ? c->call->card_status : "";
    c->status = fsm_status_of(status, strlen(status));
    if (c->status >= 0 && c->gate->tool[c->tool].statuses >> c->status & 1)
        return true;
    gate_deny(c, GATE_CARD_STATUS, "wait until the card is in a status that allows the tool",
              "the tool '%.*s' is not allowed while the card is '%.64s'", (int)c->call->tool_len,
              c->call->tool, status);
    return gate_deny_at(c, c->gate->tool[c->tool].where);
}

/* ---- arguments ---- */

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

static bool check_size(struct gate_case *c)
{
    const struct gate_call *call = c->call;
    if (call->parse_error && call->parse_error->code == ERR_LIMIT)
        return gate_deny(c, GATE_LIMIT_ARGS, "send less at once, with less nesting", "%s",
                         call->parse_error->text);
    return gate_check_size(c, call->size, call->arguments);
}

static bool check_json(struct gate_case *c)
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

static bool check_schema(struct gate_case *c)
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
static bool check_content(struct gate_case *c)
{
    if (c->call->size > 0 && c->call->size <= c->gate->content_max)
        return true;
    return gate_check_texts(c, c->call->arguments);
}

static bool check_leaks(struct gate_case *c)
{
    return !c->gate->tool[c->tool].records || gate_check_leaks(c, c->call->arguments);
}

bool gate_call_records(const struct gate *gate, const struct gate_call *call)
{
    size_t tool = gate_name_find(&gate->tools, call->tool, call->tool_len);
    return tool != GATE_NO_NAME && gate->tool[tool].records;
}

/* ---- paths ---- */

bool gate_check_path(struct gate_case *c, const struct gate_path *path)
{
    bool inside = path->code == 0 || path->code == ERR_NOT_FOUND || path->code == ERR_NOT_FILE ||
                  path->code == ERR_NOT_DIR;
    const char *text = path->value && path->value->type == JSON_STRING ? path->value->u.string : "";
    if (path->code == ERR_PATH)
        return gate_deny(c, GATE_PATH_ESCAPE, "use a relative path beneath the card's own tree",
                         "the path '%.200s' is not inside the card's tree", text);
    if (!inside || !path->name)
        return gate_deny(c, GATE_PATH_UNRESOLVED, "use a relative path beneath the card's own tree",
                         "the path '%.200s' could not be resolved: %s", text, err_text(path->code));
    const char *what = gate_forbidden(path->name, path->len);
    if (what)
        return gate_deny(c, GATE_PATH_NAME, "choose another name; secrets never go through a tool",
                         "the path '%.200s' leads through %s", path->name, what);
    return true;
}

struct deep {
    void (*fn)(void *ctx, const struct json *path);
    void *ctx;
};

static void without_pointer(void *ctx, const char *pointer, const struct json *path)
{
    struct deep *deep = ctx;
    (void)pointer;
    deep->fn(deep->ctx, path);
}

static void each_path(const struct gate_tool *tool, const struct json *arguments,
                      void (*fn)(void *ctx, const struct json *path), void *ctx)
{
    struct deep deep = {fn, ctx};
    if (tool->deep_paths)
        schema_each_path(tool->schema, arguments, without_pointer, &deep);
    for (size_t i = 0; !tool->deep_paths && i < tool->path_count; i++) {
        const struct json_member *member = tool->paths[i];
        const struct json *value = json_get_n(arguments, member->key, member->key_len);
        if (value)
            fn(ctx, value);
    }
}

void gate_each_path(const struct gate *gate, const struct gate_call *call,
                    void (*fn)(void *ctx, const struct json *path), void *ctx)
{
    size_t tool = gate_name_find(&gate->tools, call->tool, call->tool_len);
    if (tool != GATE_NO_NAME)
        each_path(&gate->tool[tool], call->arguments, fn, ctx);
}

struct path_case {
    struct gate_case *c;
    enum gate_want want; /* of every path; NOTHING when the tool does several things with them */
    bool ok;
};

/* A tool that also reads says of no path of many which one it writes; its operations will. */
static enum gate_want want_of_each(const struct gate_tool *tool)
{
    bool single = tool->path_count == 1 && !tool->deep_paths;
    return single || !tool->reads ? tool->want : GATE_WANT_NOTHING;
}

static void check_argument(void *ctx, const struct json *value)
{
    struct path_case *p = ctx;
    const struct gate_call *call = p->c->call;
    if (!p->ok)
        return;
    struct gate_path none = {.value = value, .code = ERR_IO};
    const struct gate_path *found = &none;
    for (size_t i = 0; i < call->path_count; i++)
        if (call->paths[i].value == value)
            found = &call->paths[i];
    p->ok = gate_check_path(p->c, found) && gate_check_write(p->c, found, p->want);
}

static bool check_paths(struct gate_case *c)
{
    struct path_case p = {c, want_of_each(&c->gate->tool[c->tool]), true};
    each_path(&c->gate->tool[c->tool], c->call->arguments, check_argument, &p);
    return p.ok;
}

static bool check_house(struct gate_case *c)
{
    return gate_check_house(c, c->call->paths, c->call->path_count);
}

static bool check_calls(struct gate_case *c)
{
    if (c->call->calls < c->gate->calls_max)
        return true;
    gate_deny(c, GATE_LIMIT_CALLS, "finish the turn with what there is",
              "the turn has made %zu calls; that is all it may make", c->call->calls);
    return gate_deny_at(c, c->gate->limits_where);
}

/* Nothing that a model writes stands in for a person. */
static bool check_confirm(struct gate_case *c)
{
    if (c->gate->tool[c->tool].nature & GATE_DESTRUCTIVE)
        gate_ask(c, GATE_CONFIRM, GATE_CONFIRM_FIX, GATE_CONFIRM_WHY);
    return true;
}

size_t gate_arguments_max(const struct gate *gate)
{
    return gate->arguments_max;
}

/* ---- the chain ---- */

typedef bool check_fn(struct gate_case *c);

static check_fn *const head[] = {check_tool_length, check_tool,      check_role,
                                 check_role_tool,   check_card_type, check_card_status};
static check_fn *const arguments[] = {check_size, check_json, check_schema, check_content,
                                      check_leaks};
static check_fn *const reach[] = {check_paths, check_house, check_calls, check_confirm};

static bool run(struct gate_case *c, check_fn *const *checks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!checks[i](c))
            return false;
    return true;
}

void gate_clear(struct gate_verdict *verdict)
{
    verdict->decision = GATE_DECISION_ALLOW;
    verdict->rule = rules[GATE_ALLOW].id;
    verdict->why[0] = verdict->fix[0] = verdict->where[0] = '\0';
}

bool gate_case_open(struct gate_case *c, const struct gate *gate, const struct gate_call *call,
                    struct gate_verdict *verdict)
{
    gate_clear(verdict);
    *c = (struct gate_case){.gate = gate, .call = call, .verdict = verdict};
    return run(c, head, COUNT_OF(head));
}

enum gate_decision gate_judge_form(const struct gate *gate, const struct gate_call *call,
                                   struct gate_verdict *verdict)
{
    struct gate_case c;
    if (gate_case_open(&c, gate, call, verdict))
        run(&c, arguments, COUNT_OF(arguments));
    return verdict->decision;
}

enum gate_decision gate_judge_reach(const struct gate *gate, const struct gate_call *call,
                                    struct gate_verdict *verdict)
{
    struct gate_case c;
    if (gate_case_open(&c, gate, call, verdict))
        run(&c, reach, COUNT_OF(reach));
    return verdict->decision;
}

enum gate_decision gate_judge_call(const struct gate *gate, const struct gate_call *call,
                                   struct gate_verdict *verdict)
{
    struct gate_case c;
    if (gate_case_open(&c, gate, call, verdict) && run(&c, arguments, COUNT_OF(arguments)))
        run(&c, reach, COUNT_OF(reach));
    return verdict->decision;
}

bool gate_may_read(const struct gate *gate, const struct gate_call *call, const char *name,
                   size_t len)
{
    struct gate_verdict verdict;
    struct gate_case c;
    struct gate_path path = {.name = name, .len = len};
    return gate_case_open(&c, gate, call, &verdict) && gate_check_path(&c, &path) &&
           gate_check_house(&c, &path, 1) && verdict.decision == GATE_DECISION_ALLOW;
}

/* ---- every check by itself ---- */

struct listing {
    struct gate_case c;
    struct gate_verdict *out;
    size_t count, max;
};

/* What the verdict says is kept, and the next check begins with none. */
static void note(struct listing *list)
{
    if (list->c.verdict->decision == GATE_DECISION_ALLOW || list->count == list->max)
        return;
    list->out[list->count++] = *list->c.verdict;
    gate_clear(list->c.verdict);
}

static bool try_check(struct listing *list, check_fn *check)
{
    bool passed = check(&list->c);
    note(list);
    return passed;
}

static void note_rule(struct gate_case *c, const struct gate_house_rule *rule, void *ctx)
{
    gate_apply_house(c, rule);
    note(ctx);
}

static void note_path(void *ctx, const struct json *value)
{
    struct listing *list = ctx;
    struct path_case p = {&list->c, want_of_each(&list->c.gate->tool[list->c.tool]), true};
    check_argument(&p, value);
    note(list);
}

static bool explain_head(struct listing *list)
{
    bool tool = try_check(list, check_tool_length) && try_check(list, check_tool);
    bool role = try_check(list, check_role);
    if (tool && role)
        try_check(list, check_role_tool);
    bool type = try_check(list, check_card_type);
    if (tool)
        try_check(list, check_card_status);
    return tool && role && type && list->c.status >= 0;
}

static void explain_arguments(struct listing *list)
{
    bool tool = list->c.tool != GATE_NO_NAME;
    try_check(list, check_size);
    if (!try_check(list, check_json) || !tool)
        return;
    try_check(list, check_schema);
    try_check(list, check_content);
    try_check(list, check_leaks);
    each_path(&list->c.gate->tool[list->c.tool], list->c.call->arguments, note_path, list);
}

size_t gate_explain(const struct gate *gate, const struct gate_call *call, struct gate_verdict *out,
                    size_t max)
{
    struct gate_verdict verdict;
    struct listing list = {.out = out, .max = max};
    list.c = (struct gate_case){
        .gate = gate, .call = call, .verdict = &verdict, .tool = GATE_NO_NAME, .status = -1};
    gate_clear(&verdict);
    bool placed = explain_head(&list);
    explain_arguments(&list);
    if (placed)
        gate_each_house(&list.c, call->paths, call->path_count, note_rule, &list);
    try_check(&list, check_calls);
    if (list.c.tool != GATE_NO_NAME)
        try_check(&list, check_confirm);
    return list.count;
}
