-- tries: __close handlers that go on working after the budget is spent
-- expect: limit
local mt = { __close = function() while true do end end }
local function f() local a <close>, b = setmetatable({}, mt) while true do end end
while true do pcall(f) end
