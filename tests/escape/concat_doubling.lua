-- tries: doubling a string between two hooks
-- expect: limit
local s = "x"
while true do s = s .. s end
