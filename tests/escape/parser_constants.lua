-- tries: a function with a hundred thousand constants
-- expect: stopped
-- generate
local t = {}
for i = 1, 100000 do t[i] = "x=" .. i .. ".5" end
return table.concat(t, " ")
