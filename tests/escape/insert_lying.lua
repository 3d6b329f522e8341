-- tries: table.insert with a length that lies
-- expect: limit
local t = setmetatable({}, { __len = function() return 1 << 52 end })
table.insert(t, 1, "x")
