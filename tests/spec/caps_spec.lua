-- caps_spec.lua: which caps hold for whom (governance/budget/caps.lua), and what a request may cost before
-- it is sent (governance/budget/estimate.lua), each module alone.

package.path = "lua/?.lua;" .. package.path
package.loaded["orket.core.base64"] = package.loaded["orket.core.base64"] or {}
local caps = require("orket.governance.budget.caps")
local estimates = require("orket.governance.budget.estimate")

local BUDGETS = {
  organization = { tokens = 1000, per = "day" },
  epics = { ["*"] = { money = 50 }, big = { money = 500, seconds = 1.5 } },
  cards = { ["*"] = { calls = 9 }, ["A-1"] = { calls = 3 } },
  roles = { coder = { tokens = 70 } },
}

local LIMITS = { -- scope, name, own budget, limits, where
  { "organization", nil, nil, { tokens = 1000 }, { tokens = "organization/tokens" } },
  { "epics", "small", nil, { money = 50 }, { money = "epics/*/money" } },
  { "epics", "big", nil, { money = 500, seconds = 1500 },
    { money = "epics/big/money", seconds = "epics/big/seconds" } },
  { "epics", "big-f2", nil, { money = 500, seconds = 1500 },
    { money = "epics/big/money", seconds = "epics/big/seconds" } },
  { "cards", "A-1", nil, { calls = 3 }, { calls = "cards/A-1/calls" } },
  { "cards", "A-1-r2", nil, { calls = 3 }, { calls = "cards/A-1/calls" } },
  { "cards", "A-1-r2-b3", nil, { calls = 3 }, { calls = "cards/A-1/calls" } },
  { "cards", "A-2", nil, { calls = 9 }, { calls = "cards/*/calls" } },
  { "cards", "A-1", { calls = 2 }, { calls = 2 }, {} },
  { "cards", "A-1", { calls = 4, tokens = 8 }, { calls = 3, tokens = 8 }, { calls = "cards/A-1/calls" } },
  { "roles", "coder-r2", nil, {}, {} },
  { "users", "ann", nil, {}, {} },
}

describe("caps", function()
  for _, row in ipairs(LIMITS) do
    local scope, name, own = row[1], row[2], row[3]
    it("caps.limits gives what is capped of " .. scope .. "/" .. (name or "")
      .. (own and ", narrowed by its own budget" or ""), function()
      assert.same({ row[4], row[5] }, { caps.limits(BUDGETS, scope, name, own) })
    end)
  end

  it("every kind can be capped in every scope, by name and for all names", function()
    for _, scope in ipairs({ "organization", "epics", "users", "roles", "cards" }) do
      for _, kind in ipairs({ "tokens", "money", "calls", "seconds", "disk" }) do
        local cap, expected = { [kind] = 7 }, { [kind] = kind == "seconds" and 7000 or 7 }
        local function limits(budget)
          return { caps.limits({ [scope] = budget }, scope, "x") }
        end
        if scope == "organization" then
          assert.same({ expected, { [kind] = "organization/" .. kind } }, limits(cap))
        else
          assert.same({ expected, { [kind] = scope .. "/x/" .. kind } }, limits({ x = cap }))
          assert.same({ expected, { [kind] = scope .. "/*/" .. kind } }, limits({ ["*"] = cap }))
          assert.same({ {}, {} }, limits({ y = cap }))
        end
      end
    end
  end)

  it("caps.limits rounds fractions of a second up to whole milliseconds", function()
    assert.same({ seconds = 1 }, (caps.limits({ organization = { seconds = 0.0001 } }, "organization")))
  end)
end)

describe("caps", function()
  it("caps.counts finds a kind that any scope caps, or a budget of a card", function()
    assert.is_true(caps.counts(BUDGETS, "tokens", {}))
    assert.is_true(caps.counts(BUDGETS, "calls", {}))
    assert.is_false(caps.counts(BUDGETS, "disk", {}))
    assert.is_true(caps.counts(BUDGETS, "disk", { { disk = 1 } }))
    assert.is_false(caps.counts({}, "tokens", {}))
  end)
end)

describe("caps", function()
  it("caps.path names scope, name and kind, and for the organization no name", function()
    assert.equal("organization/tokens", caps.path("organization", "any", "tokens"))
    assert.equal("cards/A-1/calls", caps.path("cards", "A-1", "calls"))
  end)
end)

local function wanted(estimate, model, bytes)
  return estimate:of(model, bytes)
end

describe("caps", function()
  local PRICED = { name = "m", max_tokens = 100, price = { input = 1, output = 2 } }

  it("an estimate of a request holds the whole cap for a model that has not answered yet", function()
    local first = wanted(estimates.new(), PRICED, 10)
    assert.equal(1, first.calls)
    assert(first.tokens > 1e15 and first.money > 1e15)
  end)

  it("an estimate of a request counts a token for each byte of the body and all of max_tokens once the model has answered",
    function()
    local estimate = estimates.new()
    estimate:learn(PRICED, 1000, { prompt = 250, completion = 20 })
    assert.equal(300 + 100, wanted(estimate, PRICED, 300).tokens)
  end)

  it("an estimate of a request knows a model whose configuration was read anew", function()
    local estimate = estimates.new()
    estimate:learn(PRICED, 1000, { prompt = 250, completion = 20 })
    assert.equal(300 + 100, wanted(estimate, { name = "m", max_tokens = 100 }, 300).tokens)
    assert(wanted(estimate, { name = "n", max_tokens = 100 }, 300).tokens > 1e15)
  end)

  it("an estimate of a request follows a server that counts more tokens than the body has bytes, and never goes back",
    function()
    local estimate = estimates.new()
    estimate:learn(PRICED, 100, { prompt = 300, completion = 700 })
    estimate:learn(PRICED, 100, { prompt = 10, completion = 1 })
    assert.equal(3 * 50 + 700, wanted(estimate, PRICED, 50).tokens)
  end)

  it("an estimate of a request takes twice the longest reply, and 4096 at least, where the model has no max_tokens",
    function()
    local model, estimate = { name = "m" }, estimates.new()
    estimate:learn(model, 100, { prompt = 1, completion = 10 })
    assert.equal(10 + 4096, wanted(estimate, model, 10).tokens)
    estimate:learn(model, 100, { completion = 3000 })
    assert.equal(10 + 6000, wanted(estimate, model, 10).tokens)
  end)

  it("an estimate of a request holds the seconds of the model's own deadline, and of the transport's without one",
    function()
    local estimate = estimates.new()
    assert.equal(2500, wanted(estimate, { name = "m", deadlines = { total = 2.5 } }, 1).seconds)
    assert.equal(1800 * 1000, wanted(estimate, { name = "m" }, 1).seconds)
  end)
end)
