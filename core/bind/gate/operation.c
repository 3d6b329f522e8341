/* operation.c: from an operation that a tool's script asks for to a permit: what it is about is
 * resolved, then judged. */
#include <string.h>

#include "bind/gate/permit.h"
#include "io/keys/secret.h"
#include "io/process/program.h"
#include "script/value.h"

bool bind_holds_key(const struct bind *bind, const struct json *tree)
{
    bool found =
        tree->type == JSON_STRING && secrets_find(bind->secrets, tree->u.string, tree->len);
    for (uint32_t i = 0; !found && tree->type == JSON_ARRAY && i < tree->len; i++)
        found = bind_holds_key(bind, &tree->u.items[i]);
    for (uint32_t i = 0; !found && tree->type == JSON_OBJECT && i < tree->len; i++) {
        const struct json_member *m = &tree->u.members[i];
        found = secrets_find(bind->secrets, m->key, m->key_len) || bind_holds_key(bind, &m->value);
    }
    return found;
}

/* Keeps the operation at idx: the doc itself, or a plain value as a doc. */
static int read_operation(lua_State *L, int idx, struct permit *permit, struct err *err)
{
    int rc = 0;
    if (bind_to_doc(L, idx)) {
        lua_pushvalue(L, idx);
    } else {
        struct json_doc *doc = bind_new_doc(L);
        rc = value_read(L, idx, doc, NULL, &doc->root, err);
    }
    permit->fields = bind_to_doc(L, -1);
    lua_setiuservalue(L, -2, PERMIT_DOC);
    return rc;
}

/* *path is what it was resolved to; its name lives in the permit's record until that is dropped. */
static void resolve(lua_State *L, struct permit *permit, int root, struct gate_path *path)
{
    const struct json *text = permit_field(permit, "path");
    permit->resolved = bind_resolve_new(root, permit->want, text, path);
    if (!permit->resolved)
        bind_raise(L, &(struct err){.code = ERR_MEMORY, .text = "no memory to resolve a path"});
    // one file is searched as well
    if (path->code == ERR_NOT_DIR && permit->want == GATE_WANT_LIST &&
        !permit_is_kind(permit, "fs.list"))
        bind_resolve(root, GATE_WANT_READ, text, permit->resolved, path);
    if (err_is_environment(path->code))
        bind_raise(L, &permit->resolved->failure);
}

/* The file that would run, as the permit's name; the permit is on the top of the stack. */
static const char *find_program(lua_State *L, struct permit *permit, int root)
{
    char found[FS_PATH_MAX + 3];
    struct err err = {0};
    const struct json *argv = permit_field(permit, "argv");
    int rc =
        gate_is_argv(argv) ? program_find(root, argv->u.items[0].u.string, found, &err) : ERR_USAGE;
    if (err_is_environment(rc))
        bind_raise(L, &err);
    if (rc)
        return NULL;
    permit->name = lua_pushstring(L, found);
    permit->name_len = strlen(found);
    lua_setiuservalue(L, -2, PERMIT_NAME);
    return permit->name;
}

static void keep_name(lua_State *L, struct permit *permit)
{
    if (!permit->resolved)
        return;
    const struct fs_target *target = &permit->resolved->target;
    permit->name = lua_pushlstring(L, target->path, permit->name_len = target->len);
    lua_setiuservalue(L, -2, PERMIT_NAME);
}

/* {issues=}, what the caller counted for the operation. */
static size_t issues_of(lua_State *L, int idx)
{
    if (!lua_istable(L, idx))
        return 0;
    lua_getfield(L, idx, "issues");
    lua_Integer count = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    return count > 0 ? (size_t)count : 0;
}

bool bind_permit(lua_State *L, int call_idx, int idx, bool dry, struct gate_verdict *verdict)
{
    struct err err = {0};
    struct call *call = bind_check_call(L, call_idx);
    struct permit *permit = permit_new(L, call, call_idx);
    int rc = read_operation(L, idx, permit, &err);
    if (err_is_environment(rc))
        bind_raise(L, &err);
    struct gate_operation op = {
        .kind = "", .fields = rc ? NULL : permit->fields, .error = rc ? &err : NULL};
    const char *kind = json_string(json_get(op.fields, "op"), &op.kind_len);
    op.kind = permit->kind = kind ? kind : "";
    op.issues = issues_of(L, idx + 1);
    permit->kind_len = op.kind_len;
    permit->want = gate_operation_want(op.kind, op.kind_len);
    if (!dry)
        permit->resolved =
            bind_take_first(call, permit->want, permit_field(permit, "path"), &op.path);
    if (permit->want != GATE_WANT_NOTHING) {
        int root = permit_root(L, call_idx);
        if (!permit->resolved)
            resolve(L, permit, root, &op.path);
        if (root < 0 && !dry)
            op.path.code = ERR_IO; // no tree, no permit
    }
    permit->runs = permit_is_kind(permit, "proc.run");
    if (permit->runs)
        op.program = find_program(L, permit, permit_root(L, call_idx));
    op.confirmed = call->accepted && bind_names_path(call, &op.path);
    gate_judge_operation(call->gate, &call->gate_call, &op, verdict);
    if (verdict->decision != GATE_DECISION_DENY && gate_operation_records(op.kind, op.kind_len) &&
        bind_holds_key(bind_of(L), op.fields))
        gate_deny_key(verdict);
    permit->asked = verdict->decision == GATE_DECISION_ASK;
    if (verdict->decision != GATE_DECISION_DENY && !dry) {
        keep_name(L, permit);
        return true;
    }
    permit_drop(permit);
    permit->used = true;
    lua_pop(L, 1);
    return false;
}
