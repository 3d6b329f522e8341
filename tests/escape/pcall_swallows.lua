-- tries: swallowing the kill with pcall, level over level
-- expect: limit
local function level(n)
  if n > 0 then pcall(level, n - 1) end
  while true do pcall(function() while true do end end) end
end
level(100)
