/* main.c: wires the floors: argv -> loop -> context -> trusted state -> lua/orket/main.lua.
 *
 * The trusted state sees `orket.core.*` and the embedded `orket.*` modules; ORKET_LUA=<dir> loads
 * the latter from a source tree instead (for people who work on Orket itself). */
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <luv/luv.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/fault.h"
#include "base/hash.h"
#include "base/slab.h"
#include "bind/bind.h"
#include "bind/embed.h"

static const struct embed_file *find(const char *name)
{
    for (size_t i = 0; i < embed_count; i++)
        if (strcmp(embed_files[i].name, name) == 0)
            return &embed_files[i];
    return NULL;
}

/* package.searchers entry: "orket.cli" -> embedded lua/orket/cli.luac */
static int search_embedded(lua_State *L)
{
    char path[256];
    snprintf(path, sizeof path, "lua/%s", luaL_checkstring(L, 1));
    for (char *p = path; *p; p++)
        if (*p == '.')
            *p = '/';
    size_t len = strlen(path);
    snprintf(path + len, sizeof path - len, ".luac");
    const struct embed_file *file = find(path);
    if (!file) {
        lua_pushfstring(L, "no embedded file '%s'", path);
        return 1;
    }
    if (luaL_loadbufferx(L, file->start, (size_t)(file->end - file->start), path, "b"))
        return lua_error(L);
    lua_pushstring(L, path);
    return 2;
}

static void open_packages(lua_State *L)
{
    const char *dir = getenv("ORKET_LUA");
    lua_getglobal(L, "package");
    if (dir && *dir)
        lua_pushfstring(L, "%s/?.lua", dir);
    else
        lua_pushliteral(L, "");
    lua_setfield(L, -2, "path");
    lua_pushliteral(L, "");
    lua_setfield(L, -2, "cpath");
    lua_getfield(L, -1, "searchers");
    lua_pushcfunction(L, search_embedded);
    lua_rawseti(L, -2, 3); // instead of the C loaders
    lua_pushnil(L);
    lua_rawseti(L, -2, 4);
    lua_pop(L, 2);
}

static void push_argv(lua_State *L, int argc, char **argv)
{
    lua_createtable(L, argc - 1, 0);
    for (int i = 1; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i);
    }
}

/* The callbacks of luv enter Lua through the same door as ours. */
static int call_from_luv(lua_State *L, int nargs, int nresults, int flags)
{
    (void)flags;
    return bind_call(L, nargs, nresults < 0 ? 0 : nresults);
}

static int run_out(lua_State *L)
{
    struct bind *const *bind = lua_touserdata(L, 1);
    uv_run((*bind)->loop, UV_RUN_DEFAULT);
    return 0;
}

/* Handles that Lua left open are closed by their finalizers, and luv needs the state once more when
 * the loop tells it that they are. Finalizers run newest first: this one, the oldest, runs the
 * loop. */
static void push_loop_guard(lua_State *L, struct bind *bind)
{
    *(struct bind **)lua_newuserdatauv(L, sizeof bind, 0) = bind;
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, run_out);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    luaL_ref(L, LUA_REGISTRYINDEX);
}

/* (context, argv table) -> exit code; runs protected */
static int boot(lua_State *L)
{
    struct bind *bind = lua_touserdata(L, 1);
    push_loop_guard(L, bind);
    luaL_openlibs(L);
    open_packages(L);
    luv_set_loop(L, bind->loop);
    luv_set_callback(L, call_from_luv);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, luaopen_luv);
    lua_setfield(L, -2, "luv");
    lua_pop(L, 1);
    bind_open(L, bind);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "orket.main");
    lua_call(L, 1, 1); // module: function(argv) -> exit code
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    return 1;
}

/* What whoever started us may have left. Without the first three descriptors a file of ours would
 * be opened as one of them, and what is said written into it: they are made to refuse instead, each
 * by its direction. Where SIGCHLD is ignored nobody hears how a program ended. */
static bool start_sane(void)
{
    signal(SIGCHLD, SIG_DFL);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return false;
    return true;
}

/* Every waiting agent is a socket. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* A core would hold keys and conversations. With a limit of 0 the kernel still hands it to the
 * host's handler of crashes, where there is one; with 1 it does not. */
static void forbid_cores(void)
{
    struct rlimit none = {1, 1};
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* ---- memory of libraries that would crash without: they get it, or the program ends in order,
 * which loses nothing (docs/durability.md). The Makefile leads luv's allocations here. ---- */

void *luv_malloc(size_t size);
void *luv_calloc(size_t count, size_t size);

/* libuv makes a pipe after its epoll, and ends the program without a word when it cannot have
 * it. */
static int start_loop(uv_loop_t *loop)
{
    int pipe[2], rc = 0;
    if (pipe2(pipe, O_CLOEXEC))
        return -errno;
    int third = fcntl(pipe[0], F_DUPFD_CLOEXEC, 0);
    if (third < 0)
        rc = -errno;
    else
        close(third);
    close(pipe[0]);
    close(pipe[1]);
    return rc ? rc : uv_loop_init(loop);
}

static void say_no_loop(int error)
{
    struct err err = {0};
    err_os(&err, -error, "the loop cannot begin");
    fprintf(stderr, "orket: %s: %s\n  fix: %s\n", err_name(err.code), err.text,
            err.fix[0] ? err.fix : "look at the kernel's log, then run it again");
}

static void say_no_memory(void)
{
    static const char text[] =
        "orket: ERR_MEMORY: out of memory\n"
        "  fix: free some memory, then run it again; nothing that was acknowledged is lost\n";
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

static void *have(void *memory)
{
    if (memory)
        return memory;
    say_no_memory();
    _exit(1);
}

void *luv_malloc(size_t size)
{
    return have(malloc(size ? size : 1));
}

void *luv_calloc(size_t count, size_t size)
{
    return have(calloc(count ? count : 1, size ? size : 1));
}

static void *uv_realloc(void *old, size_t size)
{
    return size ? have(realloc(old, size)) : realloc(old, size);
}

/* A reader that has gone wants no output, nor does who closed it (start_sane). */
static bool is_output_wanted(void)
{
    struct pollfd reader = {.fd = STDOUT_FILENO};
    bool gone = poll(&reader, 1, 0) > 0 && reader.revents & (POLLERR | POLLHUP);
    return !gone && (fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) != O_RDONLY;
}

/* A command has failed when its output is not all there, whatever it came to. */
static int end_output(int code)
{
    bool whole = fflush(stdout) == 0 && !ferror(stdout);
    if (whole || !is_output_wanted())
        return code;
    fprintf(
        stderr,
        "orket: %s: some of the output could not be written\n"
        "  fix: look at where standard output goes, and at the space there; then run it again\n",
        err_name(ERR_IO));
    return code ? code : 1;
}

/* Runs the program in L, and closes it. */
static int run(lua_State *L, uv_loop_t *loop, int argc, char **argv)
{
    struct bind bind = {.loop = loop, .L = L};
    lua_pushcfunction(L, boot);
    lua_pushlightuserdata(L, &bind);
    push_argv(L, argc, argv);
    int code = 1;
    if (bind_call(L, 2, 1) == 0) {
        code = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_close(L);
    bind_close(&bind);
    uv_run(loop, UV_RUN_DEFAULT);
    return code;
}

int main(int argc, char **argv)
{
    if (!start_sane() || !FAULT_START())
        return 2;
    forbid_cores();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a file that may not grow is an error of the write, not our end
    raise_file_limit();
    // libcurl brings it for RTMP and LDAP: 0.7 MB that no request needs
    setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
    hash_start();
    uv_replace_allocator(malloc, uv_realloc, calloc, free);
    uv_loop_t loop;
    struct slab slab = {0};
    int code = 1, error = start_loop(&loop);
    lua_State *L = error ? NULL : lua_newstate(slab_alloc, &slab);
    if (L)
        code = run(L, &loop, argc, argv);
    else
        error && error != UV_ENOMEM ? say_no_loop(error) : say_no_memory();
    if (!error)
        uv_loop_close(&loop);
    slab_clear(&slab);
    return end_output(code);
}
