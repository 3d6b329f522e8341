-- tries: one array without end
-- expect: limit
local t = {} for i = 1, math.huge do t[i] = i end
