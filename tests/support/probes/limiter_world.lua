-- limiter_world.lua: a limiter and a clock that is set: what chunks of limiter_spec.lua stand on.
-- luacheck: ignore 211

local async, cjson, limiters = require("orket.async"), require("cjson"), require("orket.llm.request.limiter")
local now, sleeping, log = 0, {}, {}
async.sleep = function(seconds)
  local one = { at = now + seconds }
  return async.suspend(function(wake)
    one.wake = wake
    sleeping[#sleeping + 1] = one
    return function() one.wake = nil end
  end)
end
-- Time passes, from one sleeper to the next.
local function pass(seconds)
  local till = now + seconds
  while true do
    local next
    for i, one in ipairs(sleeping) do
      if one.wake and one.at <= till and (not next or one.at < sleeping[next].at) then next = i end
    end
    if not next then break end
    local one = table.remove(sleeping, next)
    now = math.max(now, one.at)
    one.wake(true)
  end
  now = till
end
local function new(limits, breaker) return limiters.new("far", limits, breaker, function() return now end) end
local DOWN = { code = "ERR_HTTP", class = "model", status = 503, message = "down", is_attempt = true }
-- A task that asks; what(limiter) says what came of it, when it is told.
local function ask(limiter, name)
  local one = { name = name }
  one.task = async.spawn(function()
    local ok, err = limiter:enter()
    one.inside, one.err, one.at = ok, err, now
    log[#log + 1] = name
  end)
  function one.leave(reply, err) one.inside = nil; limiter:leave(reply, err) end
  return one
end
