-- tries: string.byte of a long text at once
-- expect: limit
while true do pcall(string.byte, ('x'):rep(900000), 1, -1) end
