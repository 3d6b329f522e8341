-- tries: seeing the collector at work through weak values
-- expect: ok
local mt = {}
local t = setmetatable({ {} }, mt)
mt.__mode = "v"
for i = 1, 20000 do local _ = { i } end
assert(t[1])
