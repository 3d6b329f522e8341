-- tries: recursion through callbacks of gsub
-- expect: stopped
local function f() return (("x"):gsub(".", f)) end
f()
