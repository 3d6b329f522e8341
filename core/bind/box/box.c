/* box.c: `orket.core.box`: restricted scripts for trusted Lua. A script is prepared once; a call is
 * one entry in a restored box; a session is an entry that performs operations; a cell (box/cell.c)
 * is a box for any text (try, repl).
 *
 * A box's value stays readable after the box was given back, until its next entry, so results are
 * pushed when nothing is held any more. */
#include <string.h>

#include "base/fault.h"
#include "bind/box/box.h"
#include "script/limits/meter.h"
#include "script/pool.h"
#include "script/value.h"

#define SCRIPT_TYPE  "orket.script"
#define SESSION_TYPE "orket.project.session"
#define PRELUDE_TYPE "orket.prelude"

enum { ARGS_MAX = 8 };

struct handle {
    struct script *script;     /* NULL when closed */
    struct meter_trace *trace; /* made by its first trace; NULL before */
    char masked[64];           /* the function whose arguments are masked; "": none */
    const struct json *masks[ARGS_MAX]; /* of docs in its user value */
};

struct args {
    struct json plain[ARGS_MAX];
    const struct json *list[ARGS_MAX];
    size_t count;
};

struct session {
    struct script *script;
    struct box *box; /* NULL when it is over */
    bool started;
    struct box_limits limits; /* the list of arguments is its user value */
    char function[64];
};

static struct script *l_check_script(lua_State *L, int idx)
{
    struct handle *handle = luaL_checkudata(L, idx, SCRIPT_TYPE);
    luaL_argcheck(L, handle->script, idx, "script is closed");
    return handle->script;
}

/* The value at idx as a tree: a doc's own, or read into `doc` with the node at `plain`. */
static const struct json *l_check_tree(lua_State *L, int idx, struct json_doc *doc,
                                       struct json *plain)
{
    struct err err = {0};
    const struct json *tree = bind_to_doc(L, idx);
    if (tree)
        return tree;
    if (value_read(L, idx, doc, NULL, plain, &err))
        luaL_error(L, "not plain data: %s", err.text);
    return plain;
}

/* The list of arguments at idx; plain values are read into doc. */
static void l_check_args(lua_State *L, int idx, struct json_doc *doc, struct args *args)
{
    args->count = 0;
    if (lua_isnoneornil(L, idx))
        return;
    luaL_checktype(L, idx, LUA_TTABLE);
    lua_Unsigned count = lua_rawlen(L, idx);
    luaL_argcheck(L, count <= ARGS_MAX, idx, "too many arguments");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        args->list[i] = l_check_tree(L, -1, doc, &args->plain[i]);
        lua_pop(L, 1); // the list keeps it
    }
    args->count = count;
}

/* ---- scripts ---- */

static const char prelude_key; /* its address: registry key of {text = prelude} */

static int prelude_gc(lua_State *L)
{
    struct prelude **prelude = luaL_checkudata(L, 1, PRELUDE_TYPE);
    prelude_free(*prelude);
    *prelude = NULL;
    return 0;
}

static void push_preludes(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &prelude_key) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &prelude_key);
}

/* The text at the top, compiled once for all scripts that have it; stays on the stack meanwhile. */
static int to_prelude(lua_State *L, struct prelude **out, struct err *err)
{
    size_t len;
    const char *text = luaL_checklstring(L, -1, &len);
    push_preludes(L);
    lua_pushvalue(L, -2);
    if (lua_rawget(L, -2) == LUA_TNIL) { // text, preludes, nil
        struct prelude **made = lua_newuserdatauv(L, sizeof *made, 0);
        *made = NULL;
        luaL_setmetatable(L, PRELUDE_TYPE);
        if (prelude_new(made, text, len, err))
            return err->code;
        lua_pushvalue(L, -4); // text, preludes, nil, userdata, text
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    *out = *(struct prelude **)lua_touserdata(L, -1);
    return 0;
}

/* box.prepare(name, source, {mem=bytes, prelude=text}|nil) -> script | nil, message, code, fix */
static int l_prepare(lua_State *L)
{
    static const char *const known[] = {"mem", "prelude", NULL};
    struct script_source source = {.text = box_check_text(L, 1, 2)};
    struct err err = {0};
    if (!lua_isnoneornil(L, 3)) {
        bind_check_options(L, 3, known);
        source.mem = (size_t)box_option(L, 3, "mem", 1);
        if (lua_getfield(L, 3, "prelude") != LUA_TNIL && to_prelude(L, &source.prelude, &err))
            return bind_fail(L, &err);
    }
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 1);
    *handle = (struct handle){0};
    luaL_setmetatable(L, SCRIPT_TYPE);
    FAULT(script_before);
    int rc = script_new(&handle->script, &source, &err);
    FAULT(script_after);
    return rc ? bind_fail(L, &err) : 1;
}

/* script:describe() -> the returned table as plain data; functions show as {type="function"} */
static int l_script_describe(lua_State *L)
{
    value_push(L, script_value(l_check_script(L, 1)));
    return 1;
}

/* script:try(function) -> true | nil, message, code, fix: calls it in a box that is not kept */
static int l_script_try(lua_State *L)
{
    struct script *script = l_check_script(L, 1);
    struct box_call call = {.function = luaL_checkstring(L, 2)};
    struct err err = {0};
    if (script_try(script, &call, &err))
        return bind_fail(L, &err);
    lua_pushboolean(L, true);
    return 1;
}

/* What the stack describes: script, function, arguments and limits from 1 on. */
struct entry {
    struct script *script;
    struct box_call call;
    struct box_limits limits;
    struct args args;
};

static void l_check_entry(lua_State *L, struct entry *entry)
{
    const struct handle *handle = lua_touserdata(L, 1);
    entry->script = l_check_script(L, 1);
    entry->call = (struct box_call){.function = luaL_checkstring(L, 2)};
    entry->limits = box_check_limits(L, 4);
    l_check_args(L, 3, bind_tree(bind_of(L)), &entry->args);
    entry->call.args = entry->args.list;
    entry->call.count = entry->args.count;
    if (strcmp(handle->masked, entry->call.function) == 0)
        entry->call.masks = handle->masks;
}

/* script:mask(function, {doc|false, ...}): of its arguments calls and traces of the function are
 * shown what these masks name (value_push_some), from now on */
static int l_script_mask(lua_State *L)
{
    struct handle *handle = lua_touserdata(L, 1);
    l_check_script(L, 1);
    const char *function = luaL_checkstring(L, 2);
    luaL_argcheck(L, *function && strlen(function) < sizeof handle->masked, 2, "not a name");
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_Unsigned count = lua_rawlen(L, 3);
    luaL_argcheck(L, count <= ARGS_MAX, 3, "too many masks");
    *handle->masked = 0;
    lua_settop(L, 3);
    lua_createtable(L, ARGS_MAX, 0); // its own list: the caller's may change
    for (size_t i = 0; i < ARGS_MAX; i++) {
        bool is_mask = i < count && lua_rawgeti(L, 3, (lua_Integer)i + 1) == LUA_TUSERDATA;
        handle->masks[i] = is_mask ? bind_to_doc(L, -1) : NULL;
        luaL_argcheck(L, !is_mask || handle->masks[i], 3, "a mask is a doc");
        if (is_mask)
            lua_rawseti(L, 4, (lua_Integer)i + 1);
        lua_settop(L, 4);
    }
    lua_setiuservalue(L, 1, 1);
    snprintf(handle->masked, sizeof handle->masked, "%s", function);
    return 0;
}

/* script:call(function, {args}|nil, {steps=, ms=}|nil) -> value | nil, message, code, fix */
static int l_script_call(lua_State *L)
{
    struct entry entry;
    struct err err = {0};
    struct box *box;
    lua_settop(L, 4);
    l_check_entry(L, &entry);
    if (script_take(entry.script, &box, &err))
        return bind_fail(L, &err);
    int rc = box_call(box, &entry.call, &entry.limits, &err);
    script_give(entry.script, box);
    if (rc)
        return bind_fail(L, &err);
    value_push(L, box_value(box));
    return 1;
}

/* script:parameters(function) -> the names of its parameters | nil when there may be any number,
 * or the text has no such function of its own | nil, message, code, fix */
static int l_script_parameters(lua_State *L)
{
    struct script *script = l_check_script(L, 1);
    const char *function = luaL_checkstring(L, 2);
    struct err err = {0};
    struct box *box;
    if (script_take(script, &box, &err))
        return bind_fail(L, &err);
    int rc = box_parameters(box, function, &err);
    script_give(script, box);
    if (rc)
        return bind_fail(L, &err);
    if (box_value(box)->type == JSON_ARRAY)
        value_push(L, box_value(box));
    else
        lua_pushnil(L);
    return 1;
}

/* ---- traces ---- */

/* Room for a trace of the script at idx; it is a large one, and kept. */
static struct meter_trace *to_trace(lua_State *L, int idx)
{
    struct handle *handle = lua_touserdata(L, idx);
    if (!handle->trace)
        handle->trace = malloc(sizeof *handle->trace);
    if (!handle->trace)
        luaL_error(L, "out of memory");
    return handle->trace;
}

static void push_hits(lua_State *L, const struct meter_trace *trace)
{
    lua_newtable(L);
    for (int line = 1; line <= trace->highest; line++) {
        if (trace->hit[line / 8] & (1u << (line % 8))) {
            lua_pushboolean(L, true);
            lua_rawseti(L, -2, line);
        }
    }
}

static void push_recent(lua_State *L, const struct meter_trace *trace)
{
    size_t kept = trace->count < TRACE_RECENT ? trace->count : TRACE_RECENT;
    lua_createtable(L, (int)kept, 0);
    for (size_t i = 0; i < kept; i++) {
        lua_pushinteger(L, trace->recent[(trace->count - kept + i) % TRACE_RECENT]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* script:trace(function, {args}|nil, {steps=, ms=}|nil) -> {value=, message=, code=, lines={[line]=
 * true}, recent={line, ...}}: a call of which the lines are noted that ran, the last of them in
 * order; code and message when it failed */
static int l_script_trace(lua_State *L)
{
    struct entry entry;
    struct err err = {0};
    struct box *box;
    lua_settop(L, 4);
    l_check_entry(L, &entry);
    struct meter_trace *trace = to_trace(L, 1);
    if (script_take(entry.script, &box, &err))
        return bind_fail(L, &err);
    int rc = box_trace(box, &entry.call, &entry.limits, trace, &err);
    script_give(entry.script, box);
    lua_newtable(L);
    if (rc) {
        lua_pushstring(L, err.text);
        lua_setfield(L, -2, "message");
        lua_pushstring(L, err_name(err.code));
        lua_setfield(L, -2, "code");
    } else {
        value_push(L, box_value(box));
        lua_setfield(L, -2, "value");
    }
    push_hits(L, trace);
    lua_setfield(L, -2, "lines");
    push_recent(L, trace);
    lua_setfield(L, -2, "recent");
    return 1;
}

static int l_script_gc(lua_State *L)
{
    struct handle *handle = luaL_checkudata(L, 1, SCRIPT_TYPE);
    script_free(handle->script);
    free(handle->trace);
    *handle = (struct handle){0};
    return 0;
}

/* ---- sessions ---- */

/* script:open(function, {args}|nil, {steps=, ms=}|nil) -> session | nil, message, code, fix */
static int l_script_open(lua_State *L)
{
    struct script *script = l_check_script(L, 1);
    const char *function = luaL_checkstring(L, 2);
    struct box_limits limits = box_check_limits(L, 4);
    luaL_argcheck(L, strlen(function) < sizeof((struct session *)0)->function, 2, "name too long");
    lua_settop(L, 4);
    struct session *session = lua_newuserdatauv(L, sizeof *session, 1);
    *session = (struct session){.script = script, .limits = limits};
    memcpy(session->function, function, strlen(function));
    luaL_setmetatable(L, SESSION_TYPE);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, -2, 1);
    struct err err = {0};
    if (script_take(script, &session->box, &err)) {
        session->box = NULL;
        return bind_fail(L, &err);
    }
    return 1;
}

static void end_session(struct session *session)
{
    if (session->box)
        script_give(session->script, session->box);
    session->box = NULL;
}

/* The session at 1 begins. */
static int start(lua_State *L, struct session *session, struct err *err)
{
    struct args args;
    lua_getiuservalue(L, 1, 1);
    l_check_args(L, -1, bind_tree(bind_of(L)), &args);
    struct box_call call = {
        .function = session->function, .args = args.list, .count = args.count, .session = true};
    session->started = true;
    return box_call(session->box, &call, &session->limits, err);
}

static int go_on(lua_State *L, struct session *session, struct err *err)
{
    struct json plain;
    const struct json *answer = l_check_tree(L, 2, bind_tree(bind_of(L)), &plain);
    return box_resume(session->box, answer, err);
}

/* session:resume(value or doc|nil) -> "yield", operation | "done", value | nil, message, code, fix
 * The first resume starts the function; its value is ignored. */
static int l_session_resume(lua_State *L)
{
    struct session *session = luaL_checkudata(L, 1, SESSION_TYPE);
    luaL_argcheck(L, session->box, 1, "session is over");
    lua_settop(L, 2);
    struct err err = {0};
    struct box *box = session->box;
    int rc = session->started ? go_on(L, session, &err) : start(L, session, &err);
    if (rc != BOX_YIELD)
        end_session(session);
    if (rc < 0)
        return bind_fail(L, &err);
    lua_pushstring(L, rc == BOX_YIELD ? "yield" : "done");
    value_push(L, box_value(box));
    return 2;
}

/* session:close(): gives it up wherever it is; nothing of it runs any more */
static int l_session_close(lua_State *L)
{
    end_session(luaL_checkudata(L, 1, SESSION_TYPE));
    return 0;
}

static const luaL_Reg script_methods[] = {
    {"describe", l_script_describe}, {"try", l_script_try}, {"call", l_script_call},
    {"open", l_script_open},         {"trace", l_script_trace}, {"mask", l_script_mask},
    {"parameters", l_script_parameters}, {NULL, NULL},
};

static const luaL_Reg session_methods[] = {
    {"resume", l_session_resume},
    {"close", l_session_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"prepare", l_prepare},
    {"cell", box_l_cell},
    {NULL, NULL},
};

int luaopen_orket_box(lua_State *L)
{
    bind_type(L, SCRIPT_TYPE, script_methods, l_script_gc);
    bind_type(L, SESSION_TYPE, session_methods, l_session_close);
    box_open_cell(L);
    bind_type(L, PRELUDE_TYPE, (luaL_Reg[]){{NULL, NULL}}, prelude_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
