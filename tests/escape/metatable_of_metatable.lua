-- tries: metatables of metatables of metatables
-- expect: stopped
local t = {}
for _ = 1, 100000 do t = setmetatable({ __index = t, __newindex = t }, t) end
t.x = t.y
