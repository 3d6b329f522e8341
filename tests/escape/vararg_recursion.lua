-- tries: argument lists that grow with the recursion
-- expect: stopped
local function f(...) return f(1, ...) end f()
