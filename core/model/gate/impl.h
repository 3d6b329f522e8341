/* impl.h: what a gate is made of; for the files of this folder and its subfolder only.
 *
 * Names become small numbers once, at build time, and sets of them become bits, so that a decision
 * is a few lookups and ANDs: role x tool is one bit; for each role, tool, status and type there is
 * the set of site rules that may concern it, and the rules of a call are the intersection of four
 * sets.
 */
#ifndef MODEL_GATE_IMPL_H
#define MODEL_GATE_IMPL_H

#include <stdatomic.h>

#include "model/fsm.h"
#include "model/gate.h"
#include "model/glob.h"
#include "model/schema.h"

#define GATE_TOOLS_MAX 1024
#define GATE_ROLES_MAX 1024
#define GATE_RULES_MAX 4096
#define GATE_GLOBS_MAX 1000 /* paths of one rule */

/* Names in a fixed open-addressing table: name -> number in the order of adding. */
struct gate_names {
    struct gate_slot {
        uint32_t hash;
        uint32_t number; /* + 1; 0 = empty */
    } * slots;
    size_t mask;
    struct gate_name {
        const char *text;
        size_t len;
    } * names;
    size_t count;
};

struct gate_tool {
    struct schema *schema;
    uint32_t statuses;   /* bits of enum fsm_status */
    uint32_t types;      /* bits of enum fsm_type */
    uint32_t operations; /* bits of the operation table */
    unsigned nature;     /* bits of enum gate_nature: of all its operations */
    bool records;        /* one of its operations leaves something behind */
    bool reads;          /* one of its operations looks at a path */
    enum gate_want want;
    bool deep_paths;                  /* path arguments below the first level exist */
    const struct json_member **paths; /* schema members of the first level that are paths */
    size_t path_count;
    const char *where;
};

struct gate_site_rule {
    char *id; /* "house.<id>" */
    enum gate_decision effect;
    const char *why, *fix, *where;
    struct glob *paths;
    size_t path_count; /* 0 = any call */
};

struct gate {
    atomic_uint holders;
    struct json_doc config; /* the copied config: every name and text points into it */
    size_t arguments_max, content_max, calls_max, issues_max;
    struct gate_names types; /* endings that are not written */
    const char *types_where;
    const struct json *commands; /* a list, or NULL: none may run */
    const char *limits_where; /* when the config says a limit */
    const char **role_where;
    struct gate_names tools, roles;
    struct gate_tool *tool;
    struct gate_site_rule *rule;
    size_t rule_count, words;                          /* words of 64 bits in a set of rules */
    uint64_t *role_tools;                              /* roles.count x tools.count bits */
    uint64_t *by_role, *by_tool, *by_status, *by_type; /* a set of rules each */
};

#define GATE_NO_NAME SIZE_MAX

/* Room for `capacity` names (ERR_MEMORY); names are added once each and borrowed. */
int gate_names_init(struct gate_names *names, size_t capacity) MUST_CHECK;
void gate_names_clear(struct gate_names *names);
void gate_name_add(struct gate_names *names, const char *text, size_t len);

/* The number of a name, or GATE_NO_NAME. */
size_t gate_name_find(const struct gate_names *names, const char *text, size_t len);

/* Whether a tool may have this name. */
bool gate_is_tool_name(const char *text, size_t len);

/* The operation table (operation.c): its number and what its path is for. */
#define GATE_NO_OPERATION (-1)
int gate_operation_find(const char *kind, size_t len);
enum gate_want gate_operation_want_at(int number);
unsigned gate_operation_nature_at(int number);
bool gate_operation_records_at(int number);

/* The site rules (site_rules.c), after tools and roles are known. */
int gate_build_site_rules(struct gate *gate, const struct json *rules, struct err *err) MUST_CHECK;
void gate_free_site_rules(struct gate *gate);

/* The forbidden types of the config (writes.c). */
int gate_build_types(struct gate *gate, const struct json *list, struct err *err) MUST_CHECK;

/* The commands that may run (command.c), and whether this one may. */
struct gate_case;
int gate_build_commands(struct gate *gate, const struct json *list, struct err *err) MUST_CHECK;
bool gate_check_command(struct gate_case *c, const struct gate_operation *operation);

/* A program that reaches out: where to is for a person to know. Who asks may have a yes to this
 * already (lua/orket/programs/egress.lua). */
void gate_ask_egress(struct gate_case *c, const struct gate_operation *operation);

/* Names of a component of a path: the whole of it, its beginning, its end or anything in it. */
struct gate_name_row {
    enum { GATE_WHOLE, GATE_BEGINS, GATE_ENDS, GATE_HOLDS } place;
    const char *text; /* as gate_fold_component leaves it */
    size_t len;
    const char *what;
};

#define GATE_ROW(place, text, what)                                                                \
    {                                                                                              \
        place, text, sizeof text - 1, what                                                         \
    }

/* What the first row is that the folded component fits, or NULL. */
const char *gate_find_row(const struct gate_name_row *rows, size_t count, const char *word,
                          size_t len);

/* The component as any system a tree may come to would see it: no case, nothing invisible, no
 * stream, no dots and blanks at the end; the copy that an editor keeps is what it is a copy of.
 * `word` has room for len bytes; answers the length. */
size_t gate_fold_component(const char *text, size_t len, char *word);

/* Asks about the path when it is written and is one that people's tools execute (executed.c). */
void gate_ask_executed(struct gate_case *c, const struct gate_path *path, enum gate_want want);

/* Why no path may go through this name ("a reserved name"), or NULL when it may. */
const char *gate_forbidden(const char *name, size_t len);

/* What one judgement knows; filled by the checks as they pass. */
struct gate_case {
    const struct gate *gate;
    const struct gate_call *call;
    struct gate_verdict *verdict;
    size_t tool, role;
    int status, type;
};

/* Judges tool, role and card, and so finds their numbers. Every judgement begins here, so that no
 * caller can reach the later checks without the earlier ones. */
bool gate_case_open(struct gate_case *c, const struct gate *gate, const struct gate_call *call,
                    struct gate_verdict *verdict);

/* Records a refusal of the gate's own rule; always false. */
bool gate_deny(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The same with the place that decided, which may be NULL; always false. */
bool gate_deny_at(struct gate_case *c, const char *where);

/* Asks a person, unless something else denies; a rule of the gate's own. */
void gate_ask(struct gate_case *c, enum gate_rule_id rule, const char *fix, const char *why);

#define GATE_HTTPS 443 /* the port of a host that names none */

#define GATE_CONFIRM_WHY "it destroys what cannot be made again, so a person has to say yes"
#define GATE_PROPOSE_WHY "it is a proposal: a person has to say yes before any of it is there"
#define GATE_CONFIRM_FIX                                                                           \
    "wait for the person's answer; nothing in the arguments can stand in for it"

/* Each site rule that concerns the call and these paths, whatever it decides. */
typedef void gate_site_rule_fn(struct gate_case *c, const struct gate_site_rule *rule, void *ctx);
void gate_each_site_rule(struct gate_case *c, const struct gate_path *paths, size_t count,
                         gate_site_rule_fn *fn, void *ctx);
void gate_apply_site_rule(struct gate_case *c, const struct gate_site_rule *rule);

/* The verdict as it is before anything was judged. */
void gate_clear(struct gate_verdict *verdict);

/* Each judges one thing; false when the verdict is deny. */
bool gate_check_path(struct gate_case *c, const struct gate_path *path);
bool gate_check_site_rules(struct gate_case *c, const struct gate_path *paths, size_t count);
bool gate_check_texts(struct gate_case *c, const struct json *value);
/* A name without case, without a stream and without what nobody sees, to `word`, which has room for
 * len bytes; answers its length. */
size_t gate_fold_name(const char *text, size_t len, char *word);
bool gate_check_secrets(struct gate_case *c, const struct json *tree);
bool gate_check_new_secrets(struct gate_case *c, const struct json *fields); /* beside the call's */
/* What gate_find_secret answers: of the text as it stands, and of what it holds in base64. */
const char *gate_find_plain_secret(const char *text, size_t len, size_t *at);
const char *gate_find_base64_secret(const char *text, size_t len, size_t *at);
bool gate_check_write(struct gate_case *c, const struct gate_path *path, enum gate_want want);
bool gate_check_size(struct gate_case *c, size_t size,
                     const struct json *tree); /* 0 = the tree's */

/* The links of the chain that look at a call's arguments (arguments.c, paths.c). */
bool gate_check_call_size(struct gate_case *c);
bool gate_check_call_json(struct gate_case *c);
bool gate_check_call_schema(struct gate_case *c);
bool gate_check_call_content(struct gate_case *c);
bool gate_check_call_secrets(struct gate_case *c);
bool gate_check_paths(struct gate_case *c);

/* Asks about the call's paths that people's tools execute. */
void gate_ask_paths(struct gate_case *c);

/* Judges each path argument, whatever was said of the one before; `after` is called after each. */
void gate_check_each_path(struct gate_case *c, void (*after)(void *ctx), void *ctx);

#endif
