-- tries: answering a table whose copy would never end
-- expect: stopped
local t = {}
for _ = 1, 60 do t = { t, t, t } end
return t
