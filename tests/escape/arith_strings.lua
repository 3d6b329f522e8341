-- tries: arithmetic with long strings that are almost numbers
-- expect: limit
local s = (' '):rep(1000000) .. '1' while true do local _ = s + 1 end
