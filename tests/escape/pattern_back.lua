-- tries: back references to long captures
-- expect: limit
string.find(('a'):rep(500000), '(.*)%1%1b')
