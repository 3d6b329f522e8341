/* sys.c: `orket.core.sys`: clocks, version, exit code, terminal facts. */
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "bind/pool.h"
#include "io/host.h"
#include "io/net/peer.h"

#ifndef ORKET_VERSION
#define ORKET_VERSION "0.0.0"
#endif

/* sys.now() -> "2026-01-31T12:00:00.123Z" (UTC, RFC 3339) */
static int l_now(lua_State *L)
{
    struct timespec ts;
    struct tm tm;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + len, sizeof text - len, ".%03dZ", (int)(ts.tv_nsec / 1000000));
    lua_pushstring(L, text);
    return 1;
}

/* sys.monotonic() -> seconds as a float, for durations only */
static int l_monotonic(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)uv_hrtime() / 1e9);
    return 1;
}

/* sys.nonce() -> 64 hexadecimal digits that no program can know before, nor from earlier ones */
static int l_nonce(lua_State *L)
{
    unsigned char bytes[32];
    char hex[2 * sizeof bytes + 1];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
    lua_pushstring(L, hex);
    return 1;
}

/* sys.version() -> "0.1.0" */
static int l_version(lua_State *L)
{
    lua_pushliteral(L, ORKET_VERSION);
    return 1;
}

/* sys.is_tty(fd) -> boolean */
static int l_is_tty(lua_State *L)
{
    lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
    return 1;
}

/* sys.error_class("ERR_JSON") -> "input"; unknown codes are "bug" */
static int l_error_class(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    int code = -1;
    while (strcmp(err_name(code), name) != 0 && err_name(code - 1) != err_name(ERR_BUG))
        code--;
    lua_pushstring(L, strcmp(err_name(code), name) == 0 ? err_class(code) : "bug");
    return 1;
}

/* sys.user() -> the name of the person at the keyboard (of the process's user) */
static int l_user(lua_State *L)
{
    uv_passwd_t user;
    if (uv_os_get_passwd(&user)) {
        lua_pushliteral(L, "unknown");
        return 1;
    }
    lua_pushstring(L, user.username); // a memory error here leaks the record: the process ends
    uv_os_free_passwd(&user);
    return 1;
}

/* sys.peer(fd) -> "trusted": the other end of a unix socket is of this user or root, and in no
 * jail; "gone": it ends or has ended; else "stranger" */
static int l_peer(lua_State *L)
{
    static const char *const names[] = {
        [PEER_STRANGER] = "stranger", [PEER_TRUSTED] = "trusted", [PEER_GONE] = "gone"};
    lua_pushstring(L, names[peer_of((int)luaL_checkinteger(L, 1))]);
    return 1;
}

/* sys.peer_user(fd) -> name of the user at the other end of a unix socket, its number when it has
 * none | nil */
static int l_peer_user(lua_State *L)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt((int)luaL_checkinteger(L, 1), SOL_SOCKET, SO_PEERCRED, &peer, &len))
        return 0;
    struct passwd user, *found = NULL;
    char room[4096];
    if (getpwuid_r(peer.uid, &user, room, sizeof room, &found) == 0 && found)
        lua_pushstring(L, user.pw_name);
    else
        lua_pushfstring(L, "%I", (lua_Integer)peer.uid);
    return 1;
}

static bool is_ours(const char *name)
{
    static const char *const names[] = {
        "NO_COLOR", "TERM", "TMPDIR", "LC_ALL", "LC_CTYPE", "LANG",
        "OLLAMA_HOST", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_SERVICE_NAME", "OTEL_SDK_DISABLED",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, "ORKET_", 6) == 0;
}

static bool ends_with(const char *name, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len > n && strcmp(name + len - n, end) == 0;
}

/* sys.env(name) -> text | nil; only the names of is_ours, so that no secret is reached; of those
 * that end in _KEY or _HEADERS only whether they are set: "set" */
static int l_env(lua_State *L)
{
    size_t len;
    const char *name = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, is_ours(name), 1, "not ours");
    const char *text = getenv(name);
    bool is_secret = ends_with(name, len, "_KEY") || ends_with(name, len, "_HEADERS");
    lua_pushstring(L, text && *text && is_secret ? "set" : text);
    return 1;
}

/* sys.descriptors() -> how many files this process may have open at once */
static int l_descriptors(lua_State *L)
{
    struct rlimit limit;
    bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= LUA_MAXINTEGER;
    lua_pushinteger(L, known ? (lua_Integer)limit.rlim_cur : LUA_MAXINTEGER);
    return 1;
}

/* sys.is_ignored("SIGHUP") -> boolean: the process was started so that it ignores the signal */
static int l_is_ignored(lua_State *L)
{
    struct sigaction now;
    luaL_argcheck(L, strcmp(luaL_checkstring(L, 1), "SIGHUP") == 0, 1, "SIGHUP");
    lua_pushboolean(L, sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
    return 1;
}

/* sys.window(fd) -> columns, rows; 80, 24 when it is no terminal or does not say */
static int l_window(lua_State *L)
{
    struct winsize size = {0};
    if (ioctl((int)luaL_checkinteger(L, 1), TIOCGWINSZ, &size) || !size.ws_col || !size.ws_row)
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    lua_pushinteger(L, size.ws_col);
    lua_pushinteger(L, size.ws_row);
    return 2;
}

#ifdef ORKET_FAULTS
static void push_fault(lua_State *L, const struct fault *row)
{
    lua_createtable(L, 0, 4);
    lua_pushstring(L, row->name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, row->place);
    lua_setfield(L, -2, "place");
    lua_pushstring(L, row->what);
    lua_setfield(L, -2, "what");
    lua_pushboolean(L, row->fails);
    lua_setfield(L, -2, "fails");
}

/* sys.faults() -> array of {name=, place=, what=, fails=} | nil in a release build,
 * which has none */
static int l_faults(lua_State *L)
{
    struct fault row;
    lua_newtable(L);
    for (size_t i = 0; fault_row(i, &row); i++) {
        push_fault(L, &row);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}
#else
static int l_faults(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}
#endif

static int sample(void *dir, struct buf *text, struct err *err)
{
    return host_sample(dir, text, err);
}

/* sys.sample(dir, done: fun(json|nil, message?, code?)): io/host.h */
static int l_sample(lua_State *L)
{
    const char *dir = luaL_checkstring(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    return bind_pool(L, 2, sample, free, strdup(dir));
}

static const luaL_Reg functions[] = {
    {"now", l_now},
    {"monotonic", l_monotonic},
    {"nonce", l_nonce},
    {"version", l_version},
    {"is_tty", l_is_tty},
    {"descriptors", l_descriptors},
    {"window", l_window},
    {"user", l_user},
    {"env", l_env},
    {"error_class", l_error_class},
    {"peer", l_peer},
    {"peer_user", l_peer_user},
    {"is_ignored", l_is_ignored},
    {"sample", l_sample},
    {"faults", l_faults},
    {NULL, NULL},
};

int luaopen_orket_sys(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
