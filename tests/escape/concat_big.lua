-- tries: big concatenations between two hooks
-- expect: limit
local s = ("x"):rep(1 << 20)
while true do local _ = s .. s .. s end
