/* judge.c: the chain of checks. Each looks at one thing, in the order of rules.h; the first that
 * does not pass decides. Here are those of tool, role and card, and of the turn; arguments.c and
 * paths.c have what their names say, site_rules.c the site rules, operation.c operations. */
#include <string.h>

#include "model/gate/impl.h"

/* ---- tool, role, card ---- */

static bool check_tool_length(struct gate_case *c)
{
    if (c->call->tool && c->call->tool_len > 0 && c->call->tool_len <= GATE_TOOL_NAME_MAX)
        return true;
    return gate_deny(c, GATE_TOOL_LENGTH, "call a tool of the list by its exact name",
                     "the tool name has %zu bytes; 1 to %d are allowed", c->call->tool_len,
                     GATE_TOOL_NAME_MAX);
}

/* A name that is found is a good name: the config has no others. */
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
    if (c->type < 0)
        return gate_deny(c, GATE_CARD_TYPE, "one of rock, epic, issue, plan, utility, app",
                         "there is no card type '%.64s'", type);
    if (c->tool == GATE_NO_NAME || c->gate->tool[c->tool].types >> c->type & 1)
        return true;
    gate_deny(c, GATE_CARD_TYPE, "use the tools that this card was offered",
              "the tool '%.*s' is not for cards of the type '%.64s'", (int)c->call->tool_len,
              c->call->tool, type);
    return gate_deny_at(c, c->gate->tool[c->tool].where);
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

/* ---- site rules, the turn ---- */

static bool check_site_rules(struct gate_case *c)
{
    return gate_check_site_rules(c, c->call->paths, c->call->path_count);
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
    gate_ask_paths(c);
    return true;
}

/* ---- the chain ---- */

typedef bool check_fn(struct gate_case *c);

static check_fn *const head[] = {check_tool_length, check_tool,      check_role,
                                 check_role_tool,   check_card_type, check_card_status};
static check_fn *const arguments[] = {gate_check_call_size, gate_check_call_json,
                                      gate_check_call_schema, gate_check_call_content,
                                      gate_check_call_secrets};
static check_fn *const reach[] = {gate_check_paths, check_site_rules, check_calls, check_confirm};

static bool run(struct gate_case *c, check_fn *const *checks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!checks[i](c))
            return false;
    return true;
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
           gate_check_site_rules(&c, &path, 1) && verdict.decision == GATE_DECISION_ALLOW;
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

static void note_rule(struct gate_case *c, const struct gate_site_rule *rule, void *ctx)
{
    gate_apply_site_rule(c, rule);
    note(ctx);
}

static void note_path(void *ctx)
{
    note(ctx);
}

static bool explain_head(struct listing *list)
{
    bool tool = try_check(list, check_tool_length) && try_check(list, check_tool);
    bool role = try_check(list, check_role);
    if (tool && role)
        try_check(list, check_role_tool);
    try_check(list, check_card_type);
    if (tool)
        try_check(list, check_card_status);
    return tool && role && list->c.type >= 0 && list->c.status >= 0;
}

static void explain_arguments(struct listing *list)
{
    bool tool = list->c.tool != GATE_NO_NAME;
    try_check(list, gate_check_call_size);
    if (!try_check(list, gate_check_call_json) || !tool)
        return;
    try_check(list, gate_check_call_schema);
    try_check(list, gate_check_call_content);
    try_check(list, gate_check_call_secrets);
    gate_check_each_path(&list->c, note_path, list);
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
        gate_each_site_rule(&list.c, call->paths, call->path_count, note_rule, &list);
    try_check(&list, check_calls);
    if (list.c.tool != GATE_NO_NAME)
        try_check(&list, check_confirm);
    return list.count;
}
