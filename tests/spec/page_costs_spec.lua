-- page_costs_spec.lua: costs and their charts on the page, in a real browser (tests/web/costs.mjs), against
-- `orket cost --json`.

local browser = dofile("tests/support/browser.lua")
local cjson = require("cjson")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return steps(talk, function() return say(write(talk.card, "one\n")) end, function() return say(finish()) end)
end
]]

local PRICE = { input = 3000000, output = 15000000 }

local function new_world(price)
  local w = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = MOCK, model = { price = price },
    rules = price and { budgets = { currency = "EUR", cards = { ["*"] = { tokens = 400000 } } } } or nil })
  w:run()
  return w
end

local function whole(n)
  return n and ("%d"):format(n)
end

-- What the command says, as the rows of the page are: the sums, then the total.
local function said(w, by)
  local sums = cjson.decode((w:orket("cost --json --by " .. by)))
  local rows = {}
  for i, row in ipairs(sums.rows) do
    rows[i] = { name = row.name, money = whole(row.money), calls = whole(row.calls) }
  end
  rows[#rows + 1] = { name = "Total", money = whole(sums.total.money),
    calls = whole(sums.total.calls) }
  return rows
end

local function shown(rows)
  for _, row in ipairs(rows) do
    row.text = nil
    row.money = row.money ~= cjson.null and row.money or nil
  end
  return rows
end

browser.describe("costs on the page", function()
  it("equal those of the command by card, role, model, day and run, and have bars, caps and success", function()
    local w <close> = new_world(PRICE)
    local s <close> = service.start(w)
    local seen = browser.watch("costs/sums", s)
    assert(seen.card[1].text:find("^€0%.%d%d%d%d$"), seen.card[1].text)
    assert.same({}, seen.leftOut)
    for _, by in ipairs({ "card", "role", "model", "day", "run" }) do
      assert.same(said(w, by), shown(seen[by]))
    end
    assert.same({ "?by=run", "Beginning to 2030-01-01", "" }, { seen.url, seen.range, seen.all })
    assert.same({ 1, 1 }, { seen.bars, seen.table })
    assert(seen.bar:find("€0%.%d+, %d+ requests$"), seen.bar)
    assert(seen.success[1]:find("100 %% of %d+ requests"), seen.success[1])
    assert(#seen.caps == 2 and seen.caps[1]:find("cards/A/tokens", 1, true), seen.caps[1])
    assert.same({}, seen.violations)
    assert(#seen.requests >= 2 and seen.requests[1]:find("^€0%.%d+"), seen.requests[1])
  end)

  it("say what they leave out, when a price was set after requests were made", function()
    local w <close> = new_world(nil)
    local before = cjson.decode((w:orket("cost --json"))).total.calls
    local config = cjson.decode(w:read("config/organization.json"))
    config.models.m.price = PRICE
    w:write("config/organization.json", cjson.encode(config))
    w:write("config/epics/later.json", (w:read("config/epics/ep.json"):gsub('"id":"', '%0L-')))
    w:run("later")
    local told = ("left out of money: %d requests to m, which had no price"):format(before)
    assert(w:orket("cost --by card"):find(told, 1, true), w:orket("cost --by card"))
    local s <close> = service.start(w)
    local seen = browser.watch("costs/sums", s)
    assert.same({ ("Left out of the costs, because the model had no price then: %d requests to m."):format(before) },
      seen.leftOut)
  end)

  it("are no price, and not 0, where none is known", function()
    local w <close> = new_world(nil)
    local s <close> = service.start(w)
    local seen = browser.watch("costs/sums", s)
    for _, row in ipairs(seen.card) do
      assert.equal("no price", row.text)
    end
    assert(seen.bar:find("tokens, %d+ requests$"), seen.bar)
    assert.equal("no price", seen.requests[1])
  end)
end)
