-- tries: garbage faster than the collector
-- expect: limit
while true do local _ = ('x'):rep(500000) end
