-- tries: sorting with a comparator that lies
-- expect: limit
local t = {}
for i = 1, 100000 do t[i] = i end
while true do table.sort(t, function() return true end) end
