-- tries: a message handler that loops (handlers run inside the error, with hooks off)
-- expect: limit
xpcall(error, function() while true do end end)
