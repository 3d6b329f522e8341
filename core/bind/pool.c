/* pool.c: the Lua state holds a job through `owner`, a userdata in the registry that forgets the
 * job when the state closes first. */
#include "bind/pool.h"

#define JOB_TYPE "orket.pool.job"

struct job {
    uv_work_t work;
    struct bind *bind;
    struct job **owner;
    pool_run *run;
    void (*clear)(void *data);
    void *data;
    struct buf text;
    struct err err;
    int rc, callback;
};

static void on_thread(uv_work_t *work)
{
    struct job *job = work->data;
    job->rc = job->run(job->data, &job->text, &job->err);
    if (!job->rc && !buf_ok(&job->text))
        job->rc = err_set(&job->err, ERR_MEMORY, "out of memory");
}

/* (job) -> calls back; inside bind_call, because pushing may raise */
static int l_finish(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    int values = 1;
    bind_take(job->bind, job->callback); // pushed on the main thread, which is L
    if (job->rc)
        values = bind_push_failure(L, &job->err);
    else
        lua_pushlstring(L, job->text.data ? job->text.data : "", job->text.len);
    lua_call(L, values, 0);
    return 0;
}

static void on_done(uv_work_t *work, int status)
{
    struct job *job = work->data;
    if (status && !job->rc)
        job->rc = err_set(&job->err, ERR_CANCELED, "it was canceled");
    if (job->bind) {
        lua_State *L = job->bind->L;
        lua_pushcfunction(L, l_finish);
        lua_pushlightuserdata(L, job);
        *job->owner = NULL;
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, job->owner);
        bind_call(L, 1, 0);
    }
    job->clear(job->data);
    buf_clear(&job->text);
    free(job);
}

static int job_gc(lua_State *L)
{
    struct job **owner = luaL_checkudata(L, 1, JOB_TYPE);
    if (*owner)
        (*owner)->bind = NULL;
    *owner = NULL;
    return 0;
}

static struct job **new_owner(lua_State *L)
{
    struct job **owner = lua_newuserdatauv(L, sizeof *owner, 0);
    *owner = NULL;
    if (luaL_newmetatable(L, JOB_TYPE)) {
        lua_pushcfunction(L, job_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, owner);
    return owner;
}

/* The userdata and the kept function, made where raising leaks nothing. */
struct kept {
    struct job **owner;
    int callback;
};

/* (kept, function) */
static int l_keep(lua_State *L)
{
    struct kept *kept = lua_touserdata(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    kept->callback = bind_keep(L, 2);
    kept->owner = new_owner(L);
    return 0;
}

static int give_up(lua_State *L, const struct kept *kept)
{
    struct err err = {0};
    luaL_unref(L, LUA_REGISTRYINDEX, kept->callback);
    if (kept->owner) {
        lua_pushnil(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, kept->owner);
    }
    err_set(&err, ERR_MEMORY, "out of memory");
    return bind_fail(L, &err);
}

int bind_pool(lua_State *L, int idx, pool_run *run, void (*clear)(void *data), void *data)
{
    struct kept kept = {.callback = LUA_NOREF};
    lua_pushcfunction(L, l_keep);
    lua_pushlightuserdata(L, &kept);
    lua_pushvalue(L, idx);
    int status = lua_pcall(L, 2, 0, 0);
    struct job *job = status || !data ? NULL : calloc(1, sizeof *job);
    if (job) {
        *job = (struct job){.bind = bind_of(L), .owner = kept.owner, .run = run, .clear = clear,
                            .data = data, .callback = kept.callback, .work.data = job};
        if (uv_queue_work(job->bind->loop, &job->work, on_thread, on_done) == 0) {
            *kept.owner = job;
            return 0;
        }
    }
    free(job);
    if (data)
        clear(data);
    return status ? lua_error(L) : give_up(L, &kept);
}
