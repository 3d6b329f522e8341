-- tries: unprotected raise at the memory cap: fill memory to the last byte, then fail
-- expect: limit
local keep, n = {}, 0
local function fill(size) while true do n = n + 1; keep[n] = ("x"):rep(size) .. n end end
pcall(fill, 10000)
pcall(fill, 10)
error(("y"):rep(100))
