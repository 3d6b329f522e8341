-- tries: a text longer than memory through %s
-- expect: limit
local s = ("x"):rep(3 << 20)
return ("%s"):rep(20):format(s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s, s)
