/* proc.c: `orket.core.proc`: one program in a jail (io/process/proc.h), answered through a
 * callback.
 *
 * The way back to Lua is pending.c. */
#include "bind/process/proc.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>

#include "bind/process/pending.h"
#include "io/fs/fs.h"

/* ---- the description ---- */

/* The string at the top, popped; the table that held it keeps it alive. */
const char *proc_l_take_text(lua_State *L, const char *what)
{
    size_t len = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
    if (!text)
        luaL_error(L, "%s has to be a string", what);
    if (strlen(text) != len)
        luaL_error(L, "%s has a NUL", what);
    lua_pop(L, 1);
    return text;
}

/* Pushes a buffer with room for the texts of the list field `name` and NULL; NULL when absent. */
const char **proc_l_list(lua_State *L, int idx, const char *name)
{
    if (lua_getfield(L, idx, name) == LUA_TNIL)
        return NULL;
    luaL_argcheck(L, lua_istable(L, -1), idx, "argv and show are lists");
    lua_Integer count = luaL_len(L, -1);
    const char **list = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *list, 0);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -2, i);
        list[i - 1] = proc_l_take_text(L, name);
    }
    list[count] = NULL;
    return list;
}

static bool is_name(const char *text)
{
    const char *p = text;
    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    return p > text && *p == '\0';
}

/* {NAME="value"} as "NAME=value" texts, kept in a Lua table (pushed, with the list). */
const char **proc_l_env(lua_State *L, int idx)
{
    if (lua_getfield(L, idx, "env") == LUA_TNIL)
        return NULL;
    luaL_argcheck(L, lua_istable(L, -1), idx, "env is a table");
    size_t count = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        count++;
    const char **list = lua_newuserdatauv(L, (count + 1) * sizeof *list, 0);
    lua_newtable(L); // env, list, texts
    size_t i = 0;
    for (lua_pushnil(L); lua_next(L, -4); i++) {
        const char *value = proc_l_take_text(L, "an env value");
        if (lua_type(L, -1) != LUA_TSTRING || !is_name(lua_tostring(L, -1)))
            luaL_error(L, "an env name is letters, digits and _");
        list[i] = lua_pushfstring(L, "%s=%s", lua_tostring(L, -1), value);
        lua_rawseti(L, -3, (lua_Integer)i + 1);
    }
    list[count] = NULL;
    return list;
}

uint64_t proc_l_number(lua_State *L, int idx, const char *name, double unit)
{
    lua_getfield(L, idx, name);
    lua_Number n = luaL_optnumber(L, -1, 0);
    if (!(n >= 0 && n <= 1e15))
        luaL_error(L, "%s is out of range", name);
    lua_pop(L, 1);
    double scaled = n * unit;
    return scaled > 0 && scaled < 1 ? 1 : (uint64_t)scaled;
}

/* Sets cwd, owned by the caller, or answers a negative code; with scratch = true neither. */
static int l_cwd(lua_State *L, int idx, struct proc_spec *spec, struct err *err)
{
    spec->cwd = -1;
    lua_getfield(L, idx, "scratch");
    bool scratch = lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (scratch)
        return 0;
    if (lua_getfield(L, idx, "cwd_root") != LUA_TNIL) {
        luaL_argcheck(L, bind_to_root(L, -1) >= 0, idx, "cwd_root is no open root");
        return bind_give_tree(L, lua_gettop(L), spec, err);
    }
    lua_getfield(L, idx, "cwd");
    const char *path = proc_l_take_text(L, "cwd");
    spec->cwd = fs_root_open(path, false, err);
    lua_pop(L, 1);
    return spec->cwd < 0 ? spec->cwd : 0;
}

static void l_spec(lua_State *L, int idx, struct proc_spec *spec)
{
    static const char *const known[] = {"argv",  "cwd_root", "cwd", "env", "stdin",
                                        "show",  "wall",     "cpu", "mem", "procs",
                                        "fsize", "files", "output",   "scratch", "egress", NULL};
    bind_check_options(L, idx, known);
    *spec = (struct proc_spec){
        .wall_ms = proc_l_number(L, idx, "wall", 1000),
        .cpu_ms = proc_l_number(L, idx, "cpu", 1000),
        .memory = proc_l_number(L, idx, "mem", 1),
        .processes = proc_l_number(L, idx, "procs", 1),
        .file_size = proc_l_number(L, idx, "fsize", 1),
        .files = proc_l_number(L, idx, "files", 1),
        .output = proc_l_number(L, idx, "output", 1),
    };
    spec->argv = proc_l_list(L, idx, "argv");
    luaL_argcheck(L, spec->argv && spec->argv[0], idx, "argv has no program");
    spec->show = proc_l_list(L, idx, "show");
    spec->env = proc_l_env(L, idx);
    spec->egress = proc_l_egress(L, idx);
    if (lua_getfield(L, idx, "stdin") == LUA_TSTRING)
        spec->input = lua_tolstring(L, -1, &spec->input_len);
    else
        luaL_argcheck(L, lua_isnil(L, -1), idx, "stdin is a string");
}

/* ---- the result ---- */

static void set_text(lua_State *L, const char *name, const struct buf *text)
{
    lua_pushlstring(L, text->len ? text->data : "", text->len);
    lua_setfield(L, -2, name);
}

/* The names of the boundaries that stood. */
static void set_layers(lua_State *L, uint32_t layers)
{
    lua_newtable(L);
    const char *name;
    for (unsigned i = 0, n = 0; (name = proc_layer(i)); i++)
        if (layers >> i & 1) {
            lua_pushstring(L, name);
            lua_rawseti(L, -2, ++n);
        }
    lua_setfield(L, -2, "layers");
}

/* (lightuserdata result) -> table; protected, because building it may raise */
static int push_result(lua_State *L)
{
    const struct proc_result *r = lua_touserdata(L, 1);
    lua_createtable(L, 0, 7);
    set_layers(L, r->layers);
    set_text(L, "stdout", r->out);
    set_text(L, "stderr", r->err);
    lua_pushinteger(L, (lua_Integer)r->ms);
    lua_setfield(L, -2, "ms");
    if (r->exit >= 0) {
        lua_pushinteger(L, r->exit);
        lua_setfield(L, -2, "exit");
    }
    if (r->signal) {
        lua_pushinteger(L, r->signal);
        lua_setfield(L, -2, "signal");
    }
    lua_pushstring(L, r->limit);
    lua_setfield(L, -2, "limit");
    proc_push_requests(L, r);
    return 1;
}

static void on_done(void *ctx, const struct proc_result *result, const struct err *err)
{
    pending_end(ctx, push_result, result, err);
}

static void abandon(void *proc)
{
    proc_abandon(proc);
}

/* cancel() */
static int l_cancel(lua_State *L)
{
    struct pending *pending = pending_check(L, lua_upvalueindex(1));
    if (pending->what)
        proc_cancel(pending->what);
    return 0;
}

/* ---- one that is talked to ---- */

#define ON_OUTPUT 2 /* index of the function that gets it */

struct output {
    int fn;
    const char *bytes;
    size_t len;
};

/* (lightuserdata output); protected, because a text may find no memory */
static int call_on_output(lua_State *L)
{
    const struct output *output = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, output->fn);
    lua_pushlstring(L, output->bytes, output->len);
    lua_call(L, 1, 0);
    return 0;
}

static void on_output(void *ctx, const char *bytes, size_t len)
{
    const struct pending *pending = ctx;
    struct output output = {pending->on_output, bytes, len};
    lua_State *L = pending->bind->L;
    lua_pushcfunction(L, call_on_output);
    lua_pushlightuserdata(L, &output);
    (void)bind_call(L, 1, 0);
}

/* write(text): raises when there is no memory for it; one that has ended gets nothing */
static int l_write(lua_State *L)
{
    struct pending *pending = pending_check(L, lua_upvalueindex(1));
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    if (pending->what && proc_write(pending->what, text, len))
        return luaL_error(L, "out of memory");
    return 0;
}

/* end_input() */
static int l_end_input(lua_State *L)
{
    struct pending *pending = pending_check(L, lua_upvalueindex(1));
    if (pending->what)
        proc_end_input(pending->what);
    return 0;
}

/* renew() */
static int l_renew(lua_State *L)
{
    struct pending *pending = pending_check(L, lua_upvalueindex(1));
    if (pending->what)
        proc_renew(pending->what);
    return 0;
}

/* complaints() -> what it wrote to its standard error lately; "" when it has ended */
static int l_complaints(lua_State *L)
{
    struct pending *pending = pending_check(L, lua_upvalueindex(1));
    const struct buf *said = pending->what ? proc_complaints(pending->what) : NULL;
    lua_pushlstring(L, said && said->len ? said->data : "", said ? said->len : 0);
    return 1;
}

/* ---- run ---- */

/* The jail program, unpacked at the first use and kept by the context. */
static int open_jail(struct bind *bind, struct err *err)
{
    if (bind->jail)
        return bind->jail - 1;
    int jail = proc_jail_open(err);
    if (jail >= 0)
        bind->jail = jail + 1;
    return jail;
}

int bind_run(lua_State *L, const struct proc_spec *given, int done_idx, struct err *err)
{
    struct proc_spec spec = *given;
    spec.hide = proc_push_hidden(L, bind_of(L));
    if (!spec.hide)
        return err_set(err, ERR_JAIL, "nothing runs before proc.hide said what no program may see");
    struct pending *pending = pending_new(L, done_idx, abandon);
    if (spec.on_output)
        pending->on_output = bind_keep(L, ON_OUTPUT);
    lua_pushcclosure(L, l_cancel, 1); // the answer, made while nothing is held
    struct proc *proc;
    int rc = open_jail(pending->bind, err);
    if (rc >= 0)
        rc = proc_start(pending->bind->loop, rc, &spec, on_done, pending, &proc, err);
    if (rc == 0)
        pending->what = proc;
    else
        pending_drop(pending);
    return rc;
}

/* Does what was described: pushes cancel, or tells the function at done_idx why not,
 * and answers false. */
static bool start(lua_State *L, struct proc_spec *spec, int done_idx)
{
    struct err err = {0};
    int rc = l_cwd(L, 1, spec, &err);
    rc = rc ? rc : bind_run(L, spec, done_idx, &err);
    base_close_fd(&spec->cwd);
    if (rc == 0)
        return true;
    lua_pushvalue(L, done_idx);
    lua_call(L, bind_push_failure(L, &err), 0);
    return false;
}

/* proc.talk({…as run, without stdin}, on_output, done)
 * -> {cancel, write, end_input, renew, complaints} */
static int l_talk(lua_State *L)
{
    static const luaL_Reg functions[] = {{"write", l_write}, {"end_input", l_end_input},
                                         {"renew", l_renew}, {"complaints", l_complaints},
                                         {"cancel", l_cancel}, {NULL, NULL}};
    struct proc_spec spec;
    luaL_checktype(L, ON_OUTPUT, LUA_TFUNCTION);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    l_spec(L, 1, &spec);
    luaL_argcheck(L, !spec.input, 1, "one that is talked to has no ready-made stdin");
    spec.on_output = on_output;
    if (!start(L, &spec, 3))
        return 0;
    lua_getupvalue(L, -1, 1); // cancel, the running one
    lua_newtable(L);
    lua_insert(L, -2);
    luaL_setfuncs(L, functions, 1);
    return 1;
}

/* proc.run({argv=, cwd_root=|cwd=|scratch=true, env=?, stdin=?, show=?, wall=?, cpu=?, mem=?,
 * procs=?, fsize=?, files=?, output=?, egress=?}, done) -> cancel;  done({exit=, signal=, limit=,
 * stdout=, stderr=, ms=, layers=, requests=?, egress_limit=?}) or done(nil, message, code) */
static int l_run(lua_State *L)
{
    struct proc_spec spec;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    l_spec(L, 1, &spec);
    return start(L, &spec, 2) ? 1 : 0;
}

int luaopen_orket_proc(lua_State *L)
{
    static const luaL_Reg functions[] = {{"run", l_run},         {"talk", l_talk},
                                         {"hide", proc_l_hide},  {"real", proc_l_real},
                                         {"visible", proc_l_visible}, {NULL, NULL}};
    pending_open(L);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
