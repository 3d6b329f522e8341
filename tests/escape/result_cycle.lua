-- tries: answering a table that contains itself
-- expect: stopped
local t = {} t.t = t return t
