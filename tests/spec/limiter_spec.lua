-- The limiter of a model, inside the binary, with a clock that is told what time it is.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

-- Calls a function of tests/support/probes/limiter.lua in a task.
local function probe(name)
  local text = orket.probe(orket.task("limiter", name))
  local ok, value = pcall(cjson.decode, text:match("[^\n]*"))
  return ok and value or error(text)
end

describe("limiter", function()
  it("the limiter of a model lets so many in at once, the others in order, and nobody twice", function()
    local got = probe("lets_so_many_once")
    assert.same({ first = 2, log = { 1, 2, 3, 4, 5, 6 }, busy = 2, canceled = "ERR_CANCELED" }, got)
  end)

  it("the limiter of a model lets no more than so many in within any minute, with one timer for all who wait",
    function()
    local got = probe("never_more_than_so")
    assert.same({ most = 5, timers = 1, left = 0, count = 60, busy = 0, last = 60 }, got)
  end)

  it("the limiter of a model opens after failures in a row, is tried by one, and is closed by what works, or open for twice as long",
    function()
    local got = probe("opens_after_failures_row")
    assert.same({ closed = true, unsent = true, after = 10, code = "ERR_NET", tried = true, waits = true,
      again = 20, next = true,
      third = true, failures = 0 }, got)
  end)

  it("the limiter of a model stays open to others that were answered while one request failed with all its attempts",
    function()
    local got = probe("stays_open_others_were")
    assert.equal(7, got.seconds)
    assert.truthy(got.since)
    assert.is_true(got.other)
    assert.equal(7, got.all)
    assert.is_true(got.refused)
  end)

  it("the limiter of a model holds all of them off while the server asks for a pause, and tells them when it is a long one",
    function()
    local got = probe("holds_all_them_off")
    assert.same({ held = true, still = true, both = true, refused = 600, unsent = true }, got)
  end)

  it("a parked card that waits for the attempt of another waits no longer than an outage is waited for",
    function()
    local got = probe("parked_card_waits_attempt")
    assert.same({ tries = { "go", 2 }, waits = { "enough", 5 } }, got)
  end)

  it("limiters of two projects at one model keep together to the strictest bound of those that ask, and take turns",
    function()
    local got = probe("shares")
    assert.same({ 2, 2, 1, 0 }, { got.first, got.kept, got.most, got.busy })
    assert(got.order:find("sf", 1, true) and got.order:find("fs", 1, true), got.order)
    table.sort(got.log, function(a, b) return a < b end)
    assert.same({ "f1", "f2", "f3", "f4", "s1", "s2" }, got.log)
  end)

  it("two projects that ask one model once at a time take turns, however many requests one of them has", function()
    local got = probe("takes_turns")
    assert.same({ 1, 0, 15 }, { got.most, got.busy, #got.log })
    local at = {}
    for i, name in ipairs(got.log) do
      at[name] = i
    end
    for i = 2, 3 do
      assert.equal(2, at["b" .. i] - at["b" .. i - 1], table.concat(got.log, " "))
    end
  end)

  it("a request of one project that is canceled in line gives its turn to the next, also of another project", function()
    local got = probe("canceled_gives_turn")
    assert.same({ "s1", "s2", "f1", "s3", "f2", "f3", "s4" }, got.log)
    assert.same({ 2, 0, { "ERR_CANCELED", "ERR_CANCELED" } }, { got.busy, got.waiting, got.canceled })
  end)
end)
