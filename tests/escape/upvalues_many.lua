-- tries: functions with the most upvalues there are, made in a loop
-- expect: limit
-- generate
local t = { "return function() " }
for i = 1, 150 do t[#t + 1] = "local u" .. i .. " = " .. i .. " " end
t[#t + 1] = "local keep = {} for i = 1, math.huge do keep[i] = function() return u1"
for i = 2, 150 do t[#t + 1] = ", u" .. i end
t[#t + 1] = " end end end"
return "local f = (function() " .. table.concat(t) .. " end)() f()"
