-- tries: nested coroutine.close
-- expect: error
local co
co = coroutine.create(function() local x <close> = setmetatable({},
  { __close = function() coroutine.close(co) end }) end)
coroutine.resume(co)
