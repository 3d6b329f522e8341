-- tries: an operation larger than the wall lets through
-- expect: stopped
local t = {}
for i = 1, 100 do t[i] = t[i - 1] and { t[i - 1], t[i - 1] } or {} end
perform(t[100])
