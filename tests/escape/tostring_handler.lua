-- tries: an error value whose __tostring loops (hosts convert error values)
-- expect: error
error(setmetatable({}, { __tostring = function() while true do end end, __name = "x" }))
