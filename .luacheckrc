-- Trusted Lua knows no global beyond Lua 5.4 itself. Restricted scripts know the box's names only;
-- core/script/safelib.c has the same list, and a test compares the two.
std = "lua54"
max_line_length = false -- `make sizes` shows long lines
unused_args = true
self = false
ignore = { "211/closing" } -- `local closing <close> = handle`

stds.box = {
  read_globals = {
    "_G", "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "perform", "rawequal",
    "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
    cjson = { fields = {
      "array_mt", "decode", "empty_array", "empty_array_mt", "encode", "null",
    } },
    math = { fields = {
      "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max", "maxinteger",
      "min", "mininteger", "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type", "ult",
    } },
    string = { fields = {
      "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper",
    } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
  },
}
stds.prelude = { read_globals = { "board", "brief", "card", "code", "fs", "mcp", "patch", "plan", "proc", "some", "turn" } } -- lua/box/

for _, folder in ipairs({ "roles", "nodes", "tools" }) do
  files[folder] = { std = "box+prelude" }
end
files["lua/box"] = { std = "box", globals = { "board", "brief", "card", "code", "fs", "mcp", "patch", "plan", "proc", "some", "turn" } }

files["lua/orket/dev/repl/face.lua"] = { std = "box+prelude", globals = { "run" } }

files["lua/meta"] = { ignore = { "212", "241" } } -- stubs
files["tests/spec"] = { std = "lua54+busted" }
files["tests/support/cover"] = { ignore = { "122" } } -- replaces coroutine.create
files["tests/escape"] = { std = "none", ignore = { "." } } -- hostile on purpose
files["tests/injection/obey.lua"] = { globals = { "PLANS", "REVIEWS", "reply" } }
files["tests/support/teams"] = { globals = {
  "accept", "as_text", "call", "cjson", "each", "finish", "json", "kind", "native", "render", "reply", "review", "say", "status", "steps", "synonyms", "work",
  "write",
} }
files["tests/support/scripts"] = { std = "box+prelude" }
files["tests/support/planner.lua"] = { globals = { "plan", "reply", "sound" } }
files["tests/support/play.lua"] = { globals = { "accept", "call", "finish", "reply", "review", "say", "status", "steps", "work", "write" } }
files["tests/support/ordinary.lua"] = { globals = { "FAULT", "SEED", "accept", "call", "finish", "review", "say", "work", "write" } }
