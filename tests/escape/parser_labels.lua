-- tries: labels that the compiler compares with each other
-- expect: limit
-- generate
local t = {}
for i = 1, 60000 do t[i] = "::a" .. i .. ":: f()" end
return table.concat(t)
