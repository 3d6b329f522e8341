-- Which model answers when one does not: fallbacks, circuit breakers, limits, through the binary and its
-- journal.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function cards(count, fields)
  local issues = {}
  for i = 1, count do
    issues[i] = world.merged({ id = "C-" .. i }, fields)
  end
  return issues
end

local SPARE = { s = { base_url = "http://127.0.0.1:1/v1", model = "spare",
  price = { input = 7, output = 1000000 } } }

local WORK = [[
  function work(talk)
    if talk.request.model == "mock" then return { status = 503, content = "no room" } end
    return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
  end
  local all = reply
  function reply(request)
    if request.model == "mock" then return { status = 503, content = "no room" } end
    return all(request)
  end ]]

local function asked(w, model)
  local count = 0
  for text in (orket.shell("cat " .. w.dir .. "/.test/request.* 2>/dev/null")):gmatch('"model":"(%a+)"') do
    count = count + (text == model and 1 or 0)
  end
  return count
end

local function replays(w, run)
  local text, code = w:orket("replay --strict " .. (run or "ep.1"))
  assert.equal(0, code, text)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
end

describe("routing", function()
  it("a fallback answers in the place of a model that fails for good, is recorded with the reason, and is what is paid for",
    function()
    local w <close> = world.new({ issues = cards(2), models = SPARE, mock = WORK,
      model = { fallback = { "s" }, breaker = { failures = 2, seconds = 600 },
        price = { input = 1, output = 1 } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    for _, event in ipairs(w:events("step.reply")) do
      assert.equal("s", event.body.model)
      assert.equal("m", event.body.instead[1].model)
      assert.truthy(event.body.instead[1].why:find("no room", 1, true), event.body.instead[1].why)
      assert.equal((event.body.usage.prompt * 7 + event.body.usage.completion * 1000000 + 999999) // 1000000,
        event.body.money)
    end
    for _, event in ipairs(w:events("step.failed")) do
      assert.equal("m", event.body.model)
    end
    local cost = cjson.decode((w:orket("cost --json")))
    assert.same({ "s", "m" }, { cost.rows[1].name, cost.rows[2].name })
    assert.equal(0, cost.rows[2].tokens_out)
    replays(w)
  end)

  it("a fallback is not asked while its model answers, and a failure of the request itself goes to nobody else",
    function()
    local w <close> = world.new({ issues = cards(1), models = SPARE,
      model = { fallback = { "s" }, key = "nobody_has_it" }, mock = WORK,
      environment = "ORKET_MODEL_KEY=" })
    w:run()
    assert.equal(0, asked(w, "spare"))
    local fine <close> = world.new({ issues = cards(1), models = SPARE, model = { fallback = { "s" } }, mock = [[
      function work(talk) return say(finish()) end ]] })
    local text, code = fine:run()
    assert.equal(0, code, text)
    assert.equal(0, asked(fine, "spare"))
    assert.is_nil(fine:events("step.reply")[1].body.instead)
  end)

  it("a fallback that is not there is a mistake of the configuration", function()
    local w <close> = world.new({ issues = cards(1), model = { fallback = { "moon" } }, mock = WORK })
    local text, code = w:orket("validate")
    assert.equal(1, code)
    assert.truthy(text:find("/models/m/fallback/0", 1, true) and text:find("moon", 1, true), text)
    for field, value in pairs({ fallback = cjson.empty_array, limits = { concurrent = 0 },
      breaker = { failures = 1 } }) do
      local bad <close> = world.new({ issues = cards(1), model = { [field] = value }, mock = WORK })
      assert.equal(1, select(2, bad:orket("validate")), field)
    end
  end)

  it("a fallback plays from a cassette as it was recorded, open circuits too", function()
    local w <close> = world.new({ issues = cards(2), models = SPARE, mock = WORK,
      limits = { concurrency = 1 },
      model = { fallback = { "s" }, breaker = { failures = 1, seconds = 600 } } })
    orket.shell("cp -R " .. w.dir .. " " .. w.dir .. ".again")
    local text, code = w:run("ep --record tape.jsonl")
    assert.equal(0, code, text)
    text, code = orket.shell(("cd %s.again && cp %s/tape.jsonl . && %s run --plain --replay tape.jsonl ep 2>&1"):format(w.dir, w.dir, w.binary))
    orket.remove(w.dir .. ".again")
    assert.equal(0, code, text)
  end)
end)

describe("routing", function()
  it("a circuit breaker keeps all agents from a server that does not answer, and counts no request that was not made",
    function()
    local w <close> = world.new({ issues = cards(6), models = SPARE, mock = WORK,
      limits = { concurrency = 6 },
      rules = { budgets = { roles = { coder = { calls = 1000 } } } },
      model = { fallback = { "s" }, breaker = { failures = 3, seconds = 600 } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(asked(w, "mock") <= 6, "those that were under way when it opened, no more: " .. asked(w, "mock"))
    assert.equal(asked(w, "mock"), #w:events("step.failed"))
    assert.equal(asked(w, "mock") + asked(w, "spare"), cjson.decode((w:orket("cost --json"))).total.calls)
    replays(w)
  end)
end)

describe("limits of an endpoint", function()
  it("the limits of an endpoint hold for all agents together", function()
    local w <close> = world.new({ issues = cards(6), limits = { concurrency = 6 }, model = { limits = { concurrent = 2 } }, mock = [[
      function work() return { calls = { finish() }, delay_ms = 300 } end ]] })
    local run, most = w:start(), 0
    assert(world.wait(function()
      most = math.max(most, cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).open)
      return run.ended()
    end, 30))
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(2, most)
    replays(w)
  end)

  it("the limits of an endpoint hold for a profile of the same model that says none itself", function()
    local w <close> = world.new({ issues = cards(6), limits = { concurrency = 6 },
      model = { limits = { concurrent = 1 } },
      models = { z = { base_url = "http://127.0.0.1:1/v1", model = "mock" } }, rules = { default_llm = "z" },
      mock = [[ function work() return { calls = { finish() }, delay_ms = 100 } end ]] })
    local run, most = w:start(), 0
    assert(world.wait(function()
      most = math.max(most, cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).open)
      return run.ended()
    end, 30))
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(1, most)
    assert.equal("z", w:events("step.reply")[1].body.model)
  end)
end)

-- ---- pauses ----

local GOOD = [[
  function work(talk)
    return steps(talk, function() return say(write(talk.card .. ".txt", "x")) end, function() return say(finish()) end)
  end ]]

local function busy(seconds)
  return ([[ function reply() return { status = 429, retry_after = %d, content = "slow down" } end ]]):format(seconds)
end

local function paused(w)
  return w:events("model.paused")[1]
end

-- The project's model from now on is this script, at the address that it had.
local function becomes(w, mock)
  os.execute("kill " .. w.mock .. " 2>/dev/null")
  orket.write(w.dir .. "/.test/mock.lua", orket.read("tests/support/play.lua") .. mock)
  local out = w.dir .. "/.test/mock.again"
  assert(world.wait(function()
    w.mock = orket.shell(("%s mock-llm --port %s %s/.test/mock.lua >%s 2>&1 & echo $!"):format(w.binary,
      w.url:match(":(%d+)"), w.dir,
      out)):match("%d+")
    return world.wait(function() return orket.read(out):find("http:", 1, true) end, 1)
  end))
end

local function is_past(at)
  return (orket.shell("date -u +%FT%T.%3NZ")) > at
end

describe("a pause of a model", function()
  it("a pause that a server asks for parks the card until its end; a run waits for it, and can be drained",
    function()
    local w <close> = world.new({ issues = cards(1), mock = busy(900) })
    local run = w:start()
    assert(world.wait(function() return paused(w) end))
    local event, card = paused(w), w:card("C-1")
    assert.same({ "blocked", "resource" }, { card.status, card.wait_reason })
    assert.equal(429, w:events("step.failed")[1].body.status)
    assert.truthy(event.body.why:find("slow down", 1, true), event.body.why)
    assert.is_false(is_past(event.body["until"]))
    run.kill("INT")
    local text, code = run.wait()
    assert.equal(3, code, text)
    becomes(w, GOOD)
    run = w:start()
    assert(world.wait(function() return #w:events("run.resumed") == 1 end))
    text, code = w:orket("retry C-1")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("model.paused"))
    replays(w)
  end)

  it("a pause of more than an hour is not waited for: the run ends and says until when", function()
    local w <close> = world.new({ issues = cards(1), mock = busy(7200) })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.truthy(text:find(paused(w).body["until"]:sub(1, 19), 1, true), text)
    text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(1, #w:events("step.failed"), "nobody asked again")
    replays(w)
  end)

  it("a pause is over by itself in a run that is under way", function()
    local w <close> = world.new({ issues = cards(3), model = { breaker = { failures = 1, seconds = 0.3 } },
      environment = world.impatient, mock = GOOD })
    os.execute("kill " .. w.mock)
    local run = w:start()
    assert(world.wait(function() return #w:events("model.paused") >= 2 end))
    becomes(w, GOOD)
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert(#w:events("budget.lifted") >= 2)
    replays(w)
  end)

  it("a pause is over by itself after a restart", function()
    local w <close> = world.new({ issues = cards(1), model = { breaker = { failures = 1, seconds = 1 } },
      environment = world.impatient, mock = GOOD })
    os.execute("kill " .. w.mock)
    local run = w:start()
    assert(world.wait(function() return paused(w) end))
    run.kill("KILL")
    run.wait()
    becomes(w, GOOD)
    assert(world.wait(function() return is_past(paused(w).body["until"]) end))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("the pause is over", w:events("budget.lifted")[1].body.why)
    replays(w)
  end)
end)

-- An answer, and one that waiting does not make better.
local BROKEN = [[ function reply() return { status = 500, content = "a bug" } end ]]

describe("routing", function()
  it("pauses without end are bounded where each turn fails after one: the card's failures are counted on",
    function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 1 } }, mock = BROKEN,
      model = { breaker = { failures = 3, seconds = 0.15 } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2, #w:events("turn.failed"))
    assert.is_true(#w:events("model.paused") >= 1)
    replays(w)
  end)

  it("pauses without end are bounded: the card waits for a person then", function()
    local w <close> = world.new({ issues = cards(1), mock = BROKEN, limits = { pauses = 2 },
      environment = world.impatient, model = { breaker = { failures = 1, seconds = 0.3 } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2, #w:events("model.paused"))
    local failed, card = w:events("turn.failed")[1], w:card("C-1")
    assert.equal("ERR_LIMIT", failed.body.code)
    assert.truthy(failed.body.why:find("3 times in a row", 1, true), failed.body.why)
    assert.same({ "blocked", "resource" }, { card.status, card.wait_reason })
    replays(w)
    becomes(w, GOOD)
    text, code = w:orket("retry C-1")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    replays(w)
  end)

  it("pauses without end do not come from thousands of 429: each request asks three times, each card once",
    function()
    local w <close> = world.new({ issues = cards(20), limits = { concurrency = 20 },
      model = { breaker = { failures = 3, seconds = 600 } },
      mock = busy(7200) })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(20, #w:events("model.paused"))
    assert.is_true(#w:events("step.failed") <= 20, "one who heard it is enough for those in line")
    replays(w)
  end)
end)

-- ---- the node that chooses ----

describe("routing", function()
  it("a models node as docs/nodes.md has it takes the small model for what is simple, and another one after a failure",
    function()
    local text = orket.read("docs/nodes.md"):match("```lua\n(%-%- nodes/thrifty.lua.-)```")
    local w <close> = world.new({ issues = { { id = "C-1", priority = 1.0 }, { id = "C-2", priority = 3.0 } },
      models = { small = { base_url = "http://127.0.0.1:1/v1", model = "little" } },
      rules = { models_node = "thrifty", default_llm = "m" },
      files = { ["nodes/thrifty.lua"] = text }, mock = [[
        function work(talk) return talk.request.model == "little" and { status = 409 } or say(finish()) end ]] })
    local out, code = w:run()
    assert.equal(0, code, out)
    local by = {}
    for _, event in ipairs(w:events("turn.started")) do
      by[event.card] = (by[event.card] or "") .. " " .. (event.role == "coder" and event.body.model or "-")
    end
    assert.same({ ["C-1"] = " small m -", ["C-2"] = " m -" }, by)
    replays(w)
  end)
end)
