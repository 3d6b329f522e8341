-- The door of an endpoint, inside the binary, with a clock that is told what time it is.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local WORLD = orket.read("tests/support/probes/limiter_world.lua")

local function probe(chunk)
  local text = orket.probe(WORLD .. "\nasync.main(function()\n" .. chunk .. "\nreturn 0 end)")
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

describe("the door of a model", function()
  it("lets so many in at once, the others in order, and nobody twice", function()
    local got = probe([[
      local door, all = new({ concurrent = 2 }), {}
      for i = 1, 6 do all[i] = ask(door, i) end
      local first = #log
      all[2].leave({})
      async.cancel(all[4].task) -- waits in line
      all[1].leave(nil, DOWN)
      all[3].leave({})
      print(cjson.encode({ first = first, log = log, busy = door.busy, canceled = all[4].err.code }))]])
    assert.same({ first = 2, log = { 1, 2, 3, 4, 5, 6 }, busy = 2, canceled = "ERR_CANCELED" }, got)
  end)

  it("never more than so many in any minute, with one timer for all who wait", function()
    local got = probe([[
      math.randomseed(7)
      local door, all, most, timers, left = new({ per_minute = 5, concurrent = 3 }), {}, 0, 0, 0
      for i = 1, 60 do
        all[i] = ask(door, i)
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
      print(cjson.encode({ most = most, timers = timers, left = left, count = #log, busy = door.busy, last = log[60] }))]])
    assert.same({ most = 5, timers = 1, left = 0, count = 60, busy = 0, last = 60 }, got)
  end)

  it("opens after failures in a row, is tried by one, and is closed by what works, or open for twice as long", function()
    local got = probe([[
      local door, said = new(nil, { failures = 2, seconds = 10 }), {}
      local function fail() local one = ask(door, "f"); one.leave(nil, DOWN) end
      fail(); ask(door, "ok").leave({}); fail()
      said.closed = ask(door, "x").inside; door:leave({ }, nil)
      local many = {}
      for i = 1, 5 do many[i] = ask(door, i) end
      for i = 1, 5 do many[i].leave(nil, DOWN) end -- what was under way together counts once
      local refused = ask(door, "y")
      said.unsent, said.after, said.code = refused.err.unsent, refused.err.retry_after, refused.err.code
      pass(10)
      local tried, second = ask(door, "p"), ask(door, "q")
      said.tried, said.waits = tried.inside, second.inside == nil and second.err == nil
      tried.leave(nil, DOWN)
      said.again = second.err.retry_after
      pass(20)
      tried, second = ask(door, "r"), ask(door, "s")
      async.cancel(tried.task)
      tried.leave(nil, nil, true) -- canceled: nothing is known, the next one tries
      said.next = second.inside
      local third = ask(door, "t")
      second.leave({})
      said.third, said.failures = third.inside, door.failures
      print(cjson.encode(said))]])
    assert.same({ closed = true, unsent = true, after = 10, code = "ERR_NET", tried = true, waits = true, again = 20, next = true,
      third = true, failures = 0 }, got)
  end)

  it("stays open to others that were answered while one request failed with all its attempts", function()
    local got = probe([[
      local door = doors.new("far", nil, { failures = 5, seconds = 7, outages = true }, function() return now end, { limit = 3600 })
      local said = {}
      local function outage(answers)
        local one = ask(door, 1)
        one.leave(nil, DOWN)
        return door:give_up(DOWN, answers)
      end
      local answers = door.answers
      ask(door, 2).leave({})
      said.seconds, said.since = outage(answers)
      said.other = ask(door, 3).inside
      door:leave({})
      answers = door.answers
      said.all = outage(answers)
      said.refused = ask(door, 4).err ~= nil
      print(cjson.encode(said))]])
    assert.equal(7, got.seconds)
    assert.truthy(got.since)
    assert.is_true(got.other)
    assert.equal(7, got.all)
    assert.is_true(got.refused)
  end)

  it("holds all of them off while the server asks for a pause, and tells them when it is a long one", function()
    local got = probe([[
      local door, said = new({ concurrent = 9 }), {}
      local BUSY = { code = "ERR_HTTP", class = "model", status = 429, message = "slow", retry_after = 30 }
      ask(door, "a").leave(nil, BUSY)
      local one, two = ask(door, "b"), ask(door, "c")
      said.held = not one.inside and not two.inside
      pass(29); said.still = not one.inside
      pass(1); said.both = one.inside and two.inside
      BUSY.retry_after = 600
      one.leave(nil, BUSY)
      local three = ask(door, "d")
      said.refused, said.unsent = three.err.retry_after, three.err.unsent
      print(cjson.encode(said))]])
    assert.same({ held = true, still = true, both = true, refused = 600, unsent = true }, got)
  end)
end)
