-- tries: traversing huge empty tables again and again
-- expect: limit
local t = {}
for i = 1, 50000 do t["k" .. i] = i end
for i = 1, 50000 do t["k" .. i] = nil end
while true do for _ in pairs(t) do end next(t) end
