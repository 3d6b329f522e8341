-- tries: answering one huge empty table in a hundred thousand places
-- expect: stopped
local e, t = {}, {}
for i = 1, 1 << 15 do e["k" .. i] = 1 end
for i = 1, 1 << 15 do e["k" .. i] = nil end
for i = 1, 100000 do t[i] = e end
return t
