-- tries: gsub that multiplies its text
-- expect: limit
local s = 'x' while true do s = s:gsub('.', '%0%0%0%0') end
