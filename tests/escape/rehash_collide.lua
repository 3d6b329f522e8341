-- tries: a rehash whose keys all collide: seconds inside one instruction
-- expect: limit
local bits = 17
local step = (1 << (bits + 1)) - 1
local t = {}
for i = 1, (1 << bits) + 1 do t[i * step] = true end
