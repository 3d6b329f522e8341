-- tries: gsub with a table whose __index loops
-- expect: limit
('x'):gsub('.', setmetatable({}, { __index = function() while true do end end }))
