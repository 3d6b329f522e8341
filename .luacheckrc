-- Trusted Lua knows no global beyond Lua 5.4 itself. Restricted scripts know the box's names only;
-- core/script/safelib.c has the same list, and a test compares the two.
std = "lua54"
max_line_length = false -- `make sizes` shows long lines
unused_args = true
self = false
ignore = { "211/closing" } -- `local closing <close> = handle`

local box = {
  read_globals = {
    "assert", "error", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset",
    "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "xpcall", "_VERSION",
    math = { fields = {
      "abs", "ceil", "floor", "fmod", "huge", "max", "maxinteger", "min", "mininteger", "modf", "pi", "sqrt",
      "tointeger", "type", "ult", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "deg", "rad",
    } },
    string = { fields = {
      "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep", "reverse", "sub", "upper",
    } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
    "fs", "card", "turn", "yield", "json", "cjson", "null",
  },
}
stds.box = box

for _, folder in ipairs({ "roles", "nodes", "tools", "lua/box" }) do
  files[folder] = { std = "box" }
end

files["lua/meta"] = { ignore = { "212", "241" } } -- stubs
files["tests/spec"] = { std = "lua54+busted" }
files["tests/support/cover"] = { ignore = { "122" } } -- replaces coroutine.create
files["tests/escape"] = { std = "none", ignore = { "." } } -- hostile on purpose
