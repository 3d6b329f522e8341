-- provider_teams_spec.lua: a team whose model is asked through Anthropic's or Gemini's API does the same work
-- under the same law.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- The team's words, with thoughts; the request has OpenAI's form, whatever was sent.
local THINKING = world.orket.read("tests/support/teams/thinking.lua")

local WORK = [[
function work(talk)
  return say(write("a.txt", 'say "hi"\n'), write("b.txt", "{}"), finish())
end
]]

-- The model's part of the requests, as the ledger has it.
local function billed(w)
  local sums = { 0, 0 }
  for _, event in ipairs(w:events("step.reply")) do
    sums[1], sums[2] = sums[1] + event.body.usage.prompt, sums[2] + event.body.usage.completion
  end
  return sums
end

describe("provider teams", function()
  local seen = {}

  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("works: " .. shape, function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = THINKING .. WORK,
        model = { shape = shape } })
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.equal('say "hi"\n', w:read("workspace/ep/tree/a.txt"))
      assert.equal("{}", w:read("workspace/ep/tree/b.txt"))
      assert.equal(0, (select(2, w:check())))
      text, code = w:orket("replay ep.1")
      assert.equal(0, code, text)
      seen[shape] = #w:events("step.reply")
      for _, event in ipairs(w:events("step.reply")) do
        assert.truthy(({ stop = true, tool_calls = true })[event.body.finish], event.body.finish)
      end
      assert.is_true(billed(w)[1] > 0 and billed(w)[2] > 0)
      assert.falsy(cjson.encode(w:events("step.failed")):find("ERR", 1, true))
    end)
  end

  for _, shape in ipairs({ "openai", "anthropic", "gemini" }) do
    it("a team with another API is billed for what was cached at its own price: " .. shape, function()
      local w <close> = world.new({ issues = { { id = "A" } }, mock = [[
        local native = reply
        function reply(request)
          local r = native(request)
          r.usage = { prompt_tokens = 1000, completion_tokens = 10, cached_tokens = 900 }
          return r
        end
        function work(talk) return say(finish()) end
      ]], model = { shape = shape, price = { input = 3000000, output = 15000000, cached = 300000 } } })
      local text, code = w:run()
      assert.equal(0, code, text)
      local total = cjson.decode((w:orket("cost --json"))).total
      assert.is_true(total.calls > 0)
      assert.equal(900 * total.calls, total.cached)
      assert.equal(total.calls * (100 * 3 + 900 * 3 // 10 + 10 * 15), total.money)
    end)
  end

  it("a team with another API takes as many requests with each", function()
    assert.equal(seen.openai, seen.anthropic)
    assert.equal(seen.openai, seen.gemini)
  end)
end)
