-- tries: a text of nothing but continuation bytes
-- expect: limit
local s = ("\x80"):rep(2000000)
while true do pcall(utf8.len, s) pcall(utf8.offset, s, -1) pcall(utf8.codes(""), s, 1) end
