-- tries: decoding a long text for ever
-- expect: limit
local s = '[' .. ('1,'):rep(100000) .. '1]' while true do cjson.decode(s) end
