-- tries: string.rep to 2^53 empty strings and to terabytes
-- expect: limit
assert(("").rep("", 2 ^ 53) == "")
return #("x"):rep(1 << 42)
