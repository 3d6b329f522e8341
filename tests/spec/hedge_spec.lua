-- hedge_spec.lua: a second request when the first takes long: who wins, what is paid, and that it can be replayed.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

-- What each model does comes first: SLOW waits longer than any test.
local function project(of_first, of_second, more)
  return world.new(world.merged({
    issues = { { id = "C-1" } }, limits = { concurrency = 1 },
    model = { hedge = { after_ms = 100, with = "s" }, price = { input = 1000000, output = 1000000 } },
    models = { s = { base_url = "http://127.0.0.1:1/v1", model = "spare", price = { input = 2000000, output = 2000000 } } },
    rules = { default_llm = "m" },
    mock = ([[
      local SLOW = { content = "too late", delay_ms = 60000 }
      local all = reply
      function reply(request)
        local first = request.model == "mock"
        local function late(ms)
          local answer = all(request)
          answer.delay_ms = ms
          return answer
        end
        local own = (first and %s or not first and %s) or nil
        return own or all(request)
      end
      function work(talk)
        return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
      end ]]):format(of_first or "nil", of_second or "nil"),
  }, more))
end

local function replays(w)
  local text, code = w:orket("replay --strict ep.1")
  assert.equal(0, code, text)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
end

local function total(w)
  return cjson.decode((w:orket("cost --json"))).total
end

local function sums(w)
  local all = { calls = 0, tokens = 0, money = 0 }
  for _, kind in ipairs({ "step.reply", "step.failed" }) do
    for _, event in ipairs(w:events(kind)) do
      local usage = event.body.usage or {}
      all.calls, all.money = all.calls + 1, all.money + (event.body.money or 0)
      all.tokens = all.tokens + (usage.prompt or 0) + (usage.completion or 0)
    end
  end
  return all
end

describe("a hedge", function()
  it("answers where the first takes long; the first is ended, and both are paid for", function()
    local w <close> = project("SLOW")
    local text, code = w:run()
    assert.equal(0, code, text)
    local replies, ended = w:events("step.reply"), w:events("step.failed")
    for _, event in ipairs(replies) do
      assert.equal("s", event.body.model)
      assert.same({ model = "m", code = "ERR_CANCELED" }, event.body.hedged)
    end
    assert.equal(#replies, #ended)
    for _, event in ipairs(ended) do
      assert.same({ "m", "ERR_CANCELED" }, { event.body.model, event.body.code })
      assert.is_true(event.body.usage.prompt > 0 and event.body.usage.estimated and event.body.money > 0)
    end
    local paid, told = sums(w), total(w)
    assert.same({ paid.calls, paid.tokens, paid.money }, { told.calls, told.tokens_in + told.tokens_out, told.money })
    assert.equal(0, cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).open, "no request is left behind")
    replays(w)
  end)

  it("is not asked where the first is fast, and is the one that is ended where the first answers after all", function()
    local fast <close> = project(nil, "SLOW", { model = { hedge = { after_ms = 30000, with = "s" } } })
    local text, code = fast:run()
    assert.equal(0, code, text)
    for _, event in ipairs(fast:events("step.reply")) do
      assert.same({ "m" }, { event.body.model, event.body.hedged })
    end
    assert.equal(0, #fast:events("step.failed"))
    replays(fast)
    local w <close> = project("late(600)", "SLOW")
    text, code = w:run()
    assert.equal(0, code, text)
    for _, event in ipairs(w:events("step.reply")) do
      assert.equal("m", event.body.model)
      assert.same({ model = "s", code = "ERR_CANCELED" }, event.body.hedged)
    end
    replays(w)
  end)

  it("that fails is told, and the first is waited for; when both fail it is the first one's failure", function()
    local w <close> = project("late(600)", "{ status = 400, content = 'not me' }")
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(400, w:events("step.failed")[1].body.status)
    assert.same({ model = "s", code = "ERR_HTTP" }, w:events("step.reply")[1].body.hedged)
    replays(w)
    local both <close> = project("{ status = 400, content = 'nor me', delay_ms = 500 }", "{ status = 400, content = 'not me' }",
      { issues = { { id = "C-1", max_retries = 0 } } })
    both:run()
    assert.truthy(both:events("turn.failed")[1].body.why:find("nor me", 1, true))
    replays(both)
  end)

  it("may be the same model once more, through budgets and a door of one place", function()
    local w <close> = project(nil, nil, { models = {}, model = { hedge = { after_ms = 50 }, limits = { concurrent = 1 },
      price = { input = 1, output = 1 } }, rules = { budgets = { cards = { ["*"] = { tokens = 1000000 } } } },
      mock = [[ function work(talk) return { calls = { finish() }, delay_ms = 400 } end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ model = "m", code = "ERR_CANCELED" }, w:events("step.reply")[1].body.hedged)
    assert.equal(0, #w:events("step.failed"), "the second one waited in line, and was not made")
    replays(w)
  end)

  it("leaves nothing behind when the run is stopped meanwhile", function()
    local w <close> = project("SLOW", "SLOW")
    local run = w:start()
    assert(world.wait(function()
      return cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).open >= 2
    end))
    run.kill("INT")
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert(world.wait(function()
      return cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).open == 0
    end))
    assert.equal("sound", (w:orket("check")):match("^%a+"))
  end)

  it("with nobody is a mistake of the configuration", function()
    local w <close> = project(nil, nil, { model = { hedge = { after_ms = 100, with = "moon" } } })
    local text, code = w:orket("validate")
    assert.equal(1, code)
    assert.truthy(text:find("/models/m/hedge/with", 1, true), text)
  end)
end)
