-- tries: a __close handler that loops
-- expect: limit
local x <close> = setmetatable({}, { __close = function() while true do end end })
