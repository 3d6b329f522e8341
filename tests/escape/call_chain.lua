-- tries: __call of a __call of a __call
-- expect: error
local t = {}
for _ = 1, 300 do t = setmetatable({}, { __call = t }) end
t()
