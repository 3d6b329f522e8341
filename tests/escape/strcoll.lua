-- tries: comparing huge strings (strcoll inside one instruction)
-- expect: limit
local a, b = ("a"):rep(3 << 20), ("a"):rep(3 << 20) .. "b"
while true do local _ = a < b, a <= b, a == b end
