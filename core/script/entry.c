/* entry.c: what runs inside a box: loading a text, calling a function, performing an operation,
 * showing a value. All of it is light C functions in the script's thread, under its limits.
 *
 * An entry may be cut off between any two lines (meter.h), so it holds nothing of its own: trees
 * and texts in the making belong to the box. */
#include <lauxlib.h>
#include <string.h>

#include "script/box_state.h"
#include "script/guard.h"
#include "script/plain.h"
#include "script/value.h"

enum {
    PIECE = 256,     /* bytes of source between two looks at the limits */
    LONG_TEXT = 8192 /* a source on which the parser may dwell */
};

static const char script_key; /* its address: where the registry keeps the script's value */

/* Ends the entry with box->fault. */
static int raise_fault(lua_State *L)
{
    lua_pushnil(L);
    return lua_error(L);
}

/* ---- values ---- */

/* Walks the value at the top into box->value. The walk may be cut off at any moment, so what it
 * makes belongs to the box. */
static int read_value(lua_State *L, bool any, struct err *err)
{
    struct box *box = box_of(L);
    struct guard guard = {.meter = &box->meter, .sink = &json_tree_sink, .ctx = &box->builder};
    meter_host(&box->meter, true);
    box_drop_values(box);
    json_build(&box->builder, &box->doc);
    meter_host(&box->meter, false);
    int rc = any ? plain_walk(L, &guard_sink, &guard)
                 : value_walk(L, -1, &box_value_limits, &guard_sink, &guard, err);
    meter_host(&box->meter, true);
    if (rc)
        json_drop(&box->builder);
    else
        rc = json_finish(&box->builder, &box->value);
    meter_host(&box->meter, false);
    meter_check(L);
    return rc;
}

const struct json *box_value(const struct box *box)
{
    return &box->value;
}

void box_move_value(struct box *box, struct json_doc *doc)
{
    *doc = box->doc;
    doc->root = box->value;
    box->doc = (struct json_doc){0};
    box->value = (struct json){0};
}

/* ---- loading ---- */

bool box_returned_table(const struct box *box)
{
    return box->returned_table;
}

static const char *read_piece(lua_State *L, void *data, size_t *len)
{
    struct box *box = data;
    const struct box_text *text = box->text;
    size_t left = text->len - box->text_at, piece = left < PIECE ? left : PIECE;
    const char *at = text->bytes + box->text_at;
    meter_spend(L, piece / 4);
    box->text_at += piece;
    *len = piece;
    return piece ? at : NULL;
}

static int load_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    box_of(L)->returned_table = lua_istable(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &script_key);
    return 0;
}

static int load_entry(lua_State *L)
{
    struct box *box = box_of(L);
    char chunk[sizeof box->name + 1];
    snprintf(chunk, sizeof chunk, "@%s", box->name);
    if (box->text->len > LONG_TEXT)
        meter_watch(&box->meter);
    int rc = lua_load(L, read_piece, box, chunk, box->text->compiled ? "b" : "t");
    if (rc != LUA_OK && !box->meter.limit && lua_type(L, -1) == LUA_TSTRING) {
        err_set(&box->fault, ERR_SCRIPT_SYNTAX, "%s", lua_tostring(L, -1));
        return raise_fault(L);
    }
    if (rc != LUA_OK)
        return lua_error(L);
    lua_callk(L, 0, 1, 0, load_done);
    return load_done(L, LUA_OK, 0);
}

int box_load(struct box *box, const struct box_text *text, const struct box_limits *limits,
             struct err *err)
{
    snprintf(box->name, sizeof box->name, "%s", text->name);
    if (text->len > BOX_TEXT_MAX)
        return err_set(err, ERR_SCRIPT_SYNTAX, "%s is longer than %u KiB", box->name,
                       BOX_TEXT_MAX >> 10);
    box->may_perform = false;
    box->text = text;
    box->text_at = 0;
    return box_enter(box, load_entry, limits, err);
}

static int describe_entry(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &script_key);
    int rc = read_value(L, true, NULL);
    if (!rc)
        return 0;
    err_set(&box_of(L)->fault, rc, "%s", err_text(rc));
    return raise_fault(L);
}

int box_describe(struct box *box, struct err *err)
{
    uint64_t used = box->ns_used;
    int rc = box_enter(box, describe_entry, NULL, err);
    box->ns_used = used; // the script's time, not ours
    return rc;
}

/* ---- calling ---- */

static int call_done(lua_State *L, int status, lua_KContext ctx)
{
    struct box *box = box_of(L);
    struct err err = {0};
    (void)status, (void)ctx;
    if (!read_value(L, false, &err))
        return 0;
    if (err.code == ERR_MEMORY) { // ours, not the script's
        box->fault = err;
        return raise_fault(L);
    }
    err_set(&box->fault, ERR_SCRIPT_CONTRACT, "%s: %s answered %s", box->name, box->function,
            err.text);
    err_fix(&box->fault, "answer plain data: texts, numbers, booleans, arrays, objects");
    return raise_fault(L);
}

/* Pushes the function to call. */
static bool push_function(lua_State *L, const char *name)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &script_key) != LUA_TTABLE)
        return false;
    lua_pushstring(L, name);
    return lua_rawget(L, -2) == LUA_TFUNCTION;
}

static int call_entry(lua_State *L)
{
    struct box *box = box_of(L);
    const struct box_call *call = box->call;
    if (!push_function(L, call->function)) {
        err_set(&box->fault, ERR_SCRIPT_CONTRACT, "%s has no function '%s'", box->name,
                box->function);
        err_fix(&box->fault, "a script returns a table of functions: return { %.60s = ... }",
                box->function);
        return raise_fault(L);
    }
    luaL_checkstack(L, (int)call->count + 8, NULL);
    for (size_t i = 0; i < call->count; i++)
        value_push_some(L, call->args[i], call->masks ? call->masks[i] : NULL);
    lua_callk(L, (int)call->count, 1, 0, call_done);
    return call_done(L, LUA_OK, 0);
}

int box_call(struct box *box, const struct box_call *call, const struct box_limits *limits,
             struct err *err)
{
    box->call = call;
    box->may_perform = call->session;
    snprintf(box->function, sizeof box->function, "%s", call->function);
    return box_enter(box, call_entry, limits, err);
}

/* Of the function at the top, which goes. */
static void push_parameters(lua_State *L, int count)
{
    lua_createtable(L, count, 0);
    lua_insert(L, -2);
    for (int i = 1; i <= count; i++) {
        lua_pushstring(L, lua_getlocal(L, NULL, i));
        lua_rawseti(L, -3, i);
    }
    lua_pop(L, 1);
    value_array_mt(L);
    lua_setmetatable(L, -2);
}

static int parameters_entry(lua_State *L)
{
    struct box *box = box_of(L);
    lua_Debug about = {.isvararg = 1};
    if (push_function(L, box->function)) {
        lua_pushvalue(L, -1);
        lua_getinfo(L, ">uS", &about);
    }
    if (about.isvararg || *about.source != '@' || strcmp(about.source + 1, box->name) != 0)
        lua_pushnil(L);
    else
        push_parameters(L, about.nparams);
    return read_value(L, false, &box->fault) ? raise_fault(L) : 0;
}

int box_parameters(struct box *box, const char *function, struct err *err)
{
    snprintf(box->function, sizeof box->function, "%s", function);
    return box_enter(box, parameters_entry, NULL, err);
}

int box_trace(struct box *box, const struct box_call *call, const struct box_limits *limits,
              struct meter_trace *trace, struct err *err)
{
    char chunk[sizeof box->name + 1];
    snprintf(chunk, sizeof chunk, "@%s", box->name);
    *trace = (struct meter_trace){.chunk = chunk};
    box->meter.trace = trace;
    int rc = box_call(box, call, limits, err);
    box->meter.trace = NULL;
    trace->chunk = NULL;
    return rc;
}

static int perform_done(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    value_push(L, box_of(L)->answer);
    return 1;
}

int box_perform(lua_State *L)
{
    struct err err = {0};
    meter_check(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!box_of(L)->may_perform)
        return luaL_error(L, "perform: only a tool's run may perform operations");
    lua_settop(L, 1);
    int rc = read_value(L, false, &err);
    if (rc == ERR_MEMORY)
        meter_fail(L, rc); // ours, not the script's
    if (rc)
        return luaL_error(L, "perform: %s", err.text);
    return lua_yieldk(L, 0, 0, perform_done);
}

int box_resume(struct box *box, const struct json *answer, struct err *err)
{
    if (box->dead || lua_status(box->meter.thread) != LUA_YIELD)
        return err_set(err, ERR_BUG, "a session was resumed that does not wait");
    box->answer = answer;
    meter_idle(&box->meter);
    return box_continue(box, err);
}

/* ---- what the library needs ---- */

static int encode(lua_State *L, struct err *err)
{
    struct box *box = box_of(L);
    struct guard guard = {.meter = &box->meter, .sink = &json_text_sink, .ctx = &box->encoding};
    meter_host(&box->meter, true);
    buf_reset(&box->scratch);
    box->scratch.max = box->meter.string_max;
    json_text_begin(&box->encoding, &box->scratch);
    meter_host(&box->meter, false);
    int rc = value_walk(L, 1, &box_value_limits, &guard_sink, &guard, err);
    meter_host(&box->meter, true);
    json_text_clear(&box->encoding);
    meter_host(&box->meter, false);
    meter_spend(L, box->scratch.len / 8);
    return rc;
}

int box_encode(lua_State *L)
{
    struct box *box = box_of(L);
    struct err err = {0};
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    int rc = encode(L, &err);
    if (rc == ERR_MEMORY)
        meter_fail(L, rc);
    if (rc || !buf_ok(&box->scratch))
        return luaL_error(L, "cannot encode: %s", rc ? err.text : "the text is too long");
    lua_pushlstring(L, box->scratch.data, box->scratch.len);
    return 1;
}
