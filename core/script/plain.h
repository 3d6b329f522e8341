/* plain.h: any Lua value shown as plain data: what is none appears as {"type":"function"} and the
 * like, so that a person, or a test, can look at everything a script returned. */
#ifndef SCRIPT_PLAIN_H
#define SCRIPT_PLAIN_H

#include <lua.h>

#include "base/json.h"

/* Walks the value at the top of L into the sink and leaves the stack as it was. Tables are read
 * raw; neither code runs nor does anything raise. Tables that are neither arrays nor objects, or
 * nested too deep, or too many, show as {"type":"table"}; bytes that are no UTF-8 as
 * {"type":"string"}. Only the sink's errors are answered. */
int plain_walk(lua_State *L, const struct json_sink *sink, void *ctx) MUST_CHECK;

#endif
