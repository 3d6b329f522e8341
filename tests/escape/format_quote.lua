-- tries: quoting long binary strings
-- expect: limit
while true do local _ = ('%q'):format(('\0'):rep(300000)) end
