-- tries: table.unpack as wide as the stack allows, again and again
-- expect: limit
while true do pcall(table.unpack, {}, 1, 900000) end
