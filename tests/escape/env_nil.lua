-- tries: no world at all
-- expect: error
local _ENV = nil x = 1
