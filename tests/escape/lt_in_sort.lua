-- tries: sorting with __lt that sorts
-- expect: stopped
local mt, t = {}, {}
mt.__lt = function() table.sort(t) return true end
for i = 1, 10 do t[i] = setmetatable({}, mt) end
table.sort(t)
