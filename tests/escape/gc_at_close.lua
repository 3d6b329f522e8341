-- tries: a finalizer that would run when the state is closed
-- expect: ok
local mt = { __name = "x" }
keep = setmetatable({}, mt)
rawset(mt, "__g" .. "c", function() while true do end end)
pcall(setmetatable, keep, mt)
