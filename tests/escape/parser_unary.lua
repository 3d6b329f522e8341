-- tries: 100,000 unary operators
-- expect: error
-- generate
return 'return ' .. ('- '):rep(100000) .. '1'
