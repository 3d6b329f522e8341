/* gate.h: the one door between a proposed tool call and an effect. Pure: it judges records that the
 * caller has resolved; it opens nothing, runs nothing, remembers nothing.
 *
 * config     tools, roles, site rules and limits as a JSON tree; gate_build makes a gate of it
 * call       what a model asks for: a tool and its arguments, for one role on one card
 * operation  one effect that the tool's script asks for while it runs
 * path       a path argument together with what the caller found at it
 * verdict    allow, ask (a person has to say yes) or deny, with the id of the rule that decided
 *
 * Default deny: a call is allowed only when every check of the chain passed. A site rule may deny
 * or ask, never allow. Whatever cannot be judged in full is denied. A gate is immutable once built
 * and may be used from any thread.
 */
#ifndef MODEL_GATE_H
#define MODEL_GATE_H

#include "base/json.h"
#include "model/gate/rules.h"
#include "model/glob.h"

#define GATE_TOOL_NAME_MAX 128
#define GATE_ARGUMENTS_MAX ((size_t)4 << 20) /* bytes of a call's arguments */
#define GATE_CONTENT_MAX   ((size_t)1000000) /* bytes of one text in a call; or less */
#define GATE_CALLS_MAX     ((size_t)1000)    /* calls of a turn */
#define GATE_ISSUES_MAX    ((size_t)1000) /* issues that an epic may have for agents to add one */
#define GATE_SCOPE_MAX     100            /* patterns of a card's scope */

struct gate;

/* Builds a gate from the config:
 *   tools   {NAME: {schema, operations: [KIND...], statuses?: [STATUS...], types?: [TYPE...],
 *           where?}} without types: any but plan
 *   roles   {NAME: {tools: [NAME...], where?}}
 *   rules?  [{id, effect: "deny"|"ask", roles?, tools?, statuses?, types?, paths?, why, fix?,
 *           where?}...]
 *   limits? {arguments?, content?, calls?, issues?, where?}       only downwards
 *   types?  {list: [ENDING...], where?}          more endings that no file is written with
 *   commands? [{argv: [PATTERN...], wall?, cpu?, memory?, procs?, fsize?, output?,
 *             egress?: {hosts: [{host, port?, private?}...], bytes?, seconds?}, install?}...]
 * A `where` is the place of the entry ("tools/x.lua"), for the verdicts that follow from it.
 * Everything is validated and unknown keys are refused (ERR_CONFIG, err names the place);
 * ERR_SCHEMA, ERR_SCHEMA_UNSUPPORTED from a tool's schema, ERR_MEMORY. The config is copied. */
int gate_build(const struct json *config, struct gate **out, struct err *err) MUST_CHECK;

/* One more holder of the gate; each calls gate_free once. Both may be called by any thread. */
struct gate *gate_hold(struct gate *gate);
void gate_free(struct gate *gate);

/* ---- what the caller resolves ---- */

/* What a path is opened for. */
enum gate_want {
    GATE_WANT_NOTHING,
    GATE_WANT_READ,
    GATE_WANT_LIST,
    GATE_WANT_DELETE,
    GATE_WANT_WRITE
};

/* What an operation is, beside its effect. What destroys or reaches out is risky as well. */
enum gate_nature {
    GATE_DESTRUCTIVE = 1, /* throws away what cannot be made again; a person has to say yes */
    GATE_OUTWARD = 2,     /* reaches beyond the card's tree */
    GATE_RISKY = 4        /* a careful organization wants to be asked */
};

/* What an operation leaves behind, which decides what becomes of one that was interrupted. */
enum gate_effect {
    GATE_EFFECT_UNKNOWN,    /* no such kind */
    GATE_EFFECT_NONE,       /* it only looks */
    GATE_EFFECT_JOURNAL,    /* an event: in the journal with the call's result, or not at all */
    GATE_EFFECT_IDEMPOTENT, /* the tree's content: what is there tells, and once more is the same */
    GATE_EFFECT_ONCE        /* beyond: nobody can look, and once more may be once too often */
};

struct gate_path {
    const struct json *value; /* the argument: identity, not text */
    const char *name;         /* canonical name beneath the card's tree; NULL when there is none */
    size_t len;
    int code; /* 0; ERR_NOT_FOUND, ERR_NOT_FILE, ERR_NOT_DIR: inside, but not as wanted; any other
                 code (ERR_PATH: it leaves the tree) denies */
};

/* The paths that a card says it is about; other files it only reads. */
struct gate_scope {
    struct glob globs[GATE_SCOPE_MAX];
    size_t count;
    bool broken; /* it cannot be understood, and holds nothing */
};

struct gate_call {
    const char *role, *card_type, *card_status; /* NULL denies */
    const char *tool;
    size_t tool_len;
    size_t size;                   /* bytes of the arguments as they came; 0 = came as a tree */
    const struct json *arguments;  /* NULL when they did not parse */
    const struct err *parse_error; /* then: why */
    const struct gate_path *paths; /* one for each path argument (gate_each_path) */
    size_t path_count;
    const struct gate_scope *scope; /* NULL: the whole tree */
    size_t calls;                   /* that the turn made before this one */
};

struct gate_operation {
    const char *kind; /* "fs.write" */
    size_t kind_len;
    const struct json *fields; /* the object, with the member "op" that names the kind */
    const struct err *error;   /* when it was no plain data: why; fields is NULL then */
    struct gate_path path;     /* when gate_operation_want says that it has one */
    const char *program;       /* of proc.run: "/usr/bin/make", "./run" in the tree; NULL: none */
    bool confirmed;            /* a person's yes to the call was a yes to this */
    size_t issues;             /* of the epic, when this makes one more */
};

/* Calls fn for every path in the arguments, which must have passed gate_judge_form. */
void gate_each_path(const struct gate *gate, const struct gate_call *call,
                    void (*fn)(void *ctx, const struct json *path), void *ctx);

/* What the call's paths are resolved for (the strongest of the tool's operations), and what an
 * operation's path is; NOTHING for unknown tools and kinds and for those without path. */
enum gate_want gate_call_want(const struct gate *gate, const struct gate_call *call);
enum gate_want gate_operation_want(const char *kind, size_t len);
enum gate_effect gate_operation_effect(const char *kind, size_t len);
unsigned gate_operation_nature(const char *kind, size_t len); /* bits of enum gate_nature */

/* The arguments limit, for the parser. */
size_t gate_arguments_max(const struct gate *gate);

/* True when the call's tool, or the operation, leaves something behind: then what it carries is
 * looked through for secrets. */
bool gate_call_records(const struct gate *gate, const struct gate_call *call);
bool gate_operation_records(const char *kind, size_t len);

/* ---- judging ---- */

enum gate_decision { GATE_DECISION_ALLOW, GATE_DECISION_ASK, GATE_DECISION_DENY };

struct gate_verdict {
    enum gate_decision decision;
    const char *rule; /* "gate.allow", ...; lives as long as the gate */
    char why[1216];   /* one sentence; empty when allowed */
    char fix[736];
    char where[208]; /* the place of the rule, role or tool that decided; empty: the gate itself */
};

/* The checks that need no resolved path: tool, role, card, arguments. */
enum gate_decision gate_judge_form(const struct gate *gate, const struct gate_call *call,
                                   struct gate_verdict *verdict);

/* The rest, for a call that passed gate_judge_form, its paths resolved: paths, site rules, and
 * whether its tool may destroy something. Of what denies the first decides; ask is the answer only
 * when nothing denies. */
enum gate_decision gate_judge_reach(const struct gate *gate, const struct gate_call *call,
                                    struct gate_verdict *verdict);

/* Both, one after the other. */
enum gate_decision gate_judge_call(const struct gate *gate, const struct gate_call *call,
                                   struct gate_verdict *verdict);

/* One operation of a tool that runs for an allowed call. */
enum gate_decision gate_judge_operation(const struct gate *gate, const struct gate_call *call,
                                        const struct gate_operation *operation,
                                        struct gate_verdict *verdict);

/* Every check by itself, not only the first that does not pass: writes up to `max` verdicts that
 * deny or ask, in the order of the checks, and answers how many. A check that needs what another
 * one did not find (the schema of no tool) is left out. Paths need not have been resolved. */
size_t gate_explain(const struct gate *gate, const struct gate_call *call, struct gate_verdict *out,
                    size_t max);

/* Makes the verdict a refusal of a key of the organization's own, which only the caller knows. */
void gate_deny_key(struct gate_verdict *verdict);

/* What a text holds that has the form of a secret ("a GitHub token"), and where; NULL: nothing. */
const char *gate_find_secret(const char *text, size_t len, size_t *at);

/* Whether a value is an argv: texts without NUL, the first not empty. */
bool gate_is_argv(const struct json *argv);

/* The command of the config that this is, with its limits; NULL: it may not run. */
const struct json *gate_command(const struct gate *gate, const struct json *argv,
                                const char *program);

/* True when the call may read the file `name`: what a search does with each file it meets. */
bool gate_may_read(const struct gate *gate, const struct gate_call *call, const char *name,
                   size_t len);

#endif
