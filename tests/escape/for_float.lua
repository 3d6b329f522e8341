-- tries: a loop whose step vanishes
-- expect: limit
local n = 0 for _ = 1, 2, 1e-300 do n = n + 1 end
