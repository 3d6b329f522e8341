-- tries: an error that blames a level that is not there
-- expect: error
error('x', 1 << 30)
