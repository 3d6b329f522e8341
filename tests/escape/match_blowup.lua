-- tries: exponential backtracking in string.match
-- expect: limit
string.match(("a"):rep(50), ("a?"):rep(50) .. ("a"):rep(50))
