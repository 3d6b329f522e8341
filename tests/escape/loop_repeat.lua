-- tries: repeat until never, with a closure in each turn
-- expect: limit
repeat local x; local function _() return x end until false
