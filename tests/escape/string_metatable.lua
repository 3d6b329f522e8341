-- tries: reaching the metatable of strings
-- expect: error
local mt = getmetatable("")
assert(type(mt) ~= "table")
setmetatable("", {})
