/* test_gate_oracle.c: the gate against an oracle that knows neither its tables nor its order of
 * work: random laws, random calls, the answers compared rule by rule. Also: no call that the oracle
 * would not allow is ever allowed, counted on its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model/gate.h"
#include "slow_glob.h"

#define LAWS  40
#define CALLS 5000 /* for each law: 200,000 in all */
#define TOOLS 20
#define ROLES 8
#define RULES 100

static const char *const statuses[] = {
    "ready", "in_progress", "blocked", "waiting_for_developer", "ready_for_testing", "code_review",
    "done",  "canceled",    "archived"};
static const char *const types[] = {"rock", "epic", "issue", "utility", "app"};
static const char *const globs[] = {"**",     "src/**", "src/*.c", "**/*.h",    "docs/*",
                                    "a/**/z", "?",      "src",     "test/**/x?"};
static const struct {
    const char *name;
    bool forbidden;
} names[] = {
    {"a", false},         {"src", false},    {"src/main.c", false}, {"src/sub/main.c", false},
    {"b/c/d.h", false},   {"docs/x", false}, {"docs/x/y", false},   {"a/b/c/z", false},
    {"test/q/x1", false}, {"", false},       {".git/x", true},      {"src/.env", true},
    {"k/id_rsa", true},   {"A.KEY", true},   {"\xC3\xA9", false},   {"my_credentials", true},
};

/* ---- random ---- */

static uint64_t seed = 20260211;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static uint32_t some_bits(uint32_t count)
{
    uint32_t mask = 0;
    while (mask == 0)
        mask = (rnd(1u << 16) << 8 ^ rnd(1u << 16)) & ((1u << count) - 1);
    return mask;
}

/* ---- the law, as the oracle sees it ---- */

struct rule {
    bool ask;
    uint32_t roles, tools, statuses, types; /* bits; 0 = the rule has no such key */
    uint32_t globs;
};

struct law {
    uint32_t needs[TOOLS];    /* which of the five fields a tool requires */
    uint32_t statuses[TOOLS]; /* 0 = the default */
    uint32_t role_tools[ROLES];
    struct rule rules[RULES];
};

static void make_law(struct law *law)
{
    for (int i = 0; i < TOOLS; i++) {
        law->needs[i] = rnd(32);
        law->statuses[i] = rnd(2) ? some_bits(9) : 0;
    }
    for (int i = 0; i < ROLES; i++)
        law->role_tools[i] = some_bits(TOOLS);
    for (int i = 0; i < RULES; i++)
        law->rules[i] = (struct rule){
            .ask = rnd(4) != 0,
            .roles = rnd(2) ? some_bits(ROLES) & some_bits(ROLES) : 0,
            .tools = rnd(16) ? some_bits(TOOLS) & some_bits(TOOLS) & some_bits(TOOLS) : 0,
            .statuses = rnd(2) ? some_bits(9) & some_bits(9) : 0,
            .types = rnd(2) ? 1u << rnd(5) : 0,
            .globs = rnd(8) ? 1u << rnd(9) : 0,
        };
}

/* ---- the law, as text ---- */

static void put_list(struct buf *b, const char *key, uint32_t bits, const char *prefix,
                     const char *const *texts)
{
    const char *comma = "";
    if (bits == 0)
        return;
    buf_printf(b, ",\"%s\":[", key);
    for (int i = 0; i < 32; i++) {
        if (!(bits >> i & 1))
            continue;
        if (texts)
            buf_printf(b, "%s\"%s\"", comma, texts[i]);
        else
            buf_printf(b, "%s\"%s%d\"", comma, prefix, i);
        comma = ",";
    }
    buf_puts(b, "]");
}

static const char *const fields[] = {"path", "content", "mode", "count", "flag"};

static void put_tools(struct buf *b, const struct law *law)
{
    for (int i = 0; i < TOOLS; i++) {
        buf_printf(
            b,
            "%s\"tool%d\":{\"schema\":{\"type\":\"object\",\"additionalProperties\":false,"
            "\"properties\":{\"path\":{\"type\":\"string\",\"format\":\"path\"},"
            "\"content\":{\"type\":\"string\",\"maxLength\":5},\"mode\":{\"enum\":[\"a\",\"b\"]},"
            "\"count\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100},"
            "\"flag\":{\"type\":\"boolean\"}}",
            i ? "," : "", i);
        put_list(b, "required", law->needs[i], NULL, fields);
        buf_puts(b, "},\"operations\":[\"fs.write\"]");
        put_list(b, "statuses", law->statuses[i], NULL, statuses);
        buf_puts(b, "}");
    }
}

static struct gate *build(const struct law *law)
{
    struct buf b = {0};
    struct json_doc doc = {0};
    struct gate *gate = NULL;
    struct err err = {0};
    buf_puts(&b, "{\"tools\":{");
    put_tools(&b, law);
    buf_puts(&b, "},\"roles\":{");
    for (int i = 0; i < ROLES; i++) {
        struct buf list = {0};
        put_list(&list, "tools", law->role_tools[i], "tool", NULL);
        buf_printf(&b, "%s\"role%d\":{%s}", i ? "," : "", i, list.data + 1);
        buf_clear(&list);
    }
    buf_puts(&b, "},\"rules\":[");
    for (int i = 0; i < RULES; i++) {
        const struct rule *r = &law->rules[i];
        buf_printf(&b, "%s{\"id\":\"r%d\",\"effect\":\"%s\",\"why\":\"because\"", i ? "," : "", i,
                   r->ask ? "ask" : "deny");
        put_list(&b, "roles", r->roles, "role", NULL);
        put_list(&b, "tools", r->tools, "tool", NULL);
        put_list(&b, "statuses", r->statuses, NULL, statuses);
        put_list(&b, "types", r->types, NULL, types);
        put_list(&b, "paths", r->globs, NULL, globs);
        buf_puts(&b, "}");
    }
    buf_puts(&b, "]}");
    if (json_parse(&doc, b.data, b.len, NULL, &err) || gate_build(&doc.root, &gate, &err))
        fail_msg("%s", err.text);
    buf_clear(&b);
    json_doc_clear(&doc);
    return gate;
}

/* ---- calls ---- */

enum shape { OBJECT, ARRAY, BROKEN };

struct call {
    int tool, role, status, type; /* out of range: a name that nothing has */
    enum shape shape;
    uint32_t present, wrong; /* bits of the five fields; wrong: of another type or out of bounds */
    bool extra;
    int name, code; /* what the path resolved to */
    bool resolved;
};

static void make_call(const struct law *law, struct call *call)
{
    *call = (struct call){
        .tool = (int)rnd(TOOLS + 1),
        .role = (int)rnd(ROLES),
        .status = (int)rnd(9 + (rnd(8) == 0)),
        .type = (int)rnd(5 + (rnd(8) == 0)),
        .shape = OBJECT,
        .present = rnd(32),
        .wrong = rnd(6) ? 0 : 1u << rnd(5),
        .extra = rnd(20) == 0,
        .name = (int)rnd(COUNT_OF(names)),
        .resolved = rnd(20) != 0,
    };
    if (rnd(20) == 0)
        call->shape = rnd(2) ? ARRAY : BROKEN;
    if (rnd(6) == 0)
        call->code = (const int[]){ERR_PATH, ERR_PATH, ERR_NOT_FOUND, ERR_IO}[rnd(4)];
    if (rnd(3) == 0) {
        call->role += rnd(8) == 0 ? ROLES : 0;
        return;
    }
    uint32_t allowed = law->statuses[call->tool % TOOLS]; // the others are mostly right
    call->tool %= TOOLS;
    for (int i = 0; i < 50 && !(law->role_tools[call->role] >> call->tool & 1); i++)
        call->role = (int)rnd(ROLES);
    while (!((allowed ? allowed : 1u << 1 | 1u << 5) >> call->status & 1))
        call->status = (int)rnd(9);
    call->present |= law->needs[call->tool];
    call->wrong = 0;
    call->extra = false;
    call->resolved = true;
}

static void put_arguments(struct buf *b, const struct call *call)
{
    static const char *const right[] = {"\"p\"", "\"12345\"", "\"b\"", "100", "false"};
    static const char *const wrong[] = {"7", "\"123456\"", "\"c\"", "101", "0"};
    const char *comma = "";
    buf_puts(b, call->shape == ARRAY ? "[" : "{");
    for (int i = 0; call->shape != ARRAY && i < 5; i++) {
        if (!(call->present >> i & 1))
            continue;
        buf_printf(b, "%s\"%s\":%s", comma, fields[i], call->wrong >> i & 1 ? wrong[i] : right[i]);
        comma = ",";
    }
    if (call->shape != ARRAY && call->extra)
        buf_printf(b, "%s\"extra\":null", comma);
    const char *end = call->shape == OBJECT ? "}" : ",";
    buf_puts(b, call->shape == ARRAY ? "]" : end);
}

/* ---- the oracle ---- */

static bool concerns(const struct rule *rule, const struct call *call)
{
    if (rule->roles && !(rule->roles >> call->role & 1))
        return false;
    if (rule->tools && !(rule->tools >> call->tool & 1))
        return false;
    if (rule->statuses && !(rule->statuses >> call->status & 1))
        return false;
    if (rule->types && !(rule->types >> call->type & 1))
        return false;
    if (!rule->globs)
        return true;
    if (!(call->present & 1))
        return false;
    for (size_t i = 0; i < COUNT_OF(globs); i++)
        if (rule->globs >> i & 1 && slow_glob(globs[i], names[call->name].name))
            return true;
    return false;
}

static const char *house(const struct law *law, const struct call *call, char *room)
{
    for (int ask = 0; ask < 2; ask++)
        for (int i = 0; i < RULES; i++)
            if (law->rules[i].ask == ask && concerns(&law->rules[i], call)) {
                sprintf(room, "house.r%d", i);
                return room;
            }
    return "gate.allow";
}

static const char *expected(const struct law *law, const struct call *call, char *room)
{
    if (call->tool >= TOOLS)
        return "gate.tool.unknown";
    if (call->role >= ROLES)
        return "gate.role.unknown";
    if (!(law->role_tools[call->role] >> call->tool & 1))
        return "gate.role.tool";
    if (call->type >= 5)
        return "gate.card.type";
    uint32_t allowed = law->statuses[call->tool] ? law->statuses[call->tool] : 1u << 1 | 1u << 5;
    if (call->status >= 9 || !(allowed >> call->status & 1))
        return "gate.card.status";
    if (call->shape == BROKEN)
        return "gate.args.json";
    if (call->shape == ARRAY)
        return "gate.args.object";
    if ((law->needs[call->tool] & ~call->present) || (call->wrong & call->present) || call->extra)
        return "gate.args.schema";
    if (call->present & 1) {
        if (!call->resolved)
            return "gate.path.unresolved";
        if (call->code == ERR_PATH)
            return "gate.path.escape";
        if (call->code == ERR_IO)
            return "gate.path.unresolved";
        if (names[call->name].forbidden)
            return "gate.path.name";
    }
    return house(law, call, room);
}

/* ---- the comparison ---- */

struct tally {
    size_t calls, allowed, asked, denied;
};

static void judge(const struct gate *gate, const struct law *law, struct tally *tally)
{
    struct call call;
    struct buf text = {0};
    struct json_doc doc = {0};
    struct err err = {0};
    struct gate_verdict v;
    char tool[16], role[16], room[32];
    make_call(law, &call);
    put_arguments(&text, &call);
    snprintf(tool, sizeof tool, "tool%d", call.tool);
    snprintf(role, sizeof role, "role%d", call.role);
    int rc = json_parse(&doc, text.data, text.len, NULL, &err);
    const struct json *value = rc ? NULL : json_get(&doc.root, "path");
    const char *name = names[call.name].name;
    struct gate_path path = {value, name, strlen(name), call.code};
    struct gate_call asked = {
        .role = role,
        .card_type = call.type < 5 ? types[call.type] : "story",
        .card_status = call.status < 9 ? statuses[call.status] : "lost",
        .tool = tool,
        .tool_len = strlen(tool),
        .size = text.len,
        .arguments = rc ? NULL : &doc.root,
        .parse_error = rc ? &err : NULL,
        .paths = &path,
        .path_count = value && call.resolved,
    };
    gate_judge_call(gate, &asked, &v);
    const char *want = expected(law, &call, room);
    if (strcmp(want, v.rule) != 0)
        fail_msg("%s: expected %s, got %s (%s)", text.data, want, v.rule, v.why);
    tally->calls++;
    tally->allowed += v.decision == GATE_DECISION_ALLOW;
    tally->asked += v.decision == GATE_DECISION_ASK;
    tally->denied += v.decision == GATE_DECISION_DENY;
    assert_int_equal(v.decision == GATE_DECISION_ALLOW, strcmp(want, "gate.allow") == 0);
    buf_clear(&text);
    json_doc_clear(&doc);
}

static void test_against_the_oracle(void **state)
{
    (void)state;
    struct tally tally = {0};
    for (int i = 0; i < LAWS; i++) {
        struct law law;
        make_law(&law);
        struct gate *gate = build(&law);
        for (int j = 0; j < CALLS; j++)
            judge(gate, &law, &tally);
        gate_free(gate);
    }
    printf("%zu calls: %zu allowed, %zu to ask, %zu denied\n", tally.calls, tally.allowed,
           tally.asked, tally.denied);
    assert_true(tally.allowed > 5000 && tally.asked > 5000 && tally.denied > 50000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_against_the_oracle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
