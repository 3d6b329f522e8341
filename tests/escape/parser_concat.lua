-- tries: a concatenation of 100,000 operands
-- expect: error
-- generate
return 'return ' .. ('"x"..'):rep(100000) .. '"x"'
