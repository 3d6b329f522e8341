-- tries: long strings as keys (hashed byte by byte)
-- expect: limit
local t, s = {}, ("k"):rep(1 << 20)
for i = 1, math.huge do t[s .. i] = nil local _ = t[s .. i] end
