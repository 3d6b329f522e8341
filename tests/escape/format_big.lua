-- tries: the longest numbers format can make, for ever
-- expect: limit
while true do local _ = ('%99.99f'):format(-1e308) end
