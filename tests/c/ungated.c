/* ungated.c: the gate taken away, to see what rests on it (tests/spec/example_project_spec.lua).
 * Linked in place of the gate's verdicts into a program of its own, build/VARIANT/tests/ungated,
 * that nothing installs: the product has no such switch. What cannot be parsed is refused still,
 * there is nothing to perform. */
#include "model/gate.h"

enum gate_decision __real_gate_judge_form(const struct gate *gate, const struct gate_call *call,
                                          struct gate_verdict *verdict);
enum gate_decision __wrap_gate_judge_form(const struct gate *gate, const struct gate_call *call,
                                          struct gate_verdict *verdict);
enum gate_decision __wrap_gate_judge_reach(const struct gate *gate, const struct gate_call *call,
                                           struct gate_verdict *verdict);
enum gate_decision __wrap_gate_judge_operation(const struct gate *gate,
                                               const struct gate_call *call,
                                               const struct gate_operation *operation,
                                               struct gate_verdict *verdict);

static enum gate_decision yes(struct gate_verdict *verdict)
{
    *verdict = (struct gate_verdict){.decision = GATE_DECISION_ALLOW, .rule = "gate.allow"};
    return verdict->decision;
}

enum gate_decision __wrap_gate_judge_form(const struct gate *gate, const struct gate_call *call,
                                          struct gate_verdict *verdict)
{
    return call->arguments ? yes(verdict) : __real_gate_judge_form(gate, call, verdict);
}

enum gate_decision __wrap_gate_judge_reach(const struct gate *gate, const struct gate_call *call,
                                           struct gate_verdict *verdict)
{
    (void)gate, (void)call;
    return yes(verdict);
}

enum gate_decision __wrap_gate_judge_operation(const struct gate *gate,
                                               const struct gate_call *call,
                                               const struct gate_operation *operation,
                                               struct gate_verdict *verdict)
{
    (void)gate, (void)call, (void)operation;
    return yes(verdict);
}
