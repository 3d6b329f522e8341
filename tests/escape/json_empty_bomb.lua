-- tries: encoding one huge empty table in a hundred thousand places
-- expect: limit
local e, t = {}, {}
for i = 1, 1 << 16 do e["k" .. i] = 1 end
for i = 1, 1 << 16 do e["k" .. i] = nil end
for i = 1, 100000 do t[i] = e end
while true do pcall(cjson.encode, t) end
