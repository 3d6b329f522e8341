/* safelib.h: the whole world of a restricted script. Every function a box can reach is listed in
 * safelib.c, in .luacheckrc and in tests/escape/golden.txt; a test compares the three. */
#ifndef SCRIPT_SAFELIB_H
#define SCRIPT_SAFELIB_H

#include <lua.h>

/* Fills the globals of a fresh state and locks the metatable of strings. Raises for memory. */
void safelib_open(lua_State *L);

#endif
