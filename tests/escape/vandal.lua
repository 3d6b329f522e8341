-- tries: breaking everything that can be broken, for whoever comes next
-- expect: ok
local _pairs, _type, _rawset, _setmetatable, _G = pairs, type, rawset, setmetatable, _G
x_leak = "leaked"
cjson.array_mt.__index = function() return "leaked" end
for _, library in _pairs({ string, table, math, utf8, cjson }) do
  for name in _pairs(library) do library[name] = false end
end
for name in _pairs(_G) do _G[name] = false end
_setmetatable(_G, { __index = function() return "leaked" end })
