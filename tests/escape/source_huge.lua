-- tries: a source text beyond the limit
-- expect: error
-- generate
return ('-'):rep(2 << 20)
