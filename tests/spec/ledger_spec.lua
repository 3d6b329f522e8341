-- ledger_spec.lua: reserve, then commit: whatever many ask at once, a cap is passed by one reply at most.

package.path = "lua/?.lua;" .. package.path
package.loaded["orket.core.base64"] = package.loaded["orket.core.base64"] or {}
local caps = require("orket.governance.budget.caps")
local ledgers = require("orket.governance.budget.ledger")
local shown = require("orket.governance.budget.budget_format")
local usages = require("orket.llm.usage")

local function cap(ledger, path, limit, used)
  return ledger:cap(path, path:match("[^/]+$"), limit, function() return used or 0 end)
end

local function tokens(n)
  return { tokens = n }
end

local function wants(n)
  return function()
    return tokens(n)
  end
end

describe("ledger", function()
  it("the ledger holds in every cap of the path, or in none", function()
    local ledger = ledgers.new()
    local wide, narrow = cap(ledger, "organization/tokens", 100), cap(ledger, "cards/a/tokens", 50)
    local first = ledger:reserve({ wide, narrow }, tokens(40))
    assert.same({ 40, 40, 1, 1 }, { wide.held, narrow.held, wide.flying, narrow.flying })
    assert.is_nil(ledger:reserve({ wide, narrow }, tokens(20)))
    assert.same({ 40, 40 }, { wide.held, narrow.held })
    local other = ledger:reserve({ wide }, tokens(60))
    assert.equal(100, wide.held)
    ledger:commit(first, tokens(10))
    ledger:release(other)
    ledger:release(other)
    assert.same({ 10, 10, 0, 0, 0 }, { wide.used, narrow.used, wide.held, narrow.held, wide.flying })
  end)

  it("the ledger lets one go alone where the room is smaller than what it may cost, and says when nothing is left",
    function()
    local ledger = ledgers.new()
    local all = { cap(ledger, "organization/tokens", 100, 95) }
    local alone = ledger:reserve(all, tokens(1000))
    assert.truthy(alone)
    assert.is_nil(ledger:reserve(all, tokens(1)))
    ledger:commit(alone, tokens(30))
    local held, reached = ledger:reserve(all, tokens(1))
    assert.is_nil(held)
    assert.equal(all[1], reached)
  end)

  it("the ledger serves who waits in order, and tells all of them when nothing is left", function()
    local ledger, said = ledgers.new(), {}
    local all = { cap(ledger, "organization/tokens", 100) }
    local first = ledger:reserve(all, tokens(90))
    local held = {}
    for i = 1, 4 do
      ledger:wait(all, wants(i == 1 and 50 or 10), function(one, reached)
        said[#said + 1] = i .. (reached and " reached" or " held")
        held[i] = one
      end)
    end
    assert.is_nil(ledger:reserve(all, tokens(1))) -- nobody passes
    assert.same({}, said)
    ledger:commit(first, tokens(20))
    assert.same({ "1 held", "2 held", "3 held", "4 held" }, said)
    local last
    ledger:wait(all, wants(50), function(_, reached) last = reached end)
    for i = 1, 4 do
      ledger:commit(held[i], tokens(20))
    end
    assert.equal(all[1], last)
  end)

  it("the ledger asks anew what one who waits may cost, when something was given back", function()
    local ledger, known, served = ledgers.new(), 1000, 0
    local all = { cap(ledger, "organization/tokens", 100) }
    local first = ledger:reserve(all, tokens(1000))
    for _ = 1, 4 do
      ledger:wait(all, function() return tokens(known) end, function() served = served + 1 end)
    end
    known = 10
    ledger:commit(first, tokens(10))
    assert.equal(4, served)
  end)

  it("the ledger gives back what was held for somebody who left", function()
    local ledger = ledgers.new()
    local all = { cap(ledger, "organization/tokens", 10) }
    local first, woken = ledger:reserve(all, tokens(10)), 0
    local leave_second
    ledger:wait(all, wants(5), function() woken = woken + 1; leave_second() end)
    leave_second = ledger:wait(all, wants(5), function() woken = woken + 100 end)
    local leave_third = ledger:wait(all, wants(5), function() woken = woken + 1000 end)
    leave_third()
    ledger:release(first)
    assert.equal(1, woken)
    assert.same({ 5, 1, 0 }, { all[1].held, all[1].flying, #ledger.queue })
  end)

  it("the ledger warns once each time that 80 % are passed", function()
    local one = ledgers.cap("organization/calls", "calls", 10, 0)
    local warnings = 0
    for _ = 1, 10 do
      warnings = warnings + #ledgers.charge({ one }, { calls = 1 })
    end
    assert.same({ 1, 10 }, { warnings, one.used })
    ledgers.renew(one)
    assert.equal(0, #ledgers.charge({ one }, { calls = 7 }))
    assert.equal(1, #ledgers.charge({ one }, { calls = 1 }))
    assert.is_true(ledgers.cap("a/calls", "calls", 10, 8).warned)
  end)

  -- Against chance: many askers over a tree of caps. What is reserved is never less than what it costs.
  it("the ledger is passed by one reply at most, nobody waits for ever, nothing stays held", function()
    math.randomseed(7)
    for _ = 1, 200 do
      local ledger, flying, refused, served = ledgers.new(), {}, 0, 0
      local root = cap(ledger, "organization/tokens", math.random(0, 3000))
      local groups, most = {}, 0
      for i = 1, 4 do
        groups[i] = { root, cap(ledger, "epics/" .. i .. "/tokens", math.random(0, 1200)) }
      end
      local function answer(wanted)
        return function(held, reached)
          refused = refused + (reached and 1 or 0)
          served = served + (held and 1 or 0)
          flying[#flying + 1] = held and { held = held, wanted = wanted }
        end
      end
      for _ = 1, 80 do
        local path, wanted = groups[math.random(4)], math.random(1, 200)
        most = math.max(most, wanted)
        local held, reached = ledger:reserve(path, tokens(wanted))
        if held or reached then
          answer(wanted)(held, reached)
        else
          ledger:wait(path, wants(wanted), answer(wanted))
        end
        if #flying > 0 and math.random(3) == 1 then
          local one = table.remove(flying, math.random(#flying))
          ledger:commit(one.held, tokens(math.random(0, one.wanted)))
        end
      end
      while #flying > 0 do
        local one = table.remove(flying, math.random(#flying))
        ledger:commit(one.held, tokens(math.random(0, one.wanted)))
      end
      assert.equal(80, refused + served)
      for _, one in pairs(ledger.caps) do
        assert.same({ 0, 0 }, { one.held, one.flying })
        assert(one.used <= one.limit + most, one.path)
      end
    end
  end)
end)

describe("ledger", function()
  local BUDGETS = {
    organization = { tokens = 100, per = "day" }, epics = { ep = { calls = 1 }, ["*"] = { calls = 7 } },
    cards = { ["A-1"] = { seconds = 1.5 } },
  }
  local rows = {
    { "organization", nil, nil, { tokens = 100 } }, { "epics", "ep", nil, { calls = 1 } },
    { "epics", "other", nil, { calls = 7 } },
    { "epics", "ep-b2", nil, { calls = 1 } }, { "epics", "ep-b2-f1", nil, { calls = 1 } },
    { "epics", "ep-x2", nil, { calls = 7 } },
    { "epics", "ep", { calls = 5, disk = 9 }, { calls = 1, disk = 9 } },
    { "epics", "other", { calls = 5 }, { calls = 5 } },
    { "cards", "A-1", nil, { seconds = 1500 } }, { "cards", "A-1-r2", nil, { seconds = 1500 } },
    { "cards", "B", nil, {} },
    { "users", "ann", nil, {} }, { "roles", "coder", nil, {} }, { "users", "ann-b2", nil, {} },
  }
  for _, row in ipairs(rows) do
    it("limits of " .. row[1] .. "/" .. (row[2] or ""), function()
      assert.same(row[4], (caps.limits(BUDGETS, row[1], row[2], row[3])))
    end)
  end

  it("a limit says in which key it stands", function()
    local _, where = caps.limits(BUDGETS, "epics", "other")
    assert.same({ calls = "epics/*/calls" }, where)
    _, where = caps.limits(BUDGETS, "epics", "other", { calls = 1, disk = 3 })
    assert.same({}, where)
  end)
end)

describe("money", function()
  it("money is whole millionths, rounded up for each request", function()
    local price = { input = 3000000, output = 15000000, cached = 300000 }
    for _, row in ipairs({
      { 0, 0, 0, 0 }, { 1, 0, 0, 3 }, { 0, 1, 0, 15 }, { 1000000, 0, 0, 3000000 }, { 10, 0, 10, 3 },
      { 10, 0, 1000, 3 },
      { 1, 1, 1, 16 }, { 1000000000, 1000000000, 0, 18000000000 },
    }) do
      assert.equal(row[4], usages.money(price, { prompt = row[1], completion = row[2], cached = row[3] }))
    end
    assert.equal(1, usages.money({ input = 1, output = 1 }, { prompt = 1, completion = 0 }))
    local dearest = { input = 1000000000, output = 1000000000, cached = 1000000000 }
    assert.equal(2000000000000, usages.money(dearest,
      { prompt = 1000000000, completion = 1000000000, cached = 1000000000 }))
    assert.is_nil(usages.money(nil, { prompt = 1 }))
  end)

  it("amounts of money are shown in their currency", function()
    assert.equal("EUR 1.234567", shown.amount("money", 1234567, "EUR"))
    assert.equal("0.000001", shown.amount("money", 1))
    assert.equal("1.5 s", shown.amount("seconds", 1500))
    assert.equal(100, shown.percent(0, 0))
  end)
end)
