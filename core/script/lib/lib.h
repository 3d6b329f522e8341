/* lib.h: the functions a box can reach, and what they share. The lists make the tables in
 * safelib.c; each function behaves as its namesake in the manual of Lua 5.4 but for what
 * docs/boxes.md names. Every loop over something a script chose spends steps. */
#ifndef SCRIPT_LIB_LIB_H
#define SCRIPT_LIB_LIB_H

#include <lauxlib.h>
#include <lua.h>

#include "script/lib/text.h"
#include "script/limits/meter.h"

#define LIB_BASE(X)                                                                                \
    X(assert)                                                                                      \
    X(error) X(getmetatable) X(ipairs) X(next) X(pairs) X(pcall) X(rawequal) X(rawget) X(rawlen)   \
        X(rawset) X(select) X(setmetatable) X(tonumber) X(tostring) X(type) X(xpcall)

#define LIB_STRING(X)                                                                              \
    X(byte)                                                                                        \
    X(char) X(find) X(format) X(gmatch) X(gsub) X(len) X(lower) X(match) X(rep) X(reverse) X(sub)  \
        X(upper)

#define LIB_TABLE(X) X(concat) X(insert) X(move) X(pack) X(remove) X(sort) X(unpack)

#define LIB_UTF8(X) X(char) X(codepoint) X(codes) X(len) X(offset)

#define LIB_CJSON(X) X(decode) X(encode)

#define X(name) int lib_##name(lua_State *L);
LIB_BASE(X)
#undef X
#define X(name) int lib_string_##name(lua_State *L);
LIB_STRING(X)
#undef X
#define X(name) int lib_table_##name(lua_State *L);
LIB_TABLE(X)
#undef X
#define X(name) int lib_utf8_##name(lua_State *L);
LIB_UTF8(X)
#undef X
#define X(name) int lib_cjson_##name(lua_State *L);
LIB_CJSON(X)
#undef X

/* Pushes the value at idx as a string: __tostring and __name are honoured, addresses never shown.
 */
const char *lib_text_of(lua_State *L, int idx, size_t *len);

/* The 1-based start position that `at` means: negative counts from the end, never below 1. */
size_t lib_position(lua_Integer at, size_t len);

/* The metamethods of strings: "10" + 1. Sets them in the table at the top. */
void lib_string_arithmetic(lua_State *L);

#endif
