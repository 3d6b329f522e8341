/* value.h: plain data between C trees and any Lua state: nil/null, booleans, integers, reals, UTF-8
 * strings, arrays, objects. Used for boxes and for the trusted state alike.
 *
 * JSON null is the light userdata NULL (`cjson.null`). An array is a table with keys 1..n; an empty
 * array is an empty table whose metatable is value_array_mt (`cjson.empty_array_mt`), which arrays
 * pushed by value_push carry as well, or the mark value_empty_array (`cjson.empty_array`). Every
 * other empty table is an object.
 */
#ifndef SCRIPT_VALUE_H
#define SCRIPT_VALUE_H

#include <lua.h>

#include "base/json.h"

/* Pushes one value. May raise (memory, stack); call it inside a protected call. */
void value_push(lua_State *L, const struct json *value);

/* The same, of an object only those members that the mask names, each under its own mask. NULL, or
 * a mask that is no object: all of it. The mask has to outlive the value: asking for a member that
 * it does not name is an error. */
void value_push_some(lua_State *L, const struct json *value, const struct json *mask);

/* Decodes JSON text straight to one pushed Lua value, without a tree. 0, or a negative code with
 * nothing pushed; err as json_parse. May raise for memory. */
int value_decode(lua_State *L, const char *text, size_t len, const struct json_limits *limits,
                 struct err *err);

/* Walks the value at idx as a scan walks text: same sinks, no offsets. Functions, userdata,
 * threads, NaN, infinities, mixed or sparse tables, non-string keys, cycles are ERR_JSON with the
 * path of the offender; invalid UTF-8 is ERR_UTF8; depth, values, and bytes of all strings beyond
 * the limits are ERR_LIMIT. Tables are read raw and in no particular order. Never raises: the sink
 * may hold memory. */
int value_walk(lua_State *L, int idx, const struct json_limits *limits,
               const struct json_sink *sink, void *ctx, struct err *err) MUST_CHECK;

/* Reads the value at idx into doc (appended to its arena, not reset) as *out. Errors as value_walk.
 */
int value_read(lua_State *L, int idx, struct json_doc *doc, const struct json_limits *limits,
               struct json *out, struct err *err);

/* Appends the value at idx to out as canonical JSON text, without a tree; the encoder lends its
 * memory
 * ({0} the first time). Errors as value_walk. */
int value_encode(lua_State *L, int idx, struct json_text *encoder, struct buf *out,
                 struct err *err);

/* Pushes the metatable that marks arrays (one per state, kept in its registry). */
void value_array_mt(lua_State *L);

/* Pushes the value that stands for an empty array. */
void value_empty_array(lua_State *L);

#endif
