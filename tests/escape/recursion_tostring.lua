-- tries: recursion through __tostring and the library
-- expect: stopped
local t
t = setmetatable({}, { __tostring = function() return tostring(t) end })
tostring(t)
