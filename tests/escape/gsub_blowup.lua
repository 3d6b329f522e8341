-- tries: backtracking in string.gsub
-- expect: limit
string.gsub(("a"):rep(200000), "(a*)*(a*)b", "")
