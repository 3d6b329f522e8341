-- tries: a finalizer that loops (finalizers run with hooks off)
-- expect: error
setmetatable({}, { __gc = function() while true do end end })
