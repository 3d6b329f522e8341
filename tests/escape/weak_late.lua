-- tries: weak tables slipped in after setmetatable (marking them is quadratic)
-- expect: stopped
local mt, last = {}, {}
for _ = 1, 20000 do
  local t = setmetatable({}, mt)
  t[last] = { t }
  last = t
end
mt.__mode = "k"
for i = 1, 50000 do local _ = { i } end
