-- tries: memory errors swallowed by pcall, over and over
-- expect: limit
while true do pcall(string.rep, "x", 1 << 40) end
