-- tries: codepoints of a long text at once
-- expect: limit
while true do pcall(utf8.codepoint, ('x'):rep(900000), 1, -1) end
