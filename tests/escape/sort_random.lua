-- tries: a comparator that changes its mind and the table
-- expect: limit
local t, n = {}, 0
for i = 1, 5000 do t[i] = i % 7 end
while true do table.sort(t, function(a, b) n = n + 1 t[n % 5000 + 1] = n return n % 3 == 0 end) end
