-- limiter.lua: a limiter and a clock that is set, and the tests of limiter_spec.lua inside the binary.

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

local M = {}

function M.lets_so_many_once()
  local limiter, all = new({ concurrent = 2 }), {}
  for i = 1, 6 do all[i] = ask(limiter, i) end
  local first = #log
  all[2].leave({})
  async.cancel(all[4].task) -- waits in line
  all[1].leave(nil, DOWN)
  all[3].leave({})
  print(cjson.encode({ first = first, log = log, busy = limiter.busy, canceled = all[4].err.code }))
end

function M.never_more_than_so()
  math.randomseed(7)
  local limiter, all, most, timers, left = new({ per_minute = 5, concurrent = 3 }), {}, 0, 0, 0
  for i = 1, 60 do
    all[i] = ask(limiter, i)
    pass(math.random(0, 6))
    local waiting = 0
    for _, one in ipairs(sleeping) do waiting = waiting + (one.wake and 1 or 0) end
    timers = math.max(timers, waiting)
    for _, one in ipairs(all) do if one.inside and math.random() < 0.6 then one.leave({}) end end
  end
  for _ = 1, 200 do
    for _, one in ipairs(all) do if one.inside then one.leave({}) end end
    pass(10)
  end
  for i, one in ipairs(all) do
    local count = 0
    for j = 1, i do count = count + (one.at - all[j].at < 60 and 1 or 0) end
    most, left = math.max(most, count), left + (one.at and 0 or 1)
  end
  print(cjson.encode({ most = most, timers = timers, left = left, count = #log, busy = limiter.busy,
    last = log[60] }))
end

function M.opens_after_failures_row()
  local limiter, said = new(nil, { failures = 2, seconds = 10 }), {}
  local function fail() local one = ask(limiter, "f"); one.leave(nil, DOWN) end
  fail(); ask(limiter, "ok").leave({}); fail()
  said.closed = ask(limiter, "x").inside; limiter:leave({ }, nil)
  local many = {}
  for i = 1, 5 do many[i] = ask(limiter, i) end
  for i = 1, 5 do many[i].leave(nil, DOWN) end -- what was under way together counts once
  local refused = ask(limiter, "y")
  said.unsent, said.after, said.code = refused.err.unsent, refused.err.retry_after, refused.err.code
  pass(10)
  local tried, second = ask(limiter, "p"), ask(limiter, "q")
  said.tried, said.waits = tried.inside, second.inside == nil and second.err == nil
  tried.leave(nil, DOWN)
  said.again = second.err.retry_after
  pass(20)
  tried, second = ask(limiter, "r"), ask(limiter, "s")
  async.cancel(tried.task)
  tried.leave() -- canceled: nothing is known, the next one tries
  said.next = second.inside
  local third = ask(limiter, "t")
  second.leave({})
  said.third, said.failures = third.inside, limiter.breaker.failures
  print(cjson.encode(said))
end

function M.stays_open_others_were()
  local limiter = limiters.new("far", nil, { failures = 5, seconds = 7, outages = true },
    function() return now end, { limit = 3600 })
  local said = {}
  local function outage(answers)
    local one = ask(limiter, 1)
    one.leave(nil, DOWN)
    return limiter.breaker:give_up(DOWN, answers)
  end
  local answers = limiter.breaker.answers
  ask(limiter, 2).leave({})
  said.seconds, said.since = outage(answers)
  said.other = ask(limiter, 3).inside
  limiter:leave({})
  answers = limiter.breaker.answers
  said.all = outage(answers)
  said.refused = ask(limiter, 4).err ~= nil
  print(cjson.encode(said))
end

function M.holds_all_them_off()
  local limiter, said = new({ concurrent = 9 }), {}
  local BUSY = { code = "ERR_HTTP", class = "model", status = 429, message = "slow", retry_after = 30,
    is_attempt = true }
  ask(limiter, "a").leave(nil, BUSY)
  local one, two = ask(limiter, "b"), ask(limiter, "c")
  said.held = not one.inside and not two.inside
  pass(29); said.still = not one.inside
  pass(1); said.both = one.inside and two.inside
  BUSY.retry_after = 600
  one.leave(nil, BUSY)
  local three = ask(limiter, "d")
  said.refused, said.unsent = three.err.retry_after, three.err.unsent
  print(cjson.encode(said))
end

function M.parked_card_waits_attempt()
  local breakers = require("orket.llm.request.breaker")
  local limiter = limiters.new("far", nil, { failures = 1, seconds = 2, outages = true },
    function() return now end, { limit = 5 })
  local breaker, said = limiter.breaker, {}
  local function park(name)
    async.spawn(function() said[name] = { breakers.await({ breaker }), now } end)
  end
  ask(limiter, "down").leave(nil, DOWN)
  park("tries")
  park("waits")
  pass(2) -- the first may ask, and hears nothing yet
  pass(9)
  print(cjson.encode(said))
end

-- Two projects: one may ask once at a time, the other one as often as it likes.
function M.shares()
  local share = require("orket.llm.request.endpoint_share").of("far")
  local clock = function() return now end
  local strict = limiters.new("far", { concurrent = 1 }, nil, clock, nil, share)
  local free = limiters.new("far", nil, nil, clock, nil, share)
  local alone = { ask(free, "f1"), ask(free, "f2") }
  local first = #log -- nobody else asks: both are in
  local waiting = { ask(strict, "s1"), ask(strict, "s2"), ask(free, "f3"), ask(free, "f4") }
  local kept = #log -- from here on one at a time
  alone[1].leave({})
  alone[2].leave({})
  local most, order = strict.busy + free.busy, {}
  while strict.busy + free.busy > 0 do
    for _, one in ipairs(waiting) do
      if one.inside then
        one.leave({})
        order[#order + 1] = one.name:sub(1, 1)
        most = math.max(most, (strict.busy > 0 or strict.line[1]) and strict.busy + free.busy or 0)
        break
      end
    end
  end
  print(cjson.encode({ first = first, kept = kept, most = most, order = table.concat(order), log = log,
    busy = share.busy }))
end

-- Two projects that may ask once at a time, the first of which asks far more often.
function M.takes_turns()
  local share = require("orket.llm.request.endpoint_share").of("far")
  local clock, all, most = function() return now end, {}, 0
  for name, count in pairs({ a = 12, b = 3 }) do
    local limiter = limiters.new("far", { concurrent = 1 }, nil, clock, nil, share)
    for i = 1, count do
      all[#all + 1] = ask(limiter, name .. i)
    end
  end
  local function step()
    for _, one in ipairs(all) do
      if one.inside then
        most = math.max(most, share.busy)
        one.leave({})
        return true
      end
    end
  end
  while step() do end
  print(cjson.encode({ most = most, busy = share.busy, log = log }))
end

-- What is canceled in line: one whose place another one of its project has, and one with which the bound ends.
function M.canceled_gives_turn()
  local share = require("orket.llm.request.endpoint_share").of("far")
  local clock = function() return now end
  local strict = limiters.new("far", { concurrent = 1 }, nil, clock, nil, share)
  local free = limiters.new("far", nil, nil, clock, nil, share)
  local first, canceled = ask(strict, "s1"), ask(strict, "s2")
  local free_one, next_one = ask(free, "f1"), ask(strict, "s3")
  ask(free, "f2")
  async.cancel(canceled.task)
  first.leave({}) -- f1 has waited longest
  free_one.leave({}) -- then s3, in place of s2
  next_one.leave({}) -- f2 and, with it, s4 would wait for each other
  local last = ask(strict, "s4")
  ask(free, "f3")
  async.cancel(last.task) -- only f ask now: without a bound
  print(cjson.encode({ log = log, busy = share.busy, waiting = #strict.line + #free.line,
    canceled = { canceled.err.code, last.err.code } }))
end

return M
