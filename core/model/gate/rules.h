/* rules.h: the ids of the gate's own rules, stable: journals, tests and people refer to them.
 * docs/gate.md lists them; a test holds it to this table. */
#ifndef MODEL_GATE_RULES_H
#define MODEL_GATE_RULES_H

/* X(name, id, what it refuses), in the order of the checks. The site rules are
 * "house.<id>", a refused card move carries the id of the state machine ("fsm.edge"). */
#define GATE_RULES(X)                                                                              \
    X(ALLOW, "gate.allow", "nothing: every check passed")                                          \
    X(TOOL_LENGTH, "gate.tool.length", "a tool name that is empty or over 128 bytes")              \
    X(TOOL_NAME, "gate.tool.name",                                                                 \
      "a tool name with other characters than letters, digits, _ - .")                             \
    X(TOOL_UNKNOWN, "gate.tool.unknown", "a tool that does not exist")                             \
    X(ROLE_UNKNOWN, "gate.role.unknown", "a role that does not exist")                             \
    X(ROLE_TOOL, "gate.role.tool", "a tool that the role does not list")                           \
    X(CARD_TYPE, "gate.card.type", "a card of an unknown type, or one that the tool is not for")   \
    X(CARD_STATUS, "gate.card.status", "a tool that the card's status does not allow")             \
    X(LIMIT_ARGS, "gate.limit.args", "arguments over the size limit")                              \
    X(ARGS_JSON, "gate.args.json", "arguments that are not strict JSON")                           \
    X(ARGS_OBJECT, "gate.args.object", "arguments that are no JSON object")                        \
    X(ARGS_SCHEMA, "gate.args.schema", "arguments that do not match the tool's schema")            \
    X(LIMIT_CONTENT, "gate.limit.content", "a text over the content limit")                        \
    X(SECRET, "gate.secret", "a text that holds a secret")                                         \
    X(PATH_ESCAPE, "gate.path.escape", "a path that is not inside the card's tree")                \
    X(PATH_UNRESOLVED, "gate.path.unresolved", "a path that could not be resolved")                \
    X(PATH_NAME, "gate.path.name", "a path through a reserved or secret name")                     \
    X(PATH_TYPE, "gate.path.type", "a file of a forbidden type that is written")                   \
    X(SCOPE, "gate.scope", "a path that is written outside of the card's scope")                   \
    X(LIMIT_CALLS, "gate.limit.calls", "a call beyond those that a turn may make")                 \
    X(RATE, "gate.rate", "a call over a rate of the organization")                                 \
    X(OP_FORM, "gate.op.form", "an operation that does not exist or whose fields are wrong")       \
    X(OP_UNDECLARED, "gate.op.undeclared", "an operation that the tool did not declare")           \
    X(LIMIT_ISSUES, "gate.limit.issues", "a new issue in an epic that has all it may have")        \
    X(COMMAND_PROGRAM, "gate.command.program", "a command whose program is none, or not there")    \
    X(COMMAND, "gate.command", "a command that the organization does not name")                    \
    X(CONFIRM, "gate.confirm", "nothing; what destroys or proposes waits for a person's yes")      \
    X(PATH_EXECUTED, "gate.path.executed",                                                         \
      "nothing; writing a file that people's tools execute waits for a person's yes")              \
    X(EGRESS, "gate.egress",                                                                       \
      "nothing; a command that reaches the network waits for a person's yes, once in an epic")

enum gate_rule_id {
#define X(name, id, refuses) GATE_##name,
    GATE_RULES(X)
#undef X
        GATE_RULE_COUNT
};

/* "gate.tool.unknown" and what it refuses. Static strings. */
const char *gate_rule_name(enum gate_rule_id id);
const char *gate_rule_text(enum gate_rule_id id);

#endif
