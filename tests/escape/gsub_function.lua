-- tries: gsub with a function that never returns
-- expect: limit
('x'):gsub('.', function() while true do end end)
