-- tries: replacing functions that the library itself uses
-- expect: limit
string.format, table.concat, tostring, type, pcall, error = nil
for k in pairs(string) do string[k] = function() while true do end end end
setmetatable(_G, { __index = function() return function() end end, __newindex = error })
return ("x"):rep(3)
