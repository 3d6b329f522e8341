-- tries: tables without end
-- expect: limit
local t = {} while true do t = { t } end
