-- tries: a __newindex chain that is a circle
-- expect: error
local a, b = {}, {}
setmetatable(a, { __newindex = b })
setmetatable(b, { __newindex = a })
a.x = 1
