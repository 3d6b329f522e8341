-- tries: recursion through metamethods (C levels)
-- expect: stopped
local mt = {}
mt.__index = function(t, k) return t[k .. "x"] end
mt.__add = function(a, b) return a + b end
return setmetatable({}, mt) + 1
