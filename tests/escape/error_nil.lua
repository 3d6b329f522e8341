-- tries: an error without a value
-- expect: error
error()
