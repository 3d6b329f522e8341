-- tries: an error text of megabytes
-- expect: error
error(('x'):rep(3 << 20))
