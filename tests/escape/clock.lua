-- tries: finding out the time or an address
-- expect: ok
assert(not math.random and not os and not string.pack)
assert(tostring({}) == "table" and tostring(print) == "nil" and tostring(type) == "function")
assert(not tostring(cjson.null):find("0x"))
