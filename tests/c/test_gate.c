/* test_gate.c: what the gate accepts as law, and every rule of the chain at least once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "model/gate.h"
#include "model/gate/impl.h"
#include "support.h"

#define TOOLS                                                                                      \
    "\"tools\":{"                                                                                  \
    "\"write_file\":{\"schema\":{\"type\":\"object\",\"required\":[\"path\",\"content\"],"         \
    "\"additionalProperties\":false,\"properties\":{\"path\":{\"type\":\"string\",\"format\":"     \
    "\"path\"},\"content\":{\"type\":\"string\"}}},\"operations\":[\"fs.write\"]},"                \
    "\"read_file\":{\"schema\":{\"type\":\"object\",\"properties\":{\"path\":{\"type\":"           \
    "\"string\","                                                                                  \
    "\"format\":\"path\"}}},\"operations\":[\"fs.read\"],\"statuses\":[\"in_progress\",\"ready\"]" \
    "},"                                                                                           \
    "\"move_many\":{\"schema\":{\"type\":\"object\",\"properties\":{\"paths\":{\"type\":"          \
    "\"array\","                                                                                   \
    "\"items\":{\"type\":\"string\",\"format\":\"path\"}}}},\"operations\":[\"fs.delete\"]},"      \
    "\"update_issue_status\":{\"schema\":{\"type\":\"object\"},\"operations\":[\"card.move\","     \
    "\"card.comment\"]},"                                                                          \
    "\"create_issue\":{\"schema\":{\"type\":\"object\"},\"operations\":[\"card.create\","          \
    "\"card.credits\",\"turn.finish\"]}}"
#define ROLES                                                                                      \
    "\"roles\":{\"coder\":{\"tools\":[\"write_file\",\"read_file\",\"move_many\","                 \
    "\"update_issue_status\",\"create_issue\"]},\"integrity_guard\":{\"tools\":[\"read_file\","    \
    "\"update_issue_status\"]}}"
#define RULES                                                                                      \
    "\"rules\":[{\"id\":\"docs\",\"effect\":\"ask\",\"tools\":[\"write_file\"],\"paths\":"         \
    "[\"docs/**\"],\"why\":\"documents are read by customers\",\"fix\":\"wait\"},"                 \
    "{\"id\":\"legal\",\"effect\":\"deny\",\"paths\":[\"docs/legal/*\"],\"why\":\"legal text\"},"  \
    "{\"id\":\"rocks\",\"effect\":\"deny\",\"types\":[\"rock\"],\"roles\":[\"coder\"],"            \
    "\"statuses\":[\"in_progress\"],\"why\":\"nobody works on a rock\"}]"

static struct gate *make(const char *text)
{
    struct json_doc doc = {0};
    struct gate *gate = NULL;
    struct err err = {0};
    assert_int_equal(json_parse(&doc, text, strlen(text), NULL, &err), 0);
    if (gate_build(&doc.root, &gate, &err))
        fail_msg("%s", err.text);
    json_doc_clear(&doc);
    return gate;
}

static struct gate *usual(void)
{
    return make("{" TOOLS "," ROLES "," RULES ",\"limits\":{\"content\":100,\"arguments\":300}}");
}

/* ---- the law ---- */

static const struct {
    const char *law, *says; /* NULL: accepted */
} laws[] = {
    {"{" TOOLS "," ROLES "}", NULL},
    {"{" TOOLS "," ROLES "," RULES "}", NULL},
    {"{\"tools\":{},\"roles\":{}}", NULL},
    {"[]", "must be an object"},
    {"{\"roles\":{}}", "tools"},
    {"{\"tools\":{}}", "roles"},
    {"{\"tools\":{},\"roles\":{},\"extra\":1}", "unknown key 'extra'"},
    {"{\"tools\":{\"t\":{\"schema\":{},\"operations\":[]}},\"roles\":{}}", NULL},
    {"{\"tools\":{\"t\":{\"operations\":[]}},\"roles\":{}}", "needs a schema"},
    {"{\"tools\":{\"t\":{\"schema\":{}}},\"roles\":{}}", "list of texts"},
    {"{\"tools\":{\"t\":{\"schema\":{},\"operations\":[\"fs.chmod\"]}},\"roles\":{}}", "fs.chmod"},
    {"{\"tools\":{\"t\":{\"schema\":{},\"operations\":[1]}},\"roles\":{}}", "list of texts"},
    {"{\"tools\":{\"t\":{\"schema\":{},\"operations\":[],\"x\":1}},\"roles\":{}}",
     "unknown key 'x'"},
    {"{\"tools\":{\"t\":{\"schema\":{},\"operations\":[],\"statuses\":[\"idle\"]}},\"roles\":{}}",
     "unknown card status"},
    {"{\"tools\":{\"t\":{\"schema\":{\"properties\":{\"p\":{\"format\":\"path\"}}},\"operations\":["
     "]}},"
     "\"roles\":{}}",
     "so that the gate sees it"},
    {"{\"tools\":{\"t\":{\"schema\":{\"anyOf\":[{\"properties\":{\"p\":{\"type\":\"string\","
     "\"format\":\"path\"}}}]},\"operations\":[]}},\"roles\":{}}",
     "so that the gate sees it"},
    {"{\"tools\":{},\"roles\":{\"r\":{\"tools\":[\"t\"]}}}", "does not exist"},
    {"{\"tools\":{},\"roles\":{\"r\":{\"tools\":[],\"all\":true}}}", "unknown key 'all'"},
    {"{\"tools\":{},\"roles\":{\"system\":{\"tools\":[]}}}", "kept for the engine"},
    {"{\"tools\":{},\"roles\":{\"human\":{\"tools\":[]}}}", "kept for the engine"},
    {"{\"tools\":{},\"roles\":{},\"rules\":{}}", "list"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"allow\",\"why\":\"w\"}]}",
     "cannot allow"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"A b\",\"effect\":\"deny\",\"why\":\"w\"}]}",
     "id"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\"}]}", "why"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\",\"why\":\"w\",\"x\":"
     "1}]}",
     "unknown key 'x'"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\",\"why\":\"w\","
     "\"roles\":"
     "[\"nobody\"]}]}",
     "nobody"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\",\"why\":\"w\","
     "\"types\":"
     "[]}]}",
     "list of names"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\",\"why\":\"w\","
     "\"paths\":"
     "[\"../x\"]}]}",
     "pattern"},
    {"{\"tools\":{},\"roles\":{},\"rules\":[{\"id\":\"a\",\"effect\":\"deny\",\"why\":\"w\"},"
     "{\"id\":\"a\",\"effect\":\"ask\",\"why\":\"w\"}]}",
     "taken"},
    {"{\"tools\":{},\"roles\":{},\"limits\":{\"content\":1000001}}", "only goes down"},
    {"{\"tools\":{},\"roles\":{},\"limits\":{\"content\":0}}", "only goes down"},
    {"{\"tools\":{},\"roles\":{},\"limits\":{\"size\":1}}", "unknown key 'size'"},
};

static void test_laws(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(laws); i++) {
        struct json_doc doc = {0};
        struct gate *gate = NULL;
        struct err err = {0};
        assert_int_equal(json_parse(&doc, laws[i].law, strlen(laws[i].law), NULL, &err), 0);
        int rc = gate_build(&doc.root, &gate, &err);
        if ((rc == 0) != (laws[i].says == NULL) || (rc && !strstr(err.text, laws[i].says)))
            fail_msg("%s: %d %s", laws[i].law, rc, err.text);
        gate_free(gate);
        json_doc_clear(&doc);
    }
}

/* Whichever allocation fails: the law is refused, and nothing is lost. */
static void test_out_of_memory(void **state)
{
    (void)state;
    static const char text[] = "{" TOOLS "," ROLES "," RULES "}";
    struct json_doc doc = {0};
    assert_int_equal(json_parse(&doc, text, strlen(text), NULL, NULL), 0);
    bool refused = true;
    for (unsigned n = 1; refused; n++) {
        struct gate *gate = NULL;
        support_fail_at(n);
        int rc = gate_build(&doc.root, &gate, NULL);
        refused = support_failed();
        support_fail_at(0);
        assert_int_equal(rc, refused ? ERR_MEMORY : 0);
        gate_free(gate);
        assert_true(n < 10000);
    }
    json_doc_clear(&doc);
}

/* ---- calls ---- */

static const struct row {
    const char *role, *type, *status, *tool, *arguments;
    const char *name; /* canonical name of every path; "!": it leaves the tree; "-": no record */
    const char *rule;
} rows[] = {
#define W "coder", "issue", "in_progress", "write_file"
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "a", "gate.allow"},
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "!", "gate.path.escape"},
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "-", "gate.path.unresolved"},
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "b/.git/config", "gate.path.name"},
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "docs/a.md", "house.docs"},
    {W, "{\"path\":\"a\",\"content\":\"x\"}", "docs/legal/a.md", "house.legal"},
    {W, "{\"path\":\"a\"}", "a", "gate.args.schema"},
    {W, "{\"path\":\"a\",\"content\":\"x\",\"mode\":1}", "a", "gate.args.schema"},
    {W, "{\"path\":7,\"content\":\"x\"}", "a", "gate.args.schema"},
    {W, "[]", "a", "gate.args.object"},
    {W, "\"x\"", "a", "gate.args.object"},
    {W, "{", "a", "gate.args.json"},
    {W, "", "a", "gate.args.json"},
    {W, "{\"path\":\"a\",\"path\":\"b\",\"content\":\"x\"}", "a", "gate.args.json"},
    {"nobody", "issue", "in_progress", "write_file", "{}", "a", "gate.role.unknown"},
    {"", "issue", "in_progress", "write_file", "{}", "a", "gate.role.unknown"},
    {NULL, "issue", "in_progress", "write_file", "{}", "a", "gate.role.unknown"},
    {"Coder", "issue", "in_progress", "write_file", "{}", "a", "gate.role.unknown"},
    {"integrity_guard", "issue", "in_progress", "write_file", "{}", "a", "gate.role.tool"},
    {"coder", "story", "in_progress", "write_file", "{}", "a", "gate.card.type"},
    {"coder", NULL, "in_progress", "write_file", "{}", "a", "gate.card.type"},
    {"coder", "issue", "done", "write_file", "{}", "a", "gate.card.status"},
    {"coder", "issue", "ready", "write_file", "{}", "a", "gate.card.status"},
    {"coder", "issue", "idle", "write_file", "{}", "a", "gate.card.status"},
    {"coder", "issue", NULL, "write_file", "{}", "a", "gate.card.status"},
    {"coder", "issue", "ready", "read_file", "{\"path\":\"a\"}", "a", "gate.allow"},
    {"coder", "issue", "code_review", "read_file", "{\"path\":\"a\"}", "a", "gate.card.status"},
    {"coder", "issue", "code_review", "write_file", "{\"path\":\"a\",\"content\":\"\"}", "a",
     "gate.allow"},
    {"coder", "rock", "in_progress", "read_file", "{}", "a", "house.rocks"},
    {"integrity_guard", "rock", "in_progress", "read_file", "{}", "a", "gate.allow"},
    {"coder", "issue", "in_progress", "move_many", "{\"paths\":[\"a\",\"b\"]}", "a",
     "gate.confirm"},
    {"coder", "issue", "in_progress", "move_many", "{\"paths\":[\"a\"],\"confirm\":true}", "a",
     "gate.confirm"},
    {"coder", "issue", "in_progress", "move_many", "{\"paths\":[\"a\"]}", "docs/legal/a",
     "house.legal"},
    {"coder", "issue", "in_progress", "move_many", "{\"paths\":[\"a\",\"b\"]}", "!",
     "gate.path.escape"},
    {"coder", "issue", "in_progress", "move_many", "{\"paths\":[\"a\",\"b\"]}", "-",
     "gate.path.unresolved"},
    {"coder", "issue", "in_progress", "WRITE_FILE", "{}", "a", "gate.tool.unknown"},
    {"coder", "issue", "in_progress", "", "{}", "a", "gate.tool.length"},
    {"coder", "issue", "in_progress", "write file", "{}", "a", "gate.tool.name"},
    {"coder", "issue", "in_progress", "write_file\n", "{}", "a", "gate.tool.name"},
    {"coder", "issue", "in_progress", "\xff\xfe", "{}", "a", "gate.tool.name"},
};

struct resolved {
    struct gate_path paths[8];
    size_t count;
    const char *name;
};

static void resolve(void *ctx, const struct json *value)
{
    struct resolved *r = ctx;
    if (r->name[0] == '-')
        return;
    int code = r->name[0] == '!' ? ERR_PATH : 0;
    r->paths[r->count++] = (struct gate_path){value, r->name, strlen(r->name), code};
}

static enum gate_decision judge(const struct gate *gate, const struct row *row,
                                struct gate_verdict *v)
{
    struct json_doc doc = {0};
    struct err err = {0};
    int rc = json_parse(&doc, row->arguments, strlen(row->arguments), NULL, &err);
    struct resolved r = {.name = row->name};
    struct gate_call call = {
        .role = row->role,
        .card_type = row->type,
        .card_status = row->status,
        .tool = row->tool,
        .tool_len = strlen(row->tool),
        .size = strlen(row->arguments),
        .arguments = rc ? NULL : &doc.root,
        .parse_error = rc ? &err : NULL,
    };
    if (gate_judge_form(gate, &call, v) == GATE_DECISION_ALLOW) {
        gate_each_path(gate, &call, resolve, &r);
        call.paths = r.paths;
        call.path_count = r.count;
        struct gate_verdict again;
        gate_judge_reach(gate, &call, v);
        assert_int_equal(gate_judge_call(gate, &call, &again), v->decision);
        assert_string_equal(again.rule, v->rule);
    }
    json_doc_clear(&doc);
    return v->decision;
}

static void test_calls(void **state)
{
    (void)state;
    struct gate *gate = usual();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct gate_verdict v;
        enum gate_decision decision = judge(gate, &rows[i], &v);
        if (strcmp(v.rule, rows[i].rule) != 0)
            fail_msg("row %zu: %s (%s), expected %s", i, v.rule, v.why, rows[i].rule);
        bool allowed = strcmp(v.rule, "gate.allow") == 0;
        assert_int_equal(decision == GATE_DECISION_ALLOW, allowed);
        assert_int_equal(v.why[0] == '\0', allowed);
        assert_true(utf8_valid(v.why, strlen(v.why)));
    }
    gate_free(gate);
}

/* Long names and arguments are refused, never cut to something that passes. */
static void test_sizes(void **state)
{
    (void)state;
    struct gate *gate = usual();
    char text[2000];
    struct gate_verdict v;
    memset(text, 'a', sizeof text);
    text[129] = '\0';
    judge(gate, &(struct row){"coder", "issue", "in_progress", text, "{}", "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.tool.length");
    text[128] = '\0';
    judge(gate, &(struct row){"coder", "issue", "in_progress", text, "{}", "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.tool.unknown");
    judge(gate, &(struct row){text, "issue", "in_progress", "write_file", "{}", "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.role.unknown");

    snprintf(text, sizeof text, "{\"path\":\"a\",\"content\":\"%0*d\"}", 100, 0);
    judge(gate, &(struct row){W, text, "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.allow");
    snprintf(text, sizeof text, "{\"path\":\"a\",\"content\":\"%0*d\"}", 101, 0);
    judge(gate, &(struct row){W, text, "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.limit.content");
    snprintf(text, sizeof text, "{\"path\":\"a\",\"content\":\"%0*d\"}", 300, 0);
    judge(gate, &(struct row){W, text, "a", NULL}, &v);
    assert_string_equal(v.rule, "gate.limit.args");
    gate_free(gate);
}

/* A record for another value than the argument is no record. */
static void test_foreign_record(void **state)
{
    (void)state;
    struct gate *gate = usual();
    struct json_doc doc = {0};
    const char *text = "{\"path\":\"../../etc/passwd\",\"content\":\"a\"}";
    assert_int_equal(json_parse(&doc, text, strlen(text), NULL, NULL), 0);
    struct gate_path path = {json_get(&doc.root, "content"), "a", 1, 0};
    struct gate_call call = {
        "coder", "issue", "in_progress", "write_file", 10, 0, &doc.root, NULL, &path, 1, NULL, 0};
    struct gate_verdict v;
    assert_int_equal(gate_judge_call(gate, &call, &v), GATE_DECISION_DENY);
    assert_string_equal(v.rule, "gate.path.unresolved");
    path.value = json_get(&doc.root, "path");
    path.code = ERR_IO;
    assert_int_equal(gate_judge_call(gate, &call, &v), GATE_DECISION_DENY);
    path.code = 0;
    path.name = NULL;
    assert_int_equal(gate_judge_call(gate, &call, &v), GATE_DECISION_DENY);
    json_doc_clear(&doc);
    gate_free(gate);
}

/* ---- operations ---- */

static const struct {
    const char *role, *status, *tool, *fields, *name;
    int code;
    const char *rule;
} operations[] = {
#define C "coder", "in_progress"
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\"}", "a", 0,
     "gate.allow"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\"}", "a", ERR_PATH,
     "gate.path.escape"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\"}", NULL, 0,
     "gate.path.unresolved"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\"}", "x/.env", 0,
     "gate.path.name"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\"}", "docs/x", 0,
     "house.docs"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\"}", "a", 0, "gate.op.form"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":7}", "a", 0, "gate.op.form"},
    {C, "write_file", "{\"op\":\"fs.write\",\"path\":\"a\",\"content\":\"x\",\"mode\":7}", "a", 0,
     "gate.op.form"},
    {C, "write_file", "{\"op\":\"fs.read\",\"path\":\"a\"}", "a", 0, "gate.op.undeclared"},
    {C, "write_file", "{\"op\":\"fs.chmod\",\"path\":\"a\"}", "a", 0, "gate.op.form"},
    {C, "write_file", "{\"op\":\"card.comment\",\"text\":\"a\"}", NULL, 0, "gate.op.undeclared"},
    {C, "read_file", "{\"op\":\"fs.read\",\"path\":\"a\",\"offset\":-1}", "a", 0, "gate.op.form"},
    {C, "read_file", "{\"op\":\"fs.read\",\"path\":\"a\",\"offset\":1}", "a", ERR_NOT_FOUND,
     "gate.allow"},
    {C, "move_many", "{\"op\":\"fs.delete\",\"path\":\"a\"}", "a", 0, "gate.confirm"},
    {C, "move_many", "{\"op\":\"fs.delete\",\"path\":\"a\"}", "docs/legal/a", 0, "house.legal"},
    {C, "move_many", "{\"op\":\"fs.delete\",\"path\":\"a\",\"confirm\":true}", "a", 0,
     "gate.op.form"},
    {"integrity_guard", "in_progress", "write_file", "{\"op\":\"fs.write\"}", "a", 0,
     "gate.role.tool"},
    {"coder", "done", "write_file", "{\"op\":\"fs.write\"}", "a", 0, "gate.card.status"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"ready_for_testing\"}", NULL, 0,
     "gate.allow"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"blocked\"}", NULL, 0,
     "fsm.reason"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"blocked\",\"reason\":\"tired\"}",
     NULL, 0, "fsm.name"},
    {C, "update_issue_status",
     "{\"op\":\"card.move\",\"status\":\"blocked\",\"reason\":\"system\"}", NULL, 0, "gate.allow"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"ready\"}", NULL, 0,
     "fsm.system"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"done\"}", NULL, 0, "fsm.edge"},
    {C, "update_issue_status", "{\"op\":\"card.move\",\"status\":\"Done\"}", NULL, 0, "fsm.name"},
    {C, "update_issue_status", "{\"op\":\"card.move\"}", NULL, 0, "gate.op.form"},
    {"coder", "code_review", "update_issue_status", "{\"op\":\"card.move\",\"status\":\"done\"}",
     NULL, 0, "fsm.guard"},
    {"integrity_guard", "code_review", "update_issue_status",
     "{\"op\":\"card.move\",\"status\":\"done\"}", NULL, 0, "gate.allow"},
    {C, "update_issue_status", "{\"op\":\"card.comment\",\"text\":\"\"}", NULL, 0, "gate.op.form"},
    {C, "create_issue", "{\"op\":\"card.create\",\"seat\":\"coder\",\"summary\":\"four\"}", NULL, 0,
     "gate.op.form"},
    {C, "create_issue", "{\"op\":\"card.create\",\"seat\":\"coder\",\"summary\":\"  four  \"}",
     NULL, 0, "gate.op.form"},
    {C, "create_issue",
     "{\"op\":\"card.create\",\"seat\":\"coder\",\"summary\":\"fours\",\"labels\":[]}", NULL, 0,
     "gate.allow"},
    {C, "create_issue", "{\"op\":\"card.credits\",\"amount\":0}", NULL, 0, "gate.op.form"},
    {C, "create_issue", "{\"op\":\"card.credits\",\"amount\":0.5}", NULL, 0, "gate.allow"},
    {C, "create_issue", "{\"op\":\"turn.finish\"}", NULL, 0, "gate.allow"},
    {C, "create_issue", "{\"op\":\"turn.finish\",\"status\":\"done\"}", NULL, 0, "fsm.edge"},
    {C, "create_issue", "[]", NULL, 0, "gate.op.form"},
};

static void test_operations(void **state)
{
    (void)state;
    struct gate *gate = usual();
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        struct json_doc doc = {0};
        const char *text = operations[i].fields, *tool = operations[i].tool,
                   *name = operations[i].name;
        assert_int_equal(json_parse(&doc, text, strlen(text), NULL, NULL), 0);
        size_t len = 0;
        const char *kind = json_string(json_get(&doc.root, "op"), &len);
        struct gate_call call = {.role = operations[i].role,
                                 .card_type = "issue",
                                 .tool = tool,
                                 .card_status = operations[i].status,
                                 .tool_len = strlen(tool)};
        struct gate_operation op = {
            .kind = kind ? kind : "",
            .kind_len = len,
            .fields = &doc.root,
            .path = {json_get(&doc.root, "path"), name, name ? strlen(name) : 0,
                     operations[i].code},
        };
        struct gate_verdict v;
        gate_judge_operation(gate, &call, &op, &v);
        if (strcmp(v.rule, operations[i].rule) != 0)
            fail_msg("%s: %s (%s), expected %s", text, v.rule, v.why, operations[i].rule);
        json_doc_clear(&doc);
    }
    gate_free(gate);
}

/* ---- names ---- */

static void test_forbidden(void **state)
{
    (void)state;
    static const char *const bad[] = {".git",
                                      ".git/config",
                                      "a/.git/x",
                                      ".GIT/x",
                                      ".gitmodules",
                                      ".orket/orket.db",
                                      ".orket-tmp-1",
                                      ".env",
                                      ".env.local",
                                      "prod.env",
                                      ".Env",
                                      "credentials",
                                      "config/credentials.json",
                                      "aws_credentials",
                                      ".git-credentials",
                                      ".ssh/id_rsa",
                                      "id_rsa",
                                      "id_ed25519.pub",
                                      "server.key",
                                      "cert.PEM",
                                      "a.p12",
                                      "secrets.yaml",
                                      "secret",
                                      "passwords.txt",
                                      "password",
                                      ".netrc",
                                      ".npmrc",
                                      ".aws/config",
                                      ".kube",
                                      ".hg/x",
                                      ".svn",
                                      ".htpasswd",
                                      "key.jks",
                                      "db.kdbx",
                                      ".secrets",
                                      "a.pfx",
                                      "b.keystore",
                                      "x.y.PEM",
                                      "ID_RSA",
                                      "Secrets.yaml",
                                      "PASSWORD.txt",
                                      "MyCREDENTIALs",
                                      "STORE.KeyStore",
                                      "a/PROD.ENV/b",
                                      ".SSH/x",
                                      ".git.",
                                      ".git ",
                                      ".env .",
                                      ".git::$DATA",
                                      "GIT~1/config",
                                      "a\\..\\.git",
                                      ".g\xE2\x80\x8C" "it/config",
                                      "\xEF\xBB\xBF.git",
                                      ".\xC5\xBF" "sh/id",
                                      ".\xE2\x84\xAA" "ube",
                                      ".git\xE2\x81\xAF",
                                      "server.pem.",
                                      "server.key~",
                                      "server.pem.bak",
                                      ".env~",
                                      ".env-prod",
                                      ".env_prod",
                                      "client_secret.json",
                                      "Client_Secret_1.json",
                                      "_netrc",
                                      ".my.cnf",
                                      ".vault-token",
                                      "x.p8",
                                      "x.PPK",
                                      "x.keytab",
                                      "KubeConfig",
                                      "k.P12",
                                      "\xEF\xBC\x8E\xEF\xBD\x85nv", /* in full width */
                                      ".\xEF\xBC\xA5\xEF\xBC\xAE\xEF\xBC\xB6",
                                      ".e\xC2\xADnv", /* a soft hyphen */
                                      ".env\xC2\xA0", /* a blank that does not break */
                                      ".git\xE3\x80\x80/config",
                                      "\xE2\x80\xA4" "env", /* a leader of one dot */
                                      "server.\xF3\xA0\x81\x81" "key", /* a tag */
                                      "secret\xEF\xB8\x8F"};
    static const char *const good[] = {"",
                                      "caf\xC3\xA9.py",
                                      "a.py.",
                                      "a b.py",
                                      "a:b",
                                      ".environment",
                                      "git~2",
                                      "keytab.md",
                                      "\xEF\xBB\xBF",
                                      ":",
                                      ". .",
                                      "\xEF\xBD\x85nv.py",
                                      ".\xC3\xA9nv",
                                      "\xE2\x82\xACuro",
                                      "\xFF\xFE",
                                      "\xEF\xBC",
                                       "a",
                                       "src/main.c",
                                       ".gitignore",
                                       ".gitattributes",
                                       ".github/x",
                                       "git",
                                       "env",
                                       "environment.py",
                                       "password_reset.py",
                                       "secretary.txt",
                                       "keyboard.key.md",
                                       "monkey",
                                       "idea",
                                       "sshd.c",
                                       "pem"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (!gate_forbidden(bad[i], strlen(bad[i])))
            fail_msg("'%s' passed", bad[i]);
    for (size_t i = 0; i < COUNT_OF(good); i++)
        if (gate_forbidden(good[i], strlen(good[i])))
            fail_msg("'%s' was refused", good[i]);
}

static void test_may_read(void **state)
{
    (void)state;
    struct gate *gate = usual();
    struct gate_call call = {.role = "coder",
                             .card_type = "issue",
                             .card_status = "in_progress",
                             .tool = "read_file",
                             .tool_len = 9};
    assert_true(gate_may_read(gate, &call, "a/b", 3));
    assert_false(gate_may_read(gate, &call, "a/.env", 6));
    assert_false(gate_may_read(gate, &call, "docs/legal/x", 12));
    call.card_status = "done";
    assert_false(gate_may_read(gate, &call, "a/b", 3));
    gate_free(gate);
}

/* Texts of nothing but beginnings: each is looked at once, and what stands behind them is found. */
static void test_beginnings_of_secrets_without_end(void **state)
{
    static const char *const units[] = {
        "e-", "eyJ-", "sk-ant-", "xoxb-", "SG.", "eyJaaaaaaa-eyJ.eyJ.-", "secretaccesskey/",
        "Private-Lines: 1 a:", "abcd: -----BEGIN PRIVATE KEY-----\n"};
    enum { LEN = 100000 };
    static const char token[] = " gh" "p_Ab3dEf9hAb3dEf9hAb3d";
    char *text = malloc(LEN + sizeof token);
    clock_t from = clock();
    (void)state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        size_t at = 0, unit = strlen(units[i]);
        for (size_t k = 0; k < LEN; k++)
            text[k] = units[i][k % unit];
        assert_null(gate_find_secret(text, LEN, &at));
        memcpy(text + LEN, token, sizeof token);
        assert_string_equal(gate_find_secret(text, LEN + sizeof token - 1, &at), "a GitHub token");
        assert_int_equal(at, LEN + 1);
    }
    assert_true((double)(clock() - from) / CLOCKS_PER_SEC < 2); // of CPU; it was 13
    free(text);
}

/* What a web token has in it may be as long as it likes. */
static void test_long_web_token(void **state)
{
    struct buf token = {0};
    size_t at = 0;
    (void)state;
    buf_puts(&token, "a-eyJ.eyJ-eyJ0");
    for (int part = 0; part < 3; part++) {
        for (int i = 0; i < 5000; i++)
            buf_putc(&token, (char)('a' + i % 26));
        buf_puts(&token, part == 0 ? ".eyJ" : ".");
    }
    assert_string_equal(gate_find_secret(token.data, token.len, &at), "a JSON web token");
    assert_int_equal(at, 6);
    buf_clear(&token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws),           cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_calls),          cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_foreign_record), cmocka_unit_test(test_operations),
        cmocka_unit_test(test_forbidden),      cmocka_unit_test(test_may_read),
        cmocka_unit_test(test_long_web_token),
        cmocka_unit_test(test_beginnings_of_secrets_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
