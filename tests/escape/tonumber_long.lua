-- tries: reading numbers a megabyte long
-- expect: limit
local s = ('1'):rep(1000000) while true do local _ = tonumber(s), tonumber(s, 7) end
