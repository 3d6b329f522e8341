/* permit.c: the permit: the gate's single-use yes for one resolved operation.
 *
 * It holds the operation itself: the descriptors that were judged, the content that was judged. So
 * what is performed is what was judged, whatever has become of names, files and roots meanwhile.
 * There is no constructor but bind_permit (operation.c), the metatable is locked, and a permit
 * works once. */
#include <string.h>

#include "base/fault.h"
#include "bind/gate/command.h"
#include "bind/gate/permit.h"
#include "bind/search/search.h"
#include "bind/store/store.h"
#include "script/value.h"

/* ---- check helpers ---- */

static struct permit *l_check_permit(lua_State *L)
{
    struct permit *permit = luaL_checkudata(L, 1, PERMIT_TYPE);
    luaL_argcheck(L, lua_rawlen(L, 1) == sizeof *permit && permit->self == permit, 1,
                  "not a permit of the gate");
    luaL_argcheck(L, permit->call->self == permit->call, 1, "its call is closed");
    return permit;
}

/* ---- inside ---- */

struct permit *permit_new(lua_State *L, const struct call *call, int call_idx)
{
    struct permit *permit = lua_newuserdatauv(L, sizeof *permit, PERMIT_SLOTS);
    *permit = (struct permit){.self = permit, .call = call, .name = ""};
    luaL_setmetatable(L, PERMIT_TYPE);
    lua_pushvalue(L, call_idx);
    lua_setiuservalue(L, -2, PERMIT_CALL);
    return permit;
}

bool permit_is_kind(const struct permit *permit, const char *kind)
{
    return strcmp(permit->kind, kind) == 0;
}

const struct json *permit_field(const struct permit *permit, const char *name)
{
    return json_get(permit->fields, name);
}

int permit_root(lua_State *L, int call_idx)
{
    lua_getiuservalue(L, call_idx, CALL_ROOT);
    int root = lua_isnil(L, -1) ? -1 : bind_to_root(L, -1);
    lua_pop(L, 1);
    return root;
}

void permit_drop(struct permit *permit)
{
    bind_resolved_free(permit->resolved);
    permit->resolved = NULL;
}

/* ---- methods ---- */

static bool reads_sources(const struct permit *permit)
{
    return permit_is_kind(permit, "code.outline") || permit_is_kind(permit, "code.find");
}

/* Hands the target over to a search, which calls the function at index 2; pushes the function that
 * cancels it. */
static int start_search(lua_State *L, struct permit *permit, struct err *err)
{
    struct fs_target *target = &permit->resolved->target;
    lua_getiuservalue(L, 1, PERMIT_CALL);
    struct search_wish wish = {
        .target = *target,
        .root = permit_root(L, lua_gettop(L)),
        .gate = permit->call->gate,
        .call = &permit->call->gate_call,
        .fields = permit->fields,
        .sources = reads_sources(permit),
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

/* The command of the organization that a proc.run is; NULL of another operation. */
static const struct json *command_of(const struct permit *permit)
{
    if (!permit->runs)
        return NULL;
    return gate_command(permit->call->gate, permit_field(permit, "argv"), permit->name);
}

/* Pushes the root that it runs in: of the place, if that has one, else of the call's tree. Its
 * index. */
static int push_root(lua_State *L, int place)
{
    if (place && lua_getfield(L, place, "root") != LUA_TNIL) {
        luaL_argcheck(L, bind_to_root(L, -1) >= 0, place, "root is no open root");
        return lua_gettop(L);
    }
    lua_getiuservalue(L, 1, PERMIT_CALL);
    lua_getiuservalue(L, -1, CALL_ROOT);
    return lua_gettop(L);
}

/* Runs the judged program; pushes the function that cancels it. */
static int start_program(lua_State *L, struct permit *permit, struct err *err)
{
    int place = lua_istable(L, 3) ? 3 : 0;
    struct command command = {
        .root = push_root(L, place),
        .fields = permit->fields,
        .limits = command_of(permit),
        .program = permit->name,
        .place = place,
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
    *later = permit_is_kind(permit, "fs.search") || reads_sources(permit);
    FAULT(permit_before);
    int rc = *later ? start_search(L, permit, err)
                    : bind_perform(L, permit->kind, &permit->resolved->target, permit->fields, err);
    FAULT(permit_after);
    permit->wrote = rc == 0 && permit_is_kind(permit, "fs.write");
    permit_drop(permit);
    return rc;
}

/* permit:perform([place,] done)   done(result) | done(nil, message, code)
 * Exactly the judged operation, once. A program may be given a place: {root?, env?, show?}, another
 * working directory than the call's tree, and what it has besides (as in proc.run). */
static int l_permit_perform(lua_State *L)
{
    static const char *const known[] = {"root", "env", "show", NULL};
    struct permit *permit = l_check_permit(L);
    struct err err = {0};
    bool later = false;
    if (lua_istable(L, 2)) {
        luaL_argcheck(L, permit->runs, 2, "a place is for a program");
        bind_check_options(L, 2, known);
        lua_settop(L, 3);
        lua_insert(L, 2);
    }
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 3);
    int rc = perform(L, permit, &later, &err);
    if (rc == 0 && later)
        return 1; // the function that cancels it
    lua_pushvalue(L, 2);
    if (rc == 0)
        lua_pushvalue(L, -2);
    bind_call(L, rc ? bind_push_failure(L, &err) : 1, 0);
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

/* What an fs.write writes; NULL of another operation. */
static const char *content_of(const struct permit *permit, size_t *len)
{
    if (!permit_is_kind(permit, "fs.write"))
        return NULL;
    return json_string(permit_field(permit, "content"), len);
}

/* permit:store(tx) -> hex: what the performed fs.write has written, as a blob of the transaction.
 * Raises when nothing was written with it, and as tx:blob does. */
static int l_permit_store(lua_State *L)
{
    size_t len;
    const struct permit *permit = l_check_permit(L);
    luaL_argcheck(L, permit->wrote, 1, "nothing was written with it");
    const char *content = content_of(permit, &len);
    store_add_blob(L, 2, content, len);
    return 1;
}

/* permit:size() -> bytes that an fs.write writes | nil */
static int l_permit_size(lua_State *L)
{
    size_t len;
    if (content_of(l_check_permit(L), &len))
        lua_pushinteger(L, (lua_Integer)len);
    else
        lua_pushnil(L);
    return 1;
}

/* permit:content() -> bytes that an fs.write writes | nil: for rules about texts */
static int l_permit_content(lua_State *L)
{
    size_t len;
    const char *content = content_of(l_check_permit(L), &len);
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

/* permit:command() -> {argv, egress?, install?, grant?}: the organization's, of proc.run | nil */
static int l_permit_command(lua_State *L)
{
    command_push(L, command_of(l_check_permit(L)));
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
    permit_drop(permit);
    permit->self = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    {"perform", l_permit_perform}, {"store", l_permit_store}, {"take", l_permit_take},
    {"content", l_permit_content}, {"size", l_permit_size},   {"kind", l_permit_kind},
    {"path", l_permit_path},       {"hash", l_permit_hash},   {"accept", l_permit_accept},
    {"command", l_permit_command},
    {NULL, NULL},
};

void bind_open_permit(lua_State *L)
{
    bind_type(L, PERMIT_TYPE, methods, l_permit_gc);
    bind_open_perform(L);
    search_open(L);
}
