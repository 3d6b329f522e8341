-- tries: an operation that contains itself
-- expect: error
local t = {} t.t = t perform(t)
