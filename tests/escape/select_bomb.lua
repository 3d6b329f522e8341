-- tries: passing huge argument lists around
-- expect: limit
local function f(...) return select("#", ...) end
while true do pcall(function() f(table.unpack({}, 1, 100000)) end) end
