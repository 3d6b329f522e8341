/* edit.c: `orket.core.edit`: line editing for the REPL; the wait is on a worker thread, so that the
 * loop goes on. */
#include "io/edit.h"

#include <string.h>

#include "bind/bind.h"

#define EDIT_TYPE "orket.edit"

struct handle {
    struct edit *edit;
    uv_work_t work;
    struct bind *bind;
    struct buf line, prompt;
    int rc, done, self; /* refs of the callback and of this userdata while a line is read */
    bool busy;
};

static struct handle *l_check_edit(lua_State *L)
{
    struct handle *handle = luaL_checkudata(L, 1, EDIT_TYPE);
    luaL_argcheck(L, handle->edit, 1, "closed");
    luaL_argcheck(L, !handle->busy, 1, "a line is being read");
    return handle;
}

static void read_line(uv_work_t *work)
{
    struct handle *handle = work->data;
    handle->rc = edit_line(handle->edit, handle->prompt.data, &handle->line);
}

static void on_line(uv_work_t *work, int status)
{
    struct handle *handle = work->data;
    lua_State *L = handle->bind->L;
    handle->busy = false;
    bind_take(handle->bind, handle->done);
    bind_take(handle->bind, handle->self); // keeps the userdata until the end of this function
    lua_insert(L, -2);                     // userdata, callback
    if (status == 0 && handle->rc == 0) {
        lua_pushlstring(L, handle->line.data, handle->line.len);
        bind_call(L, 1, 0);
    } else {
        struct err err = {.code = status ? ERR_CANCELED : handle->rc};
        bind_call(L, bind_push_failure(L, &err), 0);
    }
    lua_pop(L, 1);
}

/* edit:line(prompt, words, done): done(text) | done(nil, message, code) */
static int l_line(lua_State *L)
{
    struct handle *handle = l_check_edit(L);
    size_t len;
    const char *prompt = luaL_checkstring(L, 2);
    const char *words = luaL_checklstring(L, 3, &len);
    luaL_checktype(L, 4, LUA_TFUNCTION);
    buf_reset(&handle->prompt);
    buf_puts(&handle->prompt, prompt);
    if (!buf_ok(&handle->prompt) || edit_words(handle->edit, words, len))
        return luaL_error(L, "out of memory");
    handle->done = bind_keep(L, 4);
    handle->self = bind_keep(L, 1);
    handle->work.data = handle;
    handle->busy = true;
    uv_queue_work(handle->bind->loop, &handle->work, read_line, on_line);
    return 0;
}

static int l_gc(lua_State *L)
{
    struct handle *handle = luaL_checkudata(L, 1, EDIT_TYPE);
    if (!handle->busy) {
        edit_close(handle->edit);
        handle->edit = NULL;
        buf_clear(&handle->line);
        buf_clear(&handle->prompt);
    }
    return 0;
}

/* edit.open(history_file|nil) -> edit | nil, message, code */
static int l_open(lua_State *L)
{
    struct handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
    *handle = (struct handle){.bind = bind_of(L)};
    luaL_setmetatable(L, EDIT_TYPE);
    struct err err = {0};
    if (edit_open(luaL_optstring(L, 1, NULL), &handle->edit, &err))
        return bind_fail(L, &err);
    return 1;
}

static const luaL_Reg methods[] = {
    {"line", l_line},
    {"close", l_gc},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"open", l_open},
    {NULL, NULL},
};

int luaopen_orket_edit(lua_State *L)
{
    bind_type(L, EDIT_TYPE, methods, l_gc);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
