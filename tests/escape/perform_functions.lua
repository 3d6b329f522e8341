-- tries: an operation that carries a function
-- expect: error
perform({ op = function() end })
