-- tries: a long bracket that never closes
-- expect: error
-- generate
return 'return [' .. ('='):rep(500000) .. '[x'
