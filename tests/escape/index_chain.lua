-- tries: an __index chain 2000 deep, in every instruction
-- expect: limit
local t = {}
for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
while true do local _ = t.x end
