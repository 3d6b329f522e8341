-- tries: keys that are not equal to themselves
-- expect: error
local t = {} t[0 / 0] = 1
