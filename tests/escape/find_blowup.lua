-- tries: exponential backtracking in string.find
-- expect: limit
string.find(("a"):rep(60), ("a-"):rep(60) .. "b")
