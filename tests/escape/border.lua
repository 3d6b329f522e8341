-- tries: the border operator on tables built to make it work
-- expect: limit
local t = {}
for i = 1, 200000 do t[i] = true end
for i = 2, 199999 do t[i] = nil end
while true do local _ = #t end
