-- tries: a pattern nested as deep as it is long
-- expect: error
string.find(('('):rep(100000), ('('):rep(100000))
