-- tries: decoding arrays nested a million deep
-- expect: error
cjson.decode(('['):rep(1000000))
