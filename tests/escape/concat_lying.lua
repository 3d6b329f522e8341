-- tries: table.concat with a length that lies and items from __index
-- expect: limit
local t = setmetatable({}, { __len = function() return 1 << 52 end, __index = function() return "" end })
table.concat(t)
