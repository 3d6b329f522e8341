/* search.c: see search.h. */
#include "bind/search/search.h"

#include <fcntl.h>
#include <string.h>

#include "bind/gate/gate.h"
#include "bind/search/search_tree.h"
#include "script/value.h"

static void search_clear(struct search *search)
{
    fs_target_close(&search->target);
    base_close_fd(&search->root);
    needle_clear(&search->needle);
    gate_free(search->gate);
    json_doc_clear(&search->memory);
}

/* ---- the job ---- */

struct job {
    uv_work_t work;
    struct bind *bind;
    struct search search;
    struct json found;
    struct err err;
    int rc, callback;
    struct job **owner; /* a userdata that forgets the job when the Lua state closes first */
};

#define JOB_TYPE "orket.gate.job"

static int l_job_gc(lua_State *L)
{
    struct job **owner = luaL_checkudata(L, 1, JOB_TYPE);
    if (*owner)
        (*owner)->bind = NULL;
    *owner = NULL;
    return 0;
}

static void job_work(uv_work_t *work)
{
    struct job *job = work->data;
    job->rc = search_run(&job->search, &job->found, &job->err);
}

/* (job) -> calls back; inside bind_call, because pushing may raise */
static int l_job_finish(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    bind_take(job->bind, job->callback); // pushed on the main thread, which is L
    int n = 1;
    if (job->rc)
        n = bind_push_failure(L, &job->err);
    else
        value_push(L, &job->found);
    lua_call(L, n, 0);
    return 0;
}

static void job_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    if (status && !job->rc)
        job->rc = err_set(&job->err, ERR_CANCELED, "the search was canceled");
    if (job->bind) {
        lua_State *L = job->bind->L;
        lua_pushcfunction(L, l_job_finish);
        lua_pushlightuserdata(L, job);
        *job->owner = NULL;
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, job->owner);
        bind_call(L, 1, 0);
    }
    search_clear(&job->search);
    free(job);
}

static const char *copy(struct json_doc *memory, const char *text, size_t len)
{
    char *kept = json_doc_alloc(memory, len + 1);
    return kept ? memcpy(kept, text, len + 1) : NULL;
}

static int fill_call(struct search *search, const struct gate_call *call)
{
    struct json_doc *memory = &search->memory;
    search->call = (struct gate_call){
        .role = copy(memory, call->role, strlen(call->role)),
        .card_type = copy(memory, call->card_type, strlen(call->card_type)),
        .card_status = copy(memory, call->card_status, strlen(call->card_status)),
        .tool = copy(memory, call->tool, call->tool_len),
        .tool_len = call->tool_len,
    };
    bool whole = search->call.role && search->call.card_type && search->call.card_status &&
                 search->call.tool;
    return whole ? 0 : ERR_MEMORY;
}

static int fill_needle(struct search *search, const struct json *fields, struct err *err)
{
    struct needle_wish wish = {.regex = json_true(json_get(fields, "regex")),
                               .any_case = json_true(json_get(fields, "any_case"))};
    const char *text = json_string(json_get(fields, "text"), &wish.len);
    if (!text)
        return 0;
    wish.text = copy(&search->memory, text, wish.len);
    return wish.text ? needle_init(&search->needle, &search->memory, &wish, err) : ERR_MEMORY;
}

static int fill_glob(struct search *search, const struct json *fields, struct err *err)
{
    size_t len;
    const char *text = json_string(json_get(fields, "glob"), &len);
    if (!text)
        return 0;
    text = copy(&search->memory, text, len);
    if (!text)
        return ERR_MEMORY;
    if (ignore_rule_read(&search->glob, text, len))
        return 0;
    err_set(err, ERR_USAGE, "'%.200s' is no pattern for paths", text);
    return err_fix(err, "write it as in .gitignore: *.c, src/**/*.lua, !*.md");
}

/* Takes the target and copies the rest, so that the job depends on no Lua value. */
static int fill(struct search *search, const struct search_wish *wish, struct err *err)
{
    const struct json *fields = wish->fields;
    search->target = wish->target;
    search->root = wish->root < 0 ? -1 : fcntl(wish->root, F_DUPFD_CLOEXEC, 3);
    search->gate = gate_hold(wish->gate);
    search->sources = wish->sources;
    search->everything = json_true(json_get(fields, "ignored"));
    search->limit = bind_bounded(json_get(fields, "limit"), SEARCH_MATCHES);
    search->skip = bind_bounded(json_get(fields, "skip"), SIZE_MAX >> 1);
    if (!json_get(fields, "skip"))
        search->skip = 0;
    if (json_get(fields, "context"))
        search->context = bind_bounded(json_get(fields, "context"), SEARCH_CONTEXT);
    int rc = fill_call(search, wish->call);
    rc = rc ? rc : fill_needle(search, fields, err);
    return rc ? rc : fill_glob(search, fields, err);
}

/* (owner) upvalue: the job ends as soon as it notices. */
static int l_cancel(lua_State *L)
{
    struct job **owner = lua_touserdata(L, lua_upvalueindex(1));
    if (*owner)
        atomic_store(&(*owner)->search.canceled, true);
    return 0;
}

/* A userdata that lives as long as the job, kept in the registry; under it on the stack the
 * function that cancels. */
static struct job **new_owner(lua_State *L)
{
    struct job **owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = NULL;
    luaL_setmetatable(L, JOB_TYPE);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, l_cancel, 1);
    lua_insert(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, owner);
    return owner;
}

static int queue(struct job *job, struct err *err)
{
    if (uv_queue_work(job->bind->loop, &job->work, job_work, job_done) == 0)
        return 0;
    return err_set(err, ERR_MEMORY, "the search could not be started");
}

int search_start(lua_State *L, struct search_wish *wish, int callback_idx, struct err *err)
{
    struct job **owner = new_owner(L);
    int callback = bind_keep(L, callback_idx); // nothing below raises
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        fs_target_close(&wish->target);
        return err_set(err, ERR_MEMORY, "out of memory");
    }
    *job = (struct job){.bind = bind_of(L), .callback = callback, .owner = owner, .work.data = job};
    int rc = fill(&job->search, wish, err);
    rc = rc ? rc : queue(job, err);
    if (rc == 0) {
        *owner = job;
        return 0;
    }
    bind_take(job->bind, callback);
    lua_pop(job->bind->L, 1);
    search_clear(&job->search);
    free(job);
    return rc == ERR_MEMORY ? err_set(err, rc, "no memory to search") : rc;
}

void search_open(lua_State *L)
{
    static const luaL_Reg none[] = {{NULL, NULL}};
    bind_type(L, JOB_TYPE, none, l_job_gc);
}
