/* gate.c: `orket.core.gate`: the one door between what a model asks for and an effect.
 *
 * gate:call parses the arguments once, resolves their paths and judges; gate:operation does the
 * same for each effect that the tool's script asks for and answers a permit (permit.c). The first
 * operation on the path that the call was judged with goes on with the very descriptors. */
#include "bind/gate/gate.h"

#include <string.h>

#include "base/fault.h"
#include "script/value.h"

#define GATE_TYPE "orket.gate"

/* ---- check helpers ---- */

static struct gate *l_check_gate(lua_State *L)
{
    struct gate **gate = luaL_checkudata(L, 1, GATE_TYPE);
    luaL_argcheck(L, *gate, 1, "the gate is closed");
    return *gate;
}

static const char *const decisions[] = {"allow", "ask", "deny"};

void bind_push_verdict(lua_State *L, const struct gate_verdict *verdict)
{
    lua_createtable(L, 0, 5);
    lua_pushstring(L, decisions[verdict->decision]);
    lua_setfield(L, -2, "decision");
    lua_pushstring(L, verdict->rule);
    lua_setfield(L, -2, "rule");
    lua_pushstring(L, verdict->why);
    lua_setfield(L, -2, "why");
    lua_pushstring(L, verdict->fix);
    lua_setfield(L, -2, "fix");
    if (*verdict->where) {
        lua_pushstring(L, verdict->where);
        lua_setfield(L, -2, "where");
    }
}

/* ---- gate ---- */

/* What the gate made is on the top: it is the answer, or follows the verdict, or is dropped. */
static int answer(lua_State *L, const struct gate_verdict *verdict)
{
    if (verdict->decision == GATE_DECISION_ALLOW)
        return 1;
    lua_pushnil(L);
    bind_push_verdict(L, verdict);
    if (verdict->decision == GATE_DECISION_DENY)
        return 2;
    lua_pushvalue(L, -3);
    return 3;
}

/* gate:call{role=, card={id, type, status}, tool=, arguments=text|table|doc, root=, scope={glob},
 *   calls=count} -> call
 *   | nil, {decision, rule, why, fix, where?}, call?
 * The call comes after the verdict when a person is asked: others may still deny it, and nothing
 * comes of it before call:accept. */
static int l_gate_call(lua_State *L)
{
    struct gate_verdict verdict;
    struct err err = {0};
    struct call *call = bind_read_call(L, l_check_gate(L), &err);
    if (gate_judge_form(call->gate, &call->gate_call, &verdict) == GATE_DECISION_ALLOW)
        bind_judge_reach(L, call, &verdict);
    call->gate_call.parse_error = NULL;
    if (verdict.decision != GATE_DECISION_DENY && gate_call_records(call->gate, &call->gate_call) &&
        bind_holds_key(bind_of(L), call->gate_call.arguments))
        gate_deny_key(&verdict);
    call->asked = verdict.decision == GATE_DECISION_ASK;
    if (verdict.decision == GATE_DECISION_DENY) {
        bind_resolved_free(call->first);
        call->first = NULL;
    }
    return answer(L, &verdict);
}

/* gate:explain{as for call} -> array of {decision, rule, why, fix, where?}: everything that the
 * gate has against the call, each check by itself, in their order; empty when it is allowed */
static int l_gate_explain(lua_State *L)
{
    struct err err = {0};
    struct call *call = bind_read_call(L, l_check_gate(L), &err);
    bind_explain(L, call);
    call->gate_call.parse_error = NULL;
    bind_resolved_free(call->first);
    call->first = NULL;
    return 1;
}

static const struct call *check_owned(lua_State *L)
{
    const struct call *call = bind_check_call(L, 2);
    luaL_argcheck(L, call->gate == l_check_gate(L), 2, "a call of another gate");
    return call;
}

/* gate:operation(call, op, {issues=}) -> permit | nil, {decision, rule, why, fix, where?}, permit?
 * The permit comes after the verdict when a person is asked: it works after permit:accept. */
static int l_gate_operation(lua_State *L)
{
    struct gate_verdict verdict;
    luaL_argcheck(L, !check_owned(L)->asked, 2, "a person has to say yes to the call first");
    luaL_checkany(L, 3);
    lua_settop(L, 4);
    if (!bind_permit(L, 2, 3, false, &verdict))
        lua_pushnil(L);
    return answer(L, &verdict);
}

/* gate:judge(call, op, {issues=}) -> {decision, rule, why, fix, where?}   (a dry run: no permit
 * comes of it)
 */
static int l_gate_judge(lua_State *L)
{
    struct gate_verdict verdict;
    check_owned(L);
    luaL_checkany(L, 3);
    lua_settop(L, 4);
    bind_permit(L, 2, 3, true, &verdict);
    bind_push_verdict(L, &verdict);
    return 1;
}

static int l_gate_gc(lua_State *L)
{
    struct gate **gate = luaL_checkudata(L, 1, GATE_TYPE);
    gate_free(*gate);
    *gate = NULL;
    return 0;
}

/* ---- module ---- */

/* gate.build(config) -> gate | nil, message, code   (config: table or doc, see model/gate.h) */
static int l_build(lua_State *L)
{
    struct err err = {0};
    lua_settop(L, 1);
    const struct json *config = bind_to_doc(L, 1);
    if (!config) {
        luaL_checktype(L, 1, LUA_TTABLE);
        struct json_doc *doc = bind_new_doc(L);
        if (value_read(L, 1, doc, NULL, &doc->root, &err))
            return bind_fail(L, &err);
        config = &doc->root;
    }
    struct gate **gate = lua_newuserdatauv(L, sizeof *gate, 0);
    *gate = NULL;
    luaL_setmetatable(L, GATE_TYPE);
    FAULT(generation_before);
    int rc = gate_build(config, gate, &err);
    FAULT(generation_after);
    return rc ? bind_fail(L, &err) : 1;
}

/* gate.rules() -> array of {id=, refuses=}: the gate's own rules in the order of the checks */
static int l_rules(lua_State *L)
{
    lua_createtable(L, GATE_RULE_COUNT, 0);
    for (int i = 0; i < GATE_RULE_COUNT; i++) {
        lua_createtable(L, 0, 2);
        lua_pushstring(L, gate_rule_name((enum gate_rule_id)i));
        lua_setfield(L, -2, "id");
        lua_pushstring(L, gate_rule_text((enum gate_rule_id)i));
        lua_setfield(L, -2, "refuses");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* gate.effect(kind) -> "none" | "journal" | "idempotent" | "once" | nil: what an operation leaves
 * behind */
static int l_effect(lua_State *L)
{
    static const char *const names[] = {NULL, "none", "journal", "idempotent", "once"};
    size_t len;
    const char *kind = luaL_checklstring(L, 1, &len);
    lua_pushstring(L, names[gate_operation_effect(kind, len)]);
    return 1;
}

/* gate.nature(kind) -> {destructive=, outward=, risky=} | nil: what an operation is */
static int l_nature(lua_State *L)
{
    size_t len;
    const char *kind = luaL_checklstring(L, 1, &len);
    unsigned nature = gate_operation_nature(kind, len);
    if (gate_operation_effect(kind, len) == GATE_EFFECT_UNKNOWN)
        return 0;
    lua_createtable(L, 0, 3);
    lua_pushboolean(L, nature & GATE_DESTRUCTIVE);
    lua_setfield(L, -2, "destructive");
    lua_pushboolean(L, nature & GATE_OUTWARD);
    lua_setfield(L, -2, "outward");
    lua_pushboolean(L, nature & GATE_RISKY);
    lua_setfield(L, -2, "risky");
    return 1;
}

/* gate.leak(text) -> what it holds that has the form of a secret | nil */
static int l_leak(lua_State *L)
{
    size_t len, at;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushstring(L, gate_find_secret(text, len, &at));
    return 1;
}

static const luaL_Reg gate_methods[] = {
    {"call", l_gate_call},
    {"operation", l_gate_operation},
    {"judge", l_gate_judge},
    {"explain", l_gate_explain},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"build", l_build},   {"rules", l_rules},   {"rates", bind_l_rates},
    {"effect", l_effect}, {"nature", l_nature}, {"leak", l_leak},
    {NULL, NULL},
};

int luaopen_orket_gate(lua_State *L)
{
    bind_type(L, GATE_TYPE, gate_methods, l_gate_gc);
    bind_open_call(L);
    bind_open_permit(L);
    bind_open_rates(L);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
