-- tries: a __close handler on every level of a deep recursion, each of which fails
-- expect: stopped
local mt = { __close = function() error("again") end }
local function f(n) local x <close> = setmetatable({}, mt) f(n + 1) end
f(1)
