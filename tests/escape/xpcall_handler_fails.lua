-- tries: handlers that fail and call each other
-- expect: limit
local function handler(e) return xpcall(error, handler, e) end
while true do xpcall(error, handler, "x") end
