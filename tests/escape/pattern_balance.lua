-- tries: %b from every position
-- expect: limit
string.find(('('):rep(1000000), '%b()')
