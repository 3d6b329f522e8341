/* operation.c: the operations a tool's script may ask for: one table of kinds with their effect and
 * their fields, and the judgement of one of them. An operation whose fields are not all known and
 * well formed is refused; a kind marked `open` takes further plain data, which is recorded and
 * never interpreted.
 */
#include <string.h>

#include "model/gate/impl.h"

enum field_type { TEXT, WORD, COUNT, AMOUNT, FLAG, LIST, OBJECT };

struct field {
    const char *name;
    enum field_type type;
    bool needed;
    size_t min, max; /* bytes of a TEXT or WORD, value of a COUNT; max 0 = the content limit */
};

#define FIELDS_MAX 9

/* Traits of an operation: those that are a nature, and OPEN. */
#define NONE        0
#define OPEN        1 /* takes further fields */
#define DESTRUCTIVE 2
#define RISKY       4
#define PROPOSES    8 /* a person has to say yes, to the operation and not to the call before it */

struct operation {
    const char *kind;
    enum gate_want want;
    enum gate_effect effect;
    unsigned traits;
    struct field fields[FIELDS_MAX]; /* ends with a NULL name */
};

#define PATH                                                                                       \
    {                                                                                              \
        "path", TEXT, true, 0, 4096                                                                \
    }
#define REASON_MAX 64
#define WHY_MAX    4000

static const struct operation operations[] = {
    {"fs.read",
     GATE_WANT_READ,
     GATE_EFFECT_NONE,
     NONE,
     {PATH, {"offset", COUNT, false, 0, SIZE_MAX}, {"limit", COUNT, false, 1, SIZE_MAX}}},
    {"fs.attach", // an image or a PDF, shown to the model as it is
     GATE_WANT_READ,
     GATE_EFFECT_NONE,
     NONE,
     {PATH}},
    {"fs.write",
     GATE_WANT_WRITE,
     GATE_EFFECT_IDEMPOTENT,
     NONE,
     {PATH, {"content", TEXT, true, 0, 0}}},
    {"fs.list",
     GATE_WANT_LIST,
     GATE_EFFECT_NONE,
     NONE,
     {PATH, {"limit", COUNT, false, 1, SIZE_MAX}}},
    {"fs.search",
     GATE_WANT_LIST,
     GATE_EFFECT_NONE,
     NONE,
     {PATH,
      {"text", TEXT, false, 1, 1000}, // without it: the names of files
      {"limit", COUNT, false, 1, SIZE_MAX},
      {"regex", FLAG, false, 0, 0},
      {"any_case", FLAG, false, 0, 0},
      {"glob", TEXT, false, 1, 1000},
      {"ignored", FLAG, false, 0, 0}, // also what ignore files leave out
      {"context", COUNT, false, 0, SIZE_MAX},
      {"skip", COUNT, false, 0, SIZE_MAX}}},
    {"code.outline", // the files are judged one by one, as for fs.search
     GATE_WANT_LIST,
     GATE_EFFECT_NONE,
     NONE,
     {PATH,
      {"glob", TEXT, false, 1, 1000},
      {"ignored", FLAG, false, 0, 0},
      {"tokens", COUNT, false, 1, SIZE_MAX}}},
    {"code.find",
     GATE_WANT_LIST,
     GATE_EFFECT_NONE,
     NONE,
     {PATH,
      {"name", TEXT, true, 1, 200},
      {"glob", TEXT, false, 1, 1000},
      {"ignored", FLAG, false, 0, 0}}},
    {"fs.delete", GATE_WANT_DELETE, GATE_EFFECT_IDEMPOTENT, DESTRUCTIVE, {PATH}},
    {"proc.run",
     GATE_WANT_NOTHING,
     GATE_EFFECT_IDEMPOTENT, // all that it can leave behind is in the tree
     RISKY,
     {{"argv", LIST, true, 1, 1000}, {"stdin", TEXT, false, 0, 0}, {"wall", AMOUNT, false, 0, 0}}},
    {"card.comment", GATE_WANT_NOTHING, GATE_EFFECT_JOURNAL, NONE, {{"text", TEXT, true, 1, 0}}},
    {"card.move",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     NONE,
     {{"status", WORD, true, 1, REASON_MAX},
      {"reason", WORD, false, 0, REASON_MAX},
      {"why", TEXT, false, 0, WHY_MAX}}},
    {"card.create",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     OPEN,
     {{"seat", WORD, true, 1, 128},
      {"summary", TEXT, true, 5, 1000},
      {"description", TEXT, false, 0, 0},
      {"depends_on", LIST, false, 0, 1000}}},
    {"card.context", GATE_WANT_NOTHING, GATE_EFFECT_NONE, NONE, {{NULL, TEXT, false, 0, 0}}},
    {"card.nominate", GATE_WANT_NOTHING, GATE_EFFECT_JOURNAL, OPEN, {{NULL, TEXT, false, 0, 0}}},
    {"card.excuse",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     OPEN,
     {{"reason", TEXT, false, 0, WHY_MAX}}},
    {"card.credits",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     NONE,
     {{"amount", AMOUNT, true, 0, 0}}},
    {"card.refine", GATE_WANT_NOTHING, GATE_EFFECT_JOURNAL, OPEN, {{NULL, TEXT, false, 0, 0}}},
    {"plan.specify", // what is asked for, so that it can be built and tested
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     NONE,
     {{"requirements", LIST, true, 1, 200}, {"assumptions", LIST, false, 0, 200}}},
    {"plan.make", // cards and their files, from a proposal
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     PROPOSES,
     {{"id", WORD, true, 1, 64},
      {"name", TEXT, true, 1, 1000},
      {"description", TEXT, false, 0, 0},
      {"epics", LIST, true, 1, 20}}},
    {"board.read", // cards, one card, what waits, reports, costs: for a conversation
     GATE_WANT_NOTHING,
     GATE_EFFECT_NONE,
     NONE,
     {{"what", WORD, true, 1, 16},
      {"card", WORD, false, 0, 64},
      {"status", WORD, false, 0, REASON_MAX}}},
    {"board.create",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     PROPOSES,
     {{"epic", WORD, true, 1, 64},
      {"seat", WORD, true, 1, 128},
      {"summary", TEXT, true, 5, 1000},
      {"description", TEXT, false, 0, 0},
      {"depends_on", LIST, false, 0, 1000},
      {"priority", AMOUNT, false, 0, 0}}},
    {"board.change",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     PROPOSES,
     {{"card", WORD, true, 1, 64},
      {"status", WORD, false, 1, REASON_MAX},
      {"reason", WORD, false, 0, REASON_MAX},
      {"why", TEXT, false, 0, WHY_MAX},
      {"priority", AMOUNT, false, 0, 0},
      {"seat", WORD, false, 1, 128}}},
    {"turn.finish",
     GATE_WANT_NOTHING,
     GATE_EFFECT_JOURNAL,
     OPEN,
     {{"status", WORD, false, 1, REASON_MAX}, {"summary", TEXT, false, 0, 0}}},
    {"mcp.call", // a tool of another program, which may do anything with it
     GATE_WANT_NOTHING,
     GATE_EFFECT_ONCE,
     NONE,
     {{"server", WORD, true, 1, 64},
      {"tool", TEXT, true, 1, 128},
      {"pin", WORD, true, 64, 64},
      {"arguments", OBJECT, true, 0, 0}}},
    {"turn.result",
     GATE_WANT_NOTHING,
     GATE_EFFECT_NONE,
     NONE,
     {{"handle", WORD, true, 1, REASON_MAX}, {"from", COUNT, false, 0, SIZE_MAX}}},
#ifdef TEST_OPERATIONS // tests/spec/at_most_once_spec.lua: somebody beyond the tree is told
    {"test.post",
     GATE_WANT_NOTHING,
     GATE_EFFECT_ONCE,
     NONE,
     {{"port", COUNT, true, 1, 65535}, {"text", TEXT, true, 1, 1000}}},
#endif
};

int gate_operation_find(const char *kind, size_t len)
{
    for (size_t i = 0; i < COUNT_OF(operations); i++)
        if (strlen(operations[i].kind) == len && memcmp(operations[i].kind, kind, len) == 0)
            return (int)i;
    return GATE_NO_OPERATION;
}

enum gate_want gate_operation_want_at(int number)
{
    return operations[number].want;
}

unsigned gate_operation_nature_at(int number)
{
    const struct operation *op = &operations[number];
    unsigned nature = op->traits & DESTRUCTIVE ? GATE_DESTRUCTIVE : 0;
    if (op->effect == GATE_EFFECT_ONCE)
        nature |= GATE_OUTWARD;
    return nature || op->traits & RISKY ? nature | GATE_RISKY : 0;
}

bool gate_operation_records_at(int number)
{
    return operations[number].effect != GATE_EFFECT_NONE;
}

bool gate_operation_records(const char *kind, size_t len)
{
    int number = gate_operation_find(kind, len);
    return number != GATE_NO_OPERATION && gate_operation_records_at(number);
}

unsigned gate_operation_nature(const char *kind, size_t len)
{
    int number = gate_operation_find(kind, len);
    return number == GATE_NO_OPERATION ? 0 : gate_operation_nature_at(number);
}

enum gate_effect gate_operation_effect(const char *kind, size_t len)
{
    int number = gate_operation_find(kind, len);
    return number == GATE_NO_OPERATION ? GATE_EFFECT_UNKNOWN : operations[number].effect;
}

enum gate_want gate_operation_want(const char *kind, size_t len)
{
    int number = gate_operation_find(kind, len);
    return number == GATE_NO_OPERATION ? GATE_WANT_NOTHING : operations[number].want;
}

enum gate_want gate_call_want(const struct gate *gate, const struct gate_call *call)
{
    size_t tool = gate_name_find(&gate->tools, call->tool, call->tool_len);
    if (tool == GATE_NO_NAME)
        return GATE_WANT_NOTHING;
    /* A path that no declared operation uses is still resolved, in the most careful way. */
    return gate->tool[tool].want ? gate->tool[tool].want : GATE_WANT_WRITE;
}

/* ---- fields ---- */

static bool is_word(const struct json *value)
{
    return strspn(value->u.string, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789_-.") == value->len;
}

/* Bytes of a text without the blanks around it. */
static size_t trimmed(const struct json *value)
{
    size_t begin = 0, end = value->len;
    while (begin < end && strchr(" \t\r\n", value->u.string[begin]))
        begin++;
    while (end > begin && strchr(" \t\r\n", value->u.string[end - 1]))
        end--;
    return end - begin;
}

static bool fits(const struct field *field, const struct json *value, size_t content_max)
{
    size_t max = field->max ? field->max : content_max;
    switch (field->type) {
    case TEXT:
        return value->type == JSON_STRING && value->len >= field->min && value->len <= max &&
               (field->min <= 1 || trimmed(value) >= field->min);
    case WORD:
        return value->type == JSON_STRING && value->len >= field->min && value->len <= max &&
               is_word(value);
    case COUNT:
        return value->type == JSON_INT && value->u.integer >= 0 &&
               (uint64_t)value->u.integer >= field->min;
    case AMOUNT:
        return (value->type == JSON_INT && value->u.integer > 0) ||
               (value->type == JSON_REAL && value->u.real > 0);
    case FLAG:
        return value->type == JSON_TRUE || value->type == JSON_FALSE;
    case LIST:
        return value->type == JSON_ARRAY && value->len <= max;
    case OBJECT:
        return value->type == JSON_OBJECT;
    }
    return false;
}

static const struct field *find_field(const struct operation *op, const char *name)
{
    for (size_t i = 0; i < FIELDS_MAX && op->fields[i].name; i++)
        if (strcmp(op->fields[i].name, name) == 0)
            return &op->fields[i];
    return NULL;
}

static bool bad_field(struct gate_case *c, const struct operation *op, const char *name,
                      const char *what)
{
    return gate_deny(c, GATE_OP_FORM,
                     "correct the tool's script, or the argument it takes the field from",
                     "the field '%.64s' of the operation %s %s", name, op->kind, what);
}

static bool check_fields(struct gate_case *c, const struct operation *op, const struct json *fields)
{
    for (uint32_t i = 0; i < fields->len; i++) {
        const struct json_member *m = &fields->u.members[i];
        const struct field *field = find_field(op, m->key);
        if (strcmp(m->key, "op") == 0)
            continue;
        if (!field && !(op->traits & OPEN))
            return bad_field(c, op, m->key, "is not known");
        if (field && field->type == TEXT && field->max == 0 && m->value.type == JSON_STRING &&
            !gate_check_texts(c, &m->value))
            return false;
        if (field && !fits(field, &m->value, c->gate->content_max))
            return bad_field(c, op, m->key, "has the wrong type or size");
    }
    for (size_t i = 0; i < FIELDS_MAX && op->fields[i].name; i++)
        if (op->fields[i].needed && !json_get(fields, op->fields[i].name))
            return bad_field(c, op, op->fields[i].name, "is missing");
    return gate_check_texts(c, fields) &&
           (op->effect == GATE_EFFECT_NONE || gate_check_new_secrets(c, fields));
}

/* ---- the judgement ---- */

static bool fail_undeclared(struct gate_case *c, const char *kind)
{
    gate_deny(c, GATE_OP_UNDECLARED, "declare it in the tool's 'operations'",
              "the tool '%.*s' did not declare the operation %s", (int)c->call->tool_len,
              c->call->tool, kind);
    return gate_deny_at(c, c->gate->tool[c->tool].where);
}

static bool check_kind(struct gate_case *c, const struct gate_operation *operation, int *number)
{
    if (operation->error)
        return gate_deny(c, GATE_OP_FORM, "correct the tool's script: an operation is plain data",
                         "the operation is no plain data: %s", operation->error->text);
    int len = operation->kind_len > 64 ? 64 : (int)operation->kind_len;
    *number = gate_operation_find(operation->kind, operation->kind_len);
    if (*number == GATE_NO_OPERATION || !operation->fields ||
        operation->fields->type != JSON_OBJECT)
        return gate_deny(c, GATE_OP_FORM,
                         "correct the tool's script: it yields operations of the API only",
                         "there is no operation '%.*s'", len, operation->kind);
    if (!(c->gate->tool[c->tool].operations >> *number & 1))
        return fail_undeclared(c, operations[*number].kind);
    return true;
}

static struct fsm_text as_text(const char *text)
{
    return (struct fsm_text){text, strlen(text)};
}

/* A move and a finish with a status are transitions: judged at once, by the one state machine. */
static bool check_transition(struct gate_case *c, const struct operation *op,
                             const struct json *fields)
{
    const struct json *status = json_get(fields, "status");
    bool moves = strcmp(op->kind, "card.move") == 0 || strcmp(op->kind, "turn.finish") == 0;
    if (!moves || !status)
        return true;
    size_t len = 0;
    const char *reason = json_string(json_get(fields, "reason"), &len);
    struct fsm_text wait = {reason, len};
    struct fsm_verdict verdict;
    if (fsm_check(as_text(c->call->card_type), as_text(c->call->card_status),
                  (struct fsm_text){status->u.string, status->len}, as_text(c->call->role),
                  reason && len ? &wait : NULL, &verdict))
        return true;
    gate_deny(c, GATE_OP_FORM, verdict.fix, "%s", verdict.why);
    c->verdict->rule = verdict.rule;
    return false;
}

static bool is_run(int number)
{
    return strcmp(operations[number].kind, "proc.run") == 0;
}

/* Each thing that is destroyed is asked for by itself, unless the yes to the call named it. A file
 * that people's tools execute is always asked about: the caller knows what a yes covers. */
static void check_confirm(struct gate_case *c, const struct gate_operation *operation, int number)
{
    if (operations[number].traits & PROPOSES)
        gate_ask(c, GATE_CONFIRM, GATE_CONFIRM_FIX, GATE_PROPOSE_WHY);
    if (gate_operation_nature_at(number) & GATE_DESTRUCTIVE && !operation->confirmed)
        gate_ask(c, GATE_CONFIRM, GATE_CONFIRM_FIX, GATE_CONFIRM_WHY);
    gate_ask_executed(c, &operation->path, operations[number].want);
    if (is_run(number))
        gate_ask_egress(c, operation);
}

static bool check_reach(struct gate_case *c, const struct gate_operation *operation, int number)
{
    if (operations[number].want == GATE_WANT_NOTHING)
        return gate_check_site_rules(c, NULL, 0);
    return gate_check_path(c, &operation->path) &&
           gate_check_write(c, &operation->path, operations[number].want) &&
           gate_check_site_rules(c, &operation->path, 1);
}

static bool check_issues(struct gate_case *c, const struct gate_operation *operation,
                         const struct operation *op)
{
    if (strcmp(op->kind, "card.create") != 0 || operation->issues < c->gate->issues_max)
        return true;
    gate_deny(c, GATE_LIMIT_ISSUES, "do the work as part of this card, or ask a person",
              "the epic has %zu issues; agents add none beyond %zu", operation->issues,
              c->gate->issues_max);
    return gate_deny_at(c, c->gate->limits_where);
}

static bool check_operation(struct gate_case *c, const struct gate_operation *operation)
{
    int number = 0;
    if (!check_kind(c, operation, &number) || !gate_check_size(c, 0, operation->fields) ||
        !check_fields(c, &operations[number], operation->fields) ||
        !check_issues(c, operation, &operations[number]) ||
        !check_transition(c, &operations[number], operation->fields) ||
        (is_run(number) && !gate_check_command(c, operation)))
        return false;
    if (!check_reach(c, operation, number))
        return false;
    check_confirm(c, operation, number);
    return true;
}

enum gate_decision gate_judge_operation(const struct gate *gate, const struct gate_call *call,
                                        const struct gate_operation *operation,
                                        struct gate_verdict *verdict)
{
    struct gate_case c;
    if (gate_case_open(&c, gate, call, verdict))
        check_operation(&c, operation);
    return verdict->decision;
}
