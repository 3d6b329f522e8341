/* terminal.c: `orket.core.terminal`: a terminal that gives keys one by one,
 * and gets back what was found. */
#include <stdbool.h>
#include <termios.h>
#include <unistd.h>

#include "bind/bind.h"

#define TERMINAL_TYPE "orket.terminal"
#define PASTES "\33[?2004h" // what is pasted comes between marks, so that it is no key
#define NO_PASTES "\33[?2004l"

struct terminal {
    int fd; /* not ours */
    bool taken;
    struct termios found;
};

/* The kernel stops a process in the background that reads or sets its terminal. */
static bool is_in_front(int fd)
{
    return tcgetpgrp(fd) == getpgrp();
}

static bool set(int fd, const struct termios *settings, const char *pastes, size_t len)
{
    if (tcsetattr(fd, TCSANOW, settings))
        return false;
    (void)!write(fd, pastes, len); // a terminal that is open for reading alone has no marks
    return true;
}

/* handle:close(): what was found, unless another program has the terminal now; once is enough */
static int l_close(lua_State *L)
{
    struct terminal *terminal = luaL_checkudata(L, 1, TERMINAL_TYPE);
    if (terminal->taken && is_in_front(terminal->fd))
        (void)set(terminal->fd, &terminal->found, NO_PASTES, sizeof NO_PASTES - 1);
    terminal->taken = false;
    return 0;
}

/* terminal.keys(fd) -> handle | nil, message, code: keys come at once and are not echoed; ^C and ^Z
 * stay signals, ^\ does nothing. The handle gives back what was found when it is closed,
 * or collected. */
static int l_keys(lua_State *L)
{
    int fd = (int)luaL_checkinteger(L, 1);
    struct terminal *terminal = lua_newuserdatauv(L, sizeof *terminal, 0);
    *terminal = (struct terminal){.fd = fd};
    luaL_setmetatable(L, TERMINAL_TYPE);
    struct err err = {0};
    if (!is_in_front(fd) || tcgetattr(fd, &terminal->found)) {
        err_set(&err, ERR_IO, "no terminal in the foreground");
        return bind_fail(L, &err);
    }
    struct termios keys = terminal->found;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    keys.c_cc[VQUIT] = _POSIX_VDISABLE;
    terminal->taken = set(fd, &keys, PASTES, sizeof PASTES - 1);
    return 1;
}

static const luaL_Reg methods[] = {
    {"close", l_close},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"keys", l_keys},
    {NULL, NULL},
};

int luaopen_orket_terminal(lua_State *L)
{
    bind_type(L, TERMINAL_TYPE, methods, l_close);
    lua_newtable(L);
    bind_functions(L, functions);
    return 1;
}
