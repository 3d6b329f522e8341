-- tries: a plain endless loop
-- expect: limit
while true do end
