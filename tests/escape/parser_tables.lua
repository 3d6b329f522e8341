-- tries: table constructors nested 100,000 deep
-- expect: error
-- generate
return 'return ' .. ('{'):rep(100000)
