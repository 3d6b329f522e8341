-- tries: a function without its world
-- expect: error
local _ENV = setmetatable({}, { __index = function(_, k) return k end })
return x .. y()
