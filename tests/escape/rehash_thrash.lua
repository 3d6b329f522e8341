-- tries: forcing a rehash with every assignment
-- expect: limit
local t = {}
for i = 1, 1 << 16 do t["k" .. i] = i end
local i = 1 << 16
while true do
  i = i + 1
  t["k" .. i - (1 << 16)] = nil
  t["k" .. i] = i
end
