/* permit.c: the permit: the gate's single-use yes for one resolved operation.
 *
 * It holds the operation itself: the descriptors that were judged, the content that was judged. So
 * what is performed is what was judged, whatever has become of names, files and roots meanwhile.
 * There is no constructor but bind_permit, the metatable is locked, and a permit works once. */
#include <string.h>

#include "base/fault.h"
#include "bind/gate/command.h"
#include "bind/gate/gate.h"
#include "bind/gate/search.h"
#include "io/secret.h"
#include "script/value.h"

enum permit_slot { PERMIT_CALL = 1, PERMIT_DOC, PERMIT_NAME, PERMIT_SLOTS = PERMIT_NAME };

struct permit {
    const struct permit *self;
    bool used;
    bool asked;                /* a person has to say yes before it works */
    const struct call *call;   /* kept alive by PERMIT_CALL */
    const struct json *fields; /* the operation, in PERMIT_DOC */
    const char *kind;
    size_t kind_len;
    enum gate_want want;
    bool runs;                 /* a program, whose file is the name */
    struct resolved *resolved; /* owned, gone when used; NULL without a path */
    const char *name;          /* the resolved name, "" without one; in PERMIT_NAME */
    size_t name_len;
};

/* ---- check helpers ---- */

static struct permit *l_check_permit(lua_State *L)
{
    struct permit *permit = luaL_checkudata(L, 1, PERMIT_TYPE);
    luaL_argcheck(L, lua_rawlen(L, 1) == sizeof *permit && permit->self == permit, 1,
                  "not a permit of the gate");
    luaL_argcheck(L, permit->call->self == permit->call, 1, "its call is closed");
    return permit;
}

static bool is_kind(const struct permit *permit, const char *kind)
{
    return strcmp(permit->kind, kind) == 0;
}

static const struct json *field(const struct permit *permit, const char *name)
{
    return json_get(permit->fields, name);
}

/* ---- making ---- */

bool bind_holds_key(const struct bind *bind, const struct json *tree)
{
    bool found =
        tree->type == JSON_STRING && secrets_find(bind->secrets, tree->u.string, tree->len);
    for (uint32_t i = 0; !found && tree->type == JSON_ARRAY && i < tree->len; i++)
        found = bind_holds_key(bind, &tree->u.items[i]);
    for (uint32_t i = 0; !found && tree->type == JSON_OBJECT && i < tree->len; i++)
        found = bind_holds_key(bind, &tree->u.members[i].value);
    return found;
}

static struct permit *new_permit(lua_State *L, const struct call *call, int call_idx)
{
    struct permit *permit = lua_newuserdatauv(L, sizeof *permit, PERMIT_SLOTS);
    *permit = (struct permit){.self = permit, .call = call, .name = ""};
    luaL_setmetatable(L, PERMIT_TYPE);
    lua_pushvalue(L, call_idx);
    lua_setiuservalue(L, -2, PERMIT_CALL);
    return permit;
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

static int root_of(lua_State *L, int call_idx)
{
    lua_getiuservalue(L, call_idx, CALL_ROOT);
    int root = lua_isnil(L, -1) ? -1 : bind_to_root(L, -1);
    lua_pop(L, 1);
    return root;
}

/* *path is what it was resolved to; its name lives in the permit's record until that is dropped. */
static void resolve(lua_State *L, struct permit *permit, int root, struct gate_path *path)
{
    const struct json *text = field(permit, "path");
    permit->resolved = bind_resolve_new(root, permit->want, text, path);
    if (!permit->resolved)
        luaL_error(L, "out of memory");
    if (path->code == ERR_NOT_DIR && is_kind(permit, "fs.search")) // one file is searched as well
        bind_resolve(root, GATE_WANT_READ, text, permit->resolved, path);
}

/* The file that would run, as the permit's name; the permit is on the top of the stack. */
static const char *find_program(lua_State *L, struct permit *permit, int root)
{
    char found[FS_PATH_MAX + 3];
    const struct json *argv = field(permit, "argv");
    if (!gate_is_argv(argv) || program_find(root, argv->u.items[0].u.string, found, NULL))
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

static void drop_resolved(struct permit *permit)
{
    bind_resolved_free(permit->resolved);
    permit->resolved = NULL;
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
    struct permit *permit = new_permit(L, call, call_idx);
    int rc = read_operation(L, idx, permit, &err);
    struct gate_operation op = {
        .kind = "", .fields = rc ? NULL : permit->fields, .error = rc ? &err : NULL};
    const char *kind = json_string(json_get(op.fields, "op"), &op.kind_len);
    op.kind = permit->kind = kind ? kind : "";
    op.issues = issues_of(L, idx + 1);
    permit->kind_len = op.kind_len;
    permit->want = gate_operation_want(op.kind, op.kind_len);
    if (!dry)
        permit->resolved = bind_take_first(call, permit->want, field(permit, "path"), &op.path);
    if (permit->want != GATE_WANT_NOTHING) {
        int root = root_of(L, call_idx);
        if (!permit->resolved)
            resolve(L, permit, root, &op.path);
        if (root < 0 && !dry)
            op.path.code = ERR_IO; // no tree, no permit
    }
    permit->runs = is_kind(permit, "proc.run");
    if (permit->runs)
        op.program = find_program(L, permit, root_of(L, call_idx));
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
    drop_resolved(permit);
    permit->used = true;
    lua_pop(L, 1);
    return false;
}

/* ---- methods ---- */

/* Hands the target over to a search, which calls the function at index 2. */
static int start_search(lua_State *L, struct permit *permit, struct err *err)
{
    size_t len;
    const char *text = json_string(field(permit, "text"), &len);
    struct fs_target *target = &permit->resolved->target;
    struct search_wish wish = {
        .target = *target,
        .gate = permit->call->gate,
        .call = &permit->call->gate_call,
        .text = text,
        .text_len = len,
        .limit = bind_bounded(field(permit, "limit"), SEARCH_MATCHES),
    };
    target->fd = target->dir = -1;
    return search_start(L, &wish, 2, err);
}

/* Whether it may be used now, which it may once. */
static int check_use(const struct permit *permit, struct err *err)
{
    if (permit->asked) {
        err_set(err, ERR_DENIED, "a person has to say yes to %s first", permit->kind);
        return err_fix(err, "wait for the answer");
    }
    if (!permit->used)
        return 0;
    err_set(err, ERR_DENIED, "the permit for %s was used already", permit->kind);
    return err_fix(err, "ask the gate again; a permit works once");
}

/* Runs the judged program in the call's tree; pushes the function that cancels it. */
static int start_program(lua_State *L, struct permit *permit, struct err *err)
{
    lua_getiuservalue(L, 1, PERMIT_CALL);
    struct command command = {
        .root = root_of(L, lua_gettop(L)),
        .fields = permit->fields,
        .limits = gate_command(permit->call->gate, field(permit, "argv"), permit->name),
        .program = permit->name,
    };
    return command_start(L, &command, 2, err);
}

/* Uses the permit up; the result is on top of the stack, or *later is set and the callback kept. */
static int perform(lua_State *L, struct permit *permit, bool *later, struct err *err)
{
    if (check_use(permit, err))
        return err->code;
    if (permit->want == GATE_WANT_NOTHING && !permit->runs)
        return err_set(err, ERR_DENIED, "%s is taken as a record, not performed", permit->kind);
    permit->used = true;
    if (permit->runs) {
        *later = true;
        return start_program(L, permit, err);
    }
    if (permit->resolved->failure.code) {
        *err = permit->resolved->failure;
        return err->code;
    }
    *later = is_kind(permit, "fs.search");
    FAULT(permit_before);
    int rc = *later ? start_search(L, permit, err)
                    : bind_perform(L, permit->kind, &permit->resolved->target, permit->fields, err);
    FAULT(permit_after);
    drop_resolved(permit);
    return rc;
}

/* permit:perform(done)   done(result) | done(nil, message, code)
 * Exactly the judged fs.* operation, once. */
static int l_permit_perform(lua_State *L)
{
    struct permit *permit = l_check_permit(L);
    struct err err = {0};
    bool later = false;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    int rc = perform(L, permit, &later, &err);
    if (rc == 0 && later)
        return permit->runs; // with the function that cancels it
    lua_pushvalue(L, 2);
    if (rc == 0)
        lua_pushvalue(L, -2);
    bind_call(L, rc ? bind_fail(L, &err) : 1, 0);
    return 0;
}

/* permit:take() -> fields of the judged card.* or turn.* operation, once | nil, message, code */
static int l_permit_take(lua_State *L)
{
    struct permit *permit = l_check_permit(L);
    struct err err = {0};
    int rc = check_use(permit, &err);
    if (rc == 0 && (permit->want != GATE_WANT_NOTHING || permit->runs))
        rc = err_set(&err, ERR_DENIED, "%s is performed by the permit itself", permit->kind);
    if (rc)
        return bind_fail(L, &err);
    permit->used = true;
    value_push(L, permit->fields);
    lua_pushnil(L);
    lua_setfield(L, -2, "op");
    return 1;
}

/* permit:content() -> bytes that an fs.write writes | nil */
static int l_permit_content(lua_State *L)
{
    size_t len;
    const struct permit *permit = l_check_permit(L);
    const char *content =
        is_kind(permit, "fs.write") ? json_string(field(permit, "content"), &len) : NULL;
    if (content)
        lua_pushlstring(L, content, len);
    else
        lua_pushnil(L);
    return 1;
}

/* permit:kind() -> "fs.write" */
static int l_permit_kind(lua_State *L)
{
    const struct permit *permit = l_check_permit(L);
    lua_pushlstring(L, permit->kind, permit->kind_len);
    return 1;
}

/* permit:path() -> canonical name, or the program of proc.run | nil */
static int l_permit_path(lua_State *L)
{
    const struct permit *permit = l_check_permit(L);
    if (permit->want == GATE_WANT_NOTHING && !permit->runs)
        lua_pushnil(L);
    else
        lua_pushlstring(L, permit->name, permit->name_len);
    return 1;
}

/* permit:hash() -> hex: who may do exactly what: role, card, tool, kind, resolved name, fields */
static int l_permit_hash(lua_State *L)
{
    const struct permit *permit = l_check_permit(L);
    const struct gate_call *call = &permit->call->gate_call;
    const char *card = permit->call->card ? permit->call->card : "";
    struct hash_part parts[] = {
        {call->role, strlen(call->role)},
        {card, strlen(card)},
        {call->tool, call->tool_len},
        {permit->name, permit->name_len},
        {NULL, 0},
    };
    bind_push_hash(L, parts, COUNT_OF(parts), permit->fields);
    return 1;
}

/* permit:accept(hash) -> boolean: a person said yes to exactly this; only the same hash counts */
static int l_permit_accept(lua_State *L)
{
    struct permit *permit = l_check_permit(L);
    luaL_checkstring(L, 2);
    l_permit_hash(L);
    bool same = bind_is_hash(L, 2);
    permit->asked = permit->asked && !same;
    lua_pushboolean(L, same);
    return 1;
}

static int l_permit_gc(lua_State *L)
{
    struct permit *permit = luaL_checkudata(L, 1, PERMIT_TYPE);
    if (lua_rawlen(L, 1) != sizeof *permit || permit->self != permit)
        return 0;
    drop_resolved(permit);
    permit->self = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    {"perform", l_permit_perform}, {"take", l_permit_take},
    {"content", l_permit_content}, {"kind", l_permit_kind},
    {"path", l_permit_path},       {"hash", l_permit_hash},
    {"accept", l_permit_accept},   {NULL, NULL},
};

void bind_open_permit(lua_State *L)
{
    bind_type(L, PERMIT_TYPE, methods, l_permit_gc);
    bind_open_perform(L);
    search_open(L);
}
