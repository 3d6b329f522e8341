-- tries: gotos that wait for labels that never come
-- expect: stopped
-- generate
local t = {}
for i = 1, 20000 do t[i] = "do goto a" .. i .. " end " end
return table.concat(t)
