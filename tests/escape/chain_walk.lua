-- tries: lookups along a chain of colliding keys
-- expect: limit
local step, t = (1 << 14) - 1, {}
for i = 1, 1 << 13 do t[i * step] = true end
while true do local _ = t[-step] end
