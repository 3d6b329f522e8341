-- tries: equality that is computed for ever
-- expect: stopped
local mt = {}
mt.__eq = function(a, b) return a == b end
return setmetatable({}, mt) == setmetatable({}, mt)
