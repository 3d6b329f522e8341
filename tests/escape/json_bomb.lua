-- tries: encoding a table whose text would be 2^50 values long
-- expect: error
local t = {}
for _ = 1, 50 do t = { t, t } end
cjson.encode(t)
