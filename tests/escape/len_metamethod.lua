-- tries: a length that is computed for ever
-- expect: stopped
return #setmetatable({}, { __len = function(t) return #t end })
