-- score_spec.lua: `orket.core.score` as trusted Lua meets it.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local function probe(chunk)
  return orket.probe("local score, cjson = require('orket.core.score'), require('cjson')\n" .. chunk)
end

describe("score", function()
  it("orket.core.score orders by priority and impact", function()
    local answer = cjson.decode(probe([[
      print(cjson.encode(score.plan({
        { id = "a", priority = "low" }, { id = "b", priority = 2.5, depends_on = { "a" } },
        { id = "c", depends_on = { "b", "b" } }, { id = "d", priority = "High", depends_on = cjson.null },
      })))]]))
    assert.same({ "b", "a", "d", "c" }, answer.order)
    assert.same({ a = 2, b = 1, c = 0, d = 0 }, answer.impact)
    assert.same({ a = 3, b = 3.5, c = 2, d = 3 }, answer.score)
  end)

  it("orket.core.score takes a doc", function()
    local text = probe([[
      local doc = require("orket.core.doc").parse('[{"id":"x","priority":1},{"id":"y","depends_on":["x"]}]')
      print(score.plan(doc).order[1])]])
    assert.equal("x\n", text) -- 1 + 1 ties with 2 + 0: creation order
  end)

  it("orket.core.score names the cycle and the unknown card", function()
    local text = probe([[
      print(score.plan({ { id = "a", depends_on = { "b" } }, { id = "b", depends_on = { "a" } } }))
      print(score.plan({ { id = "a", depends_on = { "zz" } } }))
      print(score.plan({ { id = "a" }, { id = "a" } }))
      print(score.plan({ { id = "a", priority = "urgent" } }))
      print(score.priority("medium"), score.priority(), score.priority("2.5"), (score.priority(1001)), (score.priority({})))]])
    local lines = {}
    for line in text:gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.matches("^nil\t.*cycle: a %-> b %-> a\tERR_CYCLE\t", lines[1])
    assert.matches("^nil\tcard 'a' depends on 'zz'.*\tERR_NOT_FOUND\t", lines[2])
    assert.matches("^nil\t.*\tERR_EXISTS\t", lines[3])
    assert.matches("^nil\t.*\tERR_USAGE\t", lines[4])
    assert.equal("2\t2\t2.5\tnil\tnil", lines[5])
  end)

  it("orket.core.score raises for what is not a card", function()
    local text = probe([[
      for _, cards in ipairs({ { 1 }, { {} }, { { id = 5 } }, { { id = "a", depends_on = "b" } }, { { id = "a", depends_on = { 1 } } } }) do
        print(pcall(score.plan, cards))
      end]])
    assert.equal(5, select(2, text:gsub("false\tcard 1", "")))
  end)
end)
