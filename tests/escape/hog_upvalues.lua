-- tries: a chain of closures over closures
-- expect: limit
local f = function() end for _ = 1, math.huge do local g = f f = function() return g end end
