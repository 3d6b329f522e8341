-- bottlenecks_spec.lua: where work piles up: every threshold at its edge, and the command over real cards.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

package.path = "lua/?.lua;" .. package.path
local bottlenecks = require("orket.reports.bottlenecks")

local function cards(count, fields)
  local list = {}
  for i = 1, count do
    list[i] = { id = "C" .. i, status = "ready", hours = 0, seat = "dev" }
    for key, value in pairs(fields) do
      list[i][key] = value
    end
  end
  return list
end

local function join(a, b)
  return table.move(b, 1, #b, #a + 1, a)
end

local function rules(all)
  local list = {}
  for i, one in ipairs(all.found) do
    list[i] = one.rule
  end
  return table.concat(list, " ")
end

local RESOURCE = { status = "blocked", wait_reason = "resource" }
local TABLE = { -- cards, level, rules, thresholds
  { {}, "healthy", "" },
  { cards(5, {}), "healthy", "" },
  { cards(6, {}), "healthy", "bottleneck.queue" },
  { cards(3, { status = "in_progress", assignee = "dev" }), "healthy", "" },
  { cards(4, { status = "in_progress", assignee = "dev" }), "healthy", "bottleneck.wip" },
  { cards(4, { status = "in_progress", assignee = "dev" }), "healthy", "", { wip_limit_per_seat = 4 } },
  { cards(1, { status = "code_review", hours = 47.9 }), "healthy", "" },
  { cards(1, { status = "code_review", hours = 48 }), "healthy", "bottleneck.review" },
  { cards(1, { status = "blocked", wait_reason = "system", hours = 23.9 }), "normal", "" },
  { cards(1, { status = "blocked", wait_reason = "system", hours = 24 }), "normal", "bottleneck.blocked" },
  { cards(1, { status = "blocked", wait_reason = "system", hours = 2 }), "normal", "bottleneck.blocked",
    { blocked_duration_hours = 1 } },
  { cards(1, RESOURCE), "critical", "bottleneck.resource" },
  { join(cards(3, RESOURCE), cards(1, { status = "in_progress" })), "normal", "" },
  { join(cards(9, RESOURCE), cards(1, { status = "in_progress" })), "normal", "" },
  { join(cards(10, RESOURCE), cards(1, { status = "in_progress" })), "building", "bottleneck.resource" },
  { join(cards(11, RESOURCE), cards(1, { status = "in_progress" })), "chronic", "bottleneck.resource" },
  { join(cards(11, RESOURCE), cards(1, { status = "in_progress" })), "normal", "",
    { resource_warning = 40, resource_critical = 50 } },
  { join(cards(1, { status = "blocked", wait_reason = "dependency" }),
    cards(1, { status = "blocked", wait_reason = "system" })),
    "normal", "bottleneck.dependency" },
  { join(cards(1, { status = "blocked", wait_reason = "dependency" }),
    cards(2, { status = "blocked", wait_reason = "system" })),
    "normal", "" },
  { cards(1, { status = "waiting_for_developer", wait_reason = "input" }), "normal", "bottleneck.person" },
  { cards(1, { status = "blocked", wait_reason = "review" }), "normal", "",
    { human_attention_threshold = 2 } },
}

describe("bottlenecks", function()
  it("bottlenecks are found at their thresholds and not before", function()
    for i, row in ipairs(TABLE) do
      local all = bottlenecks.find(row[1], row[4])
      assert.equal(i .. row[2] .. row[3], i .. all.level .. rules(all))
    end
  end)

  it("bottlenecks are told of a real board", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = 'function work() return say(call("request_excuse", { reason = "which one?" })) end' })
    assert.equal(3, select(2, w:run()))
    local text, code = w:orket("bottlenecks --json")
    assert.equal(0, code, text)
    local all = cjson.decode(text)
    assert.equal("bottleneck.person", all.found[1].rule)
    assert.equal(1, all.counts.person)
    assert.equal(48, all.thresholds.review_duration_hours)
    assert.equal(1, select(2, w:orket("bottlenecks --fail")))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.thresholds = { blocked_duration_hours = 1e-9 }
    w:write("config/organization.json", cjson.encode(organization))
    assert.truthy(w:orket("bottlenecks"):find("A has waited (input) for 0.0 hours", 1, true))
    assert.truthy(w:orket("board"):find("bottleneck.blocked", 1, true))
    assert.equal(0, select(2, w:orket("check")))
  end)
end)
