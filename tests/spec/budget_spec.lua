-- What work costs: counted, to the token, as whoever is paid for it counts it; and capped.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function stats(w)
  return cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats")))
end

local function rows(w, command)
  return cjson.decode((w:orket(command)))
end

local function sum_of(list, field, is_counted)
  local sum = 0
  for _, row in ipairs(list) do
    sum = sum + ((not is_counted or is_counted(row)) and row[field] or 0)
  end
  return sum
end

-- Cards, turns, runs and the server say the same.
local function assert_counted(w)
  local told, board, runs = stats(w), rows(w, "board --json --all"), rows(w, "history --json")
  local turns = {}
  for _, run in ipairs(runs) do
    table.move(rows(w, "history --json " .. run.id), 1, 1e4, #turns + 1, turns)
  end
  for here, there in pairs({ tokens_in = "prompt_tokens", tokens_out = "completion_tokens" }) do
    assert.equal(told[there], sum_of(runs, here), here .. " of the runs")
    assert.equal(told[there], sum_of(turns, here), here .. " of the turns")
    assert.equal(told[there], sum_of(board, here), here .. " of the cards")
  end
  assert(told.completion_tokens > 0)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
  return told
end

local function cards(count, fields)
  local issues = {}
  for i = 1, count do
    issues[i] = world.merged({ id = "C-" .. i }, fields)
  end
  return issues
end

local WORK = [[
  function work(talk)
    return steps(talk, function() return say(write(talk.card .. ".txt", ("a line\n"):rep(30))) end,
      function() return { reasoning = "hm, what now", calls = { finish() } } end)
  end
]]

describe("what work costs", function()
  it("is counted as the server counts it", function()
    local w <close> = world.new({ issues = cards(3), mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
  end)

  it("also where the server does not tell: then it is estimated, and marked", function()
    local w <close> = world.new({ issues = cards(2), model = { params = { stream_options = cjson.null } }, mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
    for _, event in ipairs(w:events("step.reply")) do
      assert.is_true(event.body.usage.estimated)
    end
  end)

  it("what cannot be true is not told: less than nothing, parts, all the money of the world, nothing at all", function()
    for _, count in ipairs({ "-1", "-1e300", "0.5", "1e300", "9223372036854775807", "0" }) do
      local w <close> = world.new({ issues = cards(1), mock = "function work() return { usage = { prompt_tokens = " .. count
        .. ", completion_tokens = " .. count .. " }, calls = { finish() } } end" })
      local text, code = w:run()
      assert.equal(0, code, text)
      for _, event in ipairs(w:events("step.reply")) do
        local usage = event.body.usage
        if usage.estimated then
          assert(usage.prompt > 100 and usage.prompt < 10000 and usage.completion > 5 and usage.completion < 100)
        end
      end
      assert.is_true(w:events("step.reply")[1].body.usage.estimated, count)
      assert.equal("sound", (w:orket("check")):match("^%a+"))
      assert.truthy((w:orket("replay --strict ep.1")):find("^ep.1: "))
    end
  end)

  it("also what broke off, was refused, and was worked on in vain", function()
    local w <close> = world.new({ issues = cards(5, { max_retries = 0 }), limits = { concurrency = 5 }, mock = [[
      function work(talk)
        if talk.card == "C-1" then return { content = ("words "):rep(50), cut_after = 5 } end
        if talk.card == "C-2" then return { content = ("words "):rep(50), calls = { finish() }, malformed = true } end
        if talk.card == "C-3" then return { status = 500 } end
        if talk.card == "C-4" then return { content = "some", cut_after = 0 } end
        return say(finish())
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local told = assert_counted(w)
    assert.equal(3 * 4 + 2, told.requests - 1)
    assert.equal(3 * 4 + 2, sum_of(rows(w, "history --json ep.1"), "calls"))
    assert.truthy((w:orket("replay --strict ep.1")):find("^ep.1: "))
  end)

  it("is counted once by a run that was killed and goes on, and by a fork", function()
    local w <close> = world.new({ issues = cards(2), mock = [[
      function work(talk)
        if talk.replies == 1 then return { delay_ms = 1500, calls = { write("b.txt", "b") } } end
        return steps(talk, function() return say(write("a.txt", "a")) end, nil, function() return say(finish()) end)
      end ]] })
    local run = w:start()
    assert(world.wait(function() return #w:events("call.result") >= 2 end))
    run.kill("KILL")
    run.wait()
    assert(world.wait(function() return stats(w).open == 0 end))
    local text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert_counted(w)
    local at
    for _, event in ipairs(w:events("step.reply")) do
      at = at or event.seq
    end
    text, code = w:orket(("fork ep.1@%d"):format(at))
    assert.equal(0, code, text)
    text, code = w:run("ep-f1")
    assert.equal(0, code, text)
    assert_counted(w)
  end)
end)

-- ---- caps ----

local function capped(budgets, more)
  return world.new(world.merged({ issues = cards(1), mock = WORK, rules = { budgets = budgets } }, more))
end

local function raise(w, change)
  local config = cjson.decode(w:read("config/organization.json"))
  change(config.process_rules.budgets)
  w:write("config/organization.json", cjson.encode(config))
end

local function replays(w, run)
  local text, code = w:orket("replay --strict " .. (run or "ep.1"))
  assert.equal(0, code, text)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
end

local COSTLY = [[
  function work(talk)
    local usage = { prompt_tokens = 700, completion_tokens = 300 }
    if talk.replies < 3 then return { usage = usage, calls = { write(talk.card .. talk.replies, "x") } } end
    return { usage = usage, calls = { finish() } }
  end
  function review() return { usage = { prompt_tokens = 1, completion_tokens = 1 }, calls = { status("done", "good") } } end
]]

describe("a cap", function()
  it("parks the card with a report, and its turn goes on when it is raised", function()
    local w <close> = capped({ epics = { ep = { tokens = 1500 } } }, { mock = COSTLY })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("blocked resource", w:card("C-1").status .. " " .. w:card("C-1").wait_reason)
    local reached = w:events("budget.reached")
    assert.equal(1, #reached)
    local body = reached[1].body
    assert.same({ "epics/ep/tokens", 2000, 1500, "budget.tokens", "C-1" }, { body.cap, body.used, body.limit, body.rule, reached[1].card })
    assert(body.why and body.fix:find("raise epics/ep/tokens", 1, true), body.fix)
    assert.equal(1, #w:events("budget.warned"))
    assert.equal(0, #w:events("turn.ended"))
    assert.truthy((w:orket("reports")):find("budget.tokens", 1, true))
    text, code = w:orket("retry C-1")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2, #w:events("budget.reached"))
    raise(w, function(b) b.epics.ep.tokens = 100000 end)
    text, code = w:orket("retry C-1")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(5, stats(w).replies)
    assert_counted(w)
    replays(w)
  end)

  it("that is raised lets the run go on by itself", function()
    local w <close> = capped({ cards = { ["*"] = { calls = 2 } } }, { issues = cards(3), mock = COSTLY })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(6, stats(w).replies)
    raise(w, function(b) b.cards["*"].calls = 10 end)
    text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert.equal(15, stats(w).replies)
    assert_counted(w)
    replays(w)
  end)
end)

describe("twenty at once under one cap", function()
  local function spent(w)
    return sum_of(rows(w, "history --json"), "tokens_in") + sum_of(rows(w, "history --json"), "tokens_out")
  end

  local KINDS = {
    { "as the server counts bytes", 30000, "function work(talk) return { delay_ms = 30, calls = { write(talk.card .. talk.replies, ('x'):rep(100)) } } end" },
    { "that cost more than anybody can know before", 20000, [[function work(talk)
      return { delay_ms = 30, usage = { prompt_tokens = 3000, completion_tokens = 9000 }, calls = { write(talk.card .. talk.replies, "x") } } end]] },
    { "that cost very little", 3000, [[function work(talk)
      return { delay_ms = 5, usage = { prompt_tokens = 10, completion_tokens = 10 }, calls = { write(talk.card .. talk.replies, "x") } } end]] },
  }
  for _, kind in ipairs(KINDS) do
    it("pass it by one reply at most: replies " .. kind[1], function()
      local w <close> = capped({ organization = { tokens = kind[2] } },
        { issues = cards(20), limits = { concurrency = 20, steps = 100 }, mock = kind[3] })
      local text, code = w:run()
      assert.equal(3, code, text)
      local most = 0
      for _, event in ipairs(w:events("step.reply")) do
        most = math.max(most, event.body.usage.prompt + event.body.usage.completion)
      end
      local all = spent(w)
      assert(all >= kind[2] and all < kind[2] + most, all .. " of " .. kind[2] .. ", one reply costs " .. most)
      assert_counted(w)
      assert.equal(20, #w:events("budget.reached"))
      assert.equal(1, #w:events("budget.warned"))
      replays(w)
    end)
  end

  it("make exactly as many requests as they may", function()
    local w <close> = capped({ organization = { calls = 33 } }, { issues = cards(20), limits = { concurrency = 20 }, mock = [[
      function work(talk) return { delay_ms = 10, calls = { write(talk.card .. talk.replies, "x") } } end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(33, stats(w).replies)
  end)

  it("are really at once as long as there is room", function()
    local w <close> = capped({ organization = { tokens = 100000000 } }, { issues = cards(20), limits = { concurrency = 20 }, mock = [[
      function work(talk) return { delay_ms = talk.replies == 0 and 1 or 1000, calls = { talk.replies == 0 and write(talk.card, "x") or finish() } } end ]] })
    local run, most = w:start(), 0
    assert(world.wait(function()
      most = math.max(most, stats(w).open)
      return most >= 15
    end, 20), most)
    local held = rows(w, "budget --json").caps[1]
    assert.equal("organization/tokens", held.cap)
    assert(held.reserved > 15 * 4096 and held.reserved < 20 * 30000, held.reserved)
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(0, rows(w, "budget --json").caps[1].reserved)
  end)
end)
