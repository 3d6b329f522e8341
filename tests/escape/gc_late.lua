-- tries: a finalizer slipped into the metatable after it was set
-- expect: ok
local mt = {}
setmetatable({}, mt)
mt.__gc = function() while true do end end
for i = 1, 2000 do local t = setmetatable({}, nil); t[1] = i end
local again = pcall(setmetatable, {}, mt)
assert(not again)
