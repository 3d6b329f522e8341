-- tries: load of bytecode at run time
-- expect: error
load(string.char(27) .. "Lua", "x", "b")
