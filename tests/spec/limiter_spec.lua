-- The limiter of a model, inside the binary, with a clock that is told what time it is.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local WORLD = orket.read("tests/support/probes/limiter_world.lua")

local function probe(chunk)
  local text = orket.probe(WORLD .. "\nasync.main(function()\n" .. chunk .. "\nreturn 0 end)")
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

describe("the limiter of a model", function()
  it("lets so many in at once, the others in order, and nobody twice", function()
    local got = probe([[
      local limiter, all = new({ concurrent = 2 }), {}
      for i = 1, 6 do all[i] = ask(limiter, i) end
      local first = #log
      all[2].leave({})
      async.cancel(all[4].task) -- waits in line
      all[1].leave(nil, DOWN)
      all[3].leave({})
      print(cjson.encode({ first = first, log = log, busy = limiter.busy, canceled = all[4].err.code }))]])
    assert.same({ first = 2, log = { 1, 2, 3, 4, 5, 6 }, busy = 2, canceled = "ERR_CANCELED" }, got)
  end)

  it("never more than so many in any minute, with one timer for all who wait", function()
    local got = probe([[
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
      print(cjson.encode({ most = most, timers = timers, left = left, count = #log, busy = limiter.busy, last = log[60] }))]])
    assert.same({ most = 5, timers = 1, left = 0, count = 60, busy = 0, last = 60 }, got)
  end)

  it("opens after failures in a row, is tried by one, and is closed by what works, or open for twice as long",
    function()
    local got = probe([[
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
      print(cjson.encode(said))]])
    assert.same({ closed = true, unsent = true, after = 10, code = "ERR_NET", tried = true, waits = true,
      again = 20, next = true,
      third = true, failures = 0 }, got)
  end)

  it("stays open to others that were answered while one request failed with all its attempts", function()
    local got = probe([[
      local limiter = limiters.new("far", nil, { failures = 5, seconds = 7, outages = true }, function() return now end, { limit = 3600 })
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
      print(cjson.encode(said))]])
    assert.equal(7, got.seconds)
    assert.truthy(got.since)
    assert.is_true(got.other)
    assert.equal(7, got.all)
    assert.is_true(got.refused)
  end)

  it("holds all of them off while the server asks for a pause, and tells them when it is a long one",
    function()
    local got = probe([[
      local limiter, said = new({ concurrent = 9 }), {}
      local BUSY = { code = "ERR_HTTP", class = "model", status = 429, message = "slow", retry_after = 30, is_attempt = true }
      ask(limiter, "a").leave(nil, BUSY)
      local one, two = ask(limiter, "b"), ask(limiter, "c")
      said.held = not one.inside and not two.inside
      pass(29); said.still = not one.inside
      pass(1); said.both = one.inside and two.inside
      BUSY.retry_after = 600
      one.leave(nil, BUSY)
      local three = ask(limiter, "d")
      said.refused, said.unsent = three.err.retry_after, three.err.unsent
      print(cjson.encode(said))]])
    assert.same({ held = true, still = true, both = true, refused = 600, unsent = true }, got)
  end)

  it("a parked card that waits for the attempt of another waits no longer than an outage is waited for",
    function()
    local got = probe([[
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
      print(cjson.encode(said))]])
    assert.same({ tries = { "go", 2 }, waits = { "enough", 5 } }, got)
  end)
end)
