-- tries: a set a megabyte long, tried at every position
-- expect: limit
local set = "[" .. ("a"):rep(500000) .. "]"
while true do string.find(("b"):rep(500000), set) end
