-- tries: more locals than a function may have
-- expect: error
-- generate
return ('local a '):rep(300)
