-- tries: a numeric for that never ends
-- expect: limit
for _ = 1, math.huge do end
