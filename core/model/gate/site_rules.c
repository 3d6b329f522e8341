/* site_rules.c: the rules of an organization: made at build time, applied as the last check. A rule
 * may deny or ask, never allow; what it does not mention it does not restrict. */
#include <string.h>

#include "model/gate/impl.h"

static int wrong(struct err *err, size_t number, const char *what)
{
    return err_set(err, ERR_CONFIG, "gate rule %zu: %s", number + 1, what);
}

/* ---- building ---- */

static int check_rule_keys(const struct json *rule, size_t number, struct err *err)
{
    static const char *const known[] = {"id",    "effect", "roles", "tools", "statuses", "types",
                                        "paths", "why",    "fix",   "where", NULL};
    if (rule->type != JSON_OBJECT)
        return wrong(err, number, "must be an object");
    const char *key = json_unknown_key(rule, known);
    return key ? err_set(err, ERR_CONFIG, "gate rule %zu: unknown key '%.64s'", number + 1, key)
               : 0;
}

static bool is_id(const char *id, size_t len)
{
    if (!id || len == 0 || len > 64)
        return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == len;
}

static int build_id(struct gate *gate, size_t number, const struct json *rule, struct err *err)
{
    size_t len;
    const char *id = json_string(json_get(rule, "id"), &len);
    if (!id || !is_id(id, len))
        return wrong(err, number, "needs an id of 1 to 64 letters, digits, _ - .");
    char *full = malloc(len + sizeof "house.");
    if (!full)
        return err_set(err, ERR_MEMORY, "out of memory");
    memcpy(full, "house.", 6);
    memcpy(full + 6, id, len + 1);
    gate->rule[number].id = full;
    for (size_t i = 0; i < number; i++)
        if (strcmp(gate->rule[i].id, full) == 0)
            return wrong(err, number, "its id is taken");
    return 0;
}

static int build_words(struct gate_site_rule *out, size_t number, const struct json *rule,
                       struct err *err)
{
    struct gate_verdict *room = NULL;
    size_t why, fix = 0;
    const struct json *effect = json_get(rule, "effect");
    out->why = json_string(json_get(rule, "why"), &why);
    out->fix = json_get(rule, "fix") ? json_string(json_get(rule, "fix"), &fix) : "";
    const struct json *where = json_get(rule, "where");
    out->where = where && where->type == JSON_STRING ? where->u.string : NULL;
    if (!json_is(effect, "deny") && !json_is(effect, "ask"))
        return wrong(err, number, "effect is \"deny\" or \"ask\"; a rule cannot allow");
    out->effect = json_is(effect, "deny") ? GATE_DECISION_DENY : GATE_DECISION_ASK;
    if (!out->why || why == 0 || why >= sizeof room->why || strlen(out->why) != why)
        return wrong(err, number, "needs a text 'why' of 1 to 1215 bytes");
    if (!out->fix || fix >= sizeof room->fix || strlen(out->fix) != fix)
        return wrong(err, number, "'fix' is a text of at most 735 bytes");
    return 0;
}

static int build_paths(struct gate_site_rule *out, size_t number, const struct json *list,
                       struct err *err)
{
    if (!list)
        return 0;
    if (list->type != JSON_ARRAY || list->len == 0 || list->len > GATE_GLOBS_MAX)
        return wrong(err, number, "'paths' is a list of 1 to 1000 patterns");
    out->paths = calloc(list->len, sizeof *out->paths);
    if (!out->paths)
        return err_set(err, ERR_MEMORY, "out of memory");
    out->path_count = list->len;
    for (uint32_t i = 0; i < list->len; i++) {
        const struct json *text = &list->u.items[i];
        if (text->type != JSON_STRING)
            return wrong(err, number, "'paths' is a list of 1 to 1000 patterns");
        int rc = glob_init(&out->paths[i], text->u.string, text->len, err);
        if (rc)
            return rc;
    }
    return 0;
}

typedef size_t find_fn(const struct gate *gate, const char *text, size_t len);

static size_t find_role(const struct gate *gate, const char *text, size_t len)
{
    return gate_name_find(&gate->roles, text, len);
}

static size_t find_tool(const struct gate *gate, const char *text, size_t len)
{
    return gate_name_find(&gate->tools, text, len);
}

static size_t find_status(const struct gate *gate, const char *text, size_t len)
{
    (void)gate;
    int status = fsm_status_of(text, len);
    return status < 0 ? GATE_NO_NAME : (size_t)status;
}

static size_t find_type(const struct gate *gate, const char *text, size_t len)
{
    (void)gate;
    int type = fsm_type_of(text, len);
    return type < 0 ? GATE_NO_NAME : (size_t)type;
}

/* One condition of a rule: the names it lists, or all of them when it has none. */
struct condition {
    const char *key;
    uint64_t *sets;
    size_t count;
    find_fn *find;
};

static void add_rule(const struct gate *gate, uint64_t *sets, size_t at, size_t number)
{
    sets[at * gate->words + number / 64] |= (uint64_t)1 << (number % 64);
}

static int build_condition(const struct gate *gate, const struct condition *c, size_t number,
                           const struct json *rule, struct err *err)
{
    const struct json *list = json_get(rule, c->key);
    for (size_t i = 0; !list && i < c->count; i++)
        add_rule(gate, c->sets, i, number);
    if (!list)
        return 0;
    if (list->type != JSON_ARRAY || list->len == 0)
        return err_set(err, ERR_CONFIG, "gate rule %zu: '%s' is a list of names", number + 1,
                       c->key);
    for (uint32_t i = 0; i < list->len; i++) {
        const struct json *name = &list->u.items[i];
        size_t at =
            name->type == JSON_STRING ? c->find(gate, name->u.string, name->len) : GATE_NO_NAME;
        if (at == GATE_NO_NAME)
            return err_set(err, ERR_CONFIG,
                           "gate rule %zu: '%s' has a name that nothing has: '%.64s'", number + 1,
                           c->key, name->type == JSON_STRING ? name->u.string : "?");
        add_rule(gate, c->sets, at, number);
    }
    return 0;
}

static int build_rule(struct gate *gate, size_t number, const struct json *rule, struct err *err)
{
    const struct condition conditions[] = {
        {"roles", gate->by_role, gate->roles.count, find_role},
        {"tools", gate->by_tool, gate->tools.count, find_tool},
        {"statuses", gate->by_status, FSM_STATUS_COUNT, find_status},
        {"types", gate->by_type, FSM_TYPE_COUNT, find_type},
    };
    struct gate_site_rule *out = &gate->rule[number];
    int rc = check_rule_keys(rule, number, err);
    if (rc == 0)
        rc = build_id(gate, number, rule, err);
    if (rc == 0)
        rc = build_words(out, number, rule, err);
    if (rc == 0)
        rc = build_paths(out, number, json_get(rule, "paths"), err);
    for (size_t i = 0; rc == 0 && i < COUNT_OF(conditions); i++)
        rc = build_condition(gate, &conditions[i], number, rule, err);
    return rc;
}

int gate_build_site_rules(struct gate *gate, const struct json *rules, struct err *err)
{
    if (rules && (rules->type != JSON_ARRAY || rules->len > GATE_RULES_MAX))
        return err_set(err, ERR_CONFIG, "gate rules are a list of at most %d", GATE_RULES_MAX);
    size_t count = rules ? rules->len : 0;
    gate->words = (count + 63) / 64;
    gate->rule = calloc(count + 1, sizeof *gate->rule);
    gate->by_role = calloc(gate->roles.count * gate->words + 1, sizeof(uint64_t));
    gate->by_tool = calloc(gate->tools.count * gate->words + 1, sizeof(uint64_t));
    gate->by_status = calloc(FSM_STATUS_COUNT * gate->words + 1, sizeof(uint64_t));
    gate->by_type = calloc(FSM_TYPE_COUNT * gate->words + 1, sizeof(uint64_t));
    if (!gate->rule || !gate->by_role || !gate->by_tool || !gate->by_status || !gate->by_type)
        return err_set(err, ERR_MEMORY, "out of memory");
    gate->rule_count = count;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = build_rule(gate, i, &rules->u.items[i], err);
    return rc;
}

void gate_free_site_rules(struct gate *gate)
{
    for (size_t i = 0; gate->rule && i < gate->rule_count; i++) {
        free(gate->rule[i].id);
        free(gate->rule[i].paths);
    }
    free(gate->rule);
    free(gate->by_role);
    free(gate->by_tool);
    free(gate->by_status);
    free(gate->by_type);
}

/* ---- judging ---- */

static bool rule_covers(const struct gate_site_rule *rule, const struct gate_path *path)
{
    const struct glob *glob = rule->paths, *end = glob + rule->path_count;
    for (; path->name && glob < end; glob++)
        if (glob_may_match(glob, path->name, path->len) && glob_match(glob, path->name, path->len))
            return true;
    return false;
}

static bool rule_concerns(const struct gate_site_rule *rule, const struct gate_path *paths,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rule_covers(rule, &paths[i]))
            return true;
    return rule->path_count == 0;
}

void gate_apply_site_rule(struct gate_case *c, const struct gate_site_rule *rule)
{
    struct gate_verdict *v = c->verdict;
    v->decision = rule->effect;
    v->rule = rule->id;
    snprintf(v->why, sizeof v->why, "%s", rule->why);
    snprintf(v->fix, sizeof v->fix, "%s", rule->fix);
    gate_deny_at(c, rule->where);
}

/* The first rule that denies wins; without one, the first that asks. */
bool gate_check_site_rules(struct gate_case *c, const struct gate_path *paths, size_t count)
{
    const struct gate *gate = c->gate;
    const uint64_t *role = gate->by_role + c->role * gate->words;
    const uint64_t *tool = gate->by_tool + c->tool * gate->words;
    const uint64_t *status = gate->by_status + (size_t)c->status * gate->words;
    const uint64_t *type = gate->by_type + (size_t)c->type * gate->words;
    const struct gate_site_rule *ask = NULL;
    for (size_t w = 0; w < gate->words; w++) {
        for (uint64_t set = role[w] & tool[w] & status[w] & type[w]; set; set &= set - 1) {
            const struct gate_site_rule *rule = &gate->rule[w * 64 + (size_t)__builtin_ctzll(set)];
            if ((rule->effect == GATE_DECISION_ASK && ask) || !rule_concerns(rule, paths, count))
                continue;
            if (rule->effect != GATE_DECISION_ASK)
                return gate_apply_site_rule(c, rule), false;
            ask = rule;
        }
    }
    if (ask)
        gate_apply_site_rule(c, ask);
    return true;
}

void gate_each_site_rule(struct gate_case *c, const struct gate_path *paths, size_t count,
                         gate_site_rule_fn *fn, void *ctx)
{
    const struct gate *gate = c->gate;
    for (size_t i = 0; i < gate->rule_count; i++) {
        size_t word = i / 64;
        uint64_t set = gate->by_role[c->role * gate->words + word] &
                       gate->by_tool[c->tool * gate->words + word] &
                       gate->by_status[(size_t)c->status * gate->words + word] &
                       gate->by_type[(size_t)c->type * gate->words + word];
        if (set >> (i % 64) & 1 && rule_concerns(&gate->rule[i], paths, count))
            fn(c, &gate->rule[i], ctx);
    }
}
