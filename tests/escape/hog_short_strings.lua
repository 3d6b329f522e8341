-- tries: filling the table of short strings
-- expect: limit
local t = {} for i = 1, math.huge do t[i] = i .. 'x' end
