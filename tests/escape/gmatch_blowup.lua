-- tries: quadratic and worse backtracking in string.gmatch
-- expect: limit
for _ in string.gmatch(("x"):rep(300000), ".-.-.-.-y") do end
