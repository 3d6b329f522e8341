/* sys.c: `orket.core.sys`: clocks, version, exit code, terminal facts. */
#include <time.h>
#include <unistd.h>

#include "bind/bind.h"

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

static const luaL_Reg functions[] = {
    {"now", l_now},
    {"monotonic", l_monotonic},
    {"version", l_version},
    {"is_tty", l_is_tty},
    {NULL, NULL},
};

int luaopen_orket_sys(lua_State *L)
{
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
