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

local FIELDS = { tokens_in = "prompt_tokens", tokens_out = "completion_tokens" }

-- The ledger says the same however it is summed up, and one by one.
local function assert_ledger(w, told)
  for _, by in ipairs({ "card", "role", "model", "day", "run" }) do
    local cost = rows(w, "cost --json --by " .. by)
    for here, there in pairs(FIELDS) do
      assert.equal(told[there], cost.total[here], here .. " by " .. by)
      assert.equal(told[there], sum_of(cost.rows, here))
    end
    assert.equal(sum_of(rows(w, "history --json"), "calls"), cost.total.calls)
    assert.equal(#w:events("step.failed"), cost.total.failed)
  end
  local lines, listed = (w:orket("cost --json --requests -n 1000")), {}
  for line in lines:gmatch("[^\n]+") do
    listed[#listed + 1] = cjson.decode(line)
  end
  for here, there in pairs(FIELDS) do
    assert.equal(told[there], sum_of(listed, here), "one by one")
  end
  return listed
end

-- Cards, turns, runs, requests and the server say the same.
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
  assert_ledger(w, told)
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

describe("budget", function()
  it("what work costs is counted as the server counts it", function()
    local w <close> = world.new({ issues = cards(3), mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
  end)

  it("what work costs is estimated, and marked so, where the server does not report it", function()
    local w <close> = world.new({ issues = cards(2), model = { params = { stream_options = cjson.null } },
      mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert_counted(w)
    for _, event in ipairs(w:events("step.reply")) do
      assert.is_true(event.body.usage.estimated)
    end
  end)

  it("what cannot be true is not told: less than nothing, parts, all the money of the world, nothing at all",
    function()
    for _, count in ipairs({ "-1", "-1e300", "0.5", "1e300", "9223372036854775807", "0" }) do
      local w <close> = world.new({ issues = cards(1),
        mock = "function work() return { usage = { prompt_tokens = " .. count
        .. ", completion_tokens = " .. count .. " }, calls = { finish() } } end" })
      local text, code = w:run()
      assert.equal(0, code, text)
      for _, event in ipairs(w:events("step.reply")) do
        local usage = event.body.usage
        if usage.estimated then
          assert(usage.prompt > 100 and usage.prompt < 10000 and usage.completion > 5
            and usage.completion < 100)
        end
      end
      assert.is_true(w:events("step.reply")[1].body.usage.estimated, count)
      assert.equal("sound", (w:orket("check")):match("^%a+"))
      assert.truthy((w:orket("replay --strict ep.1")):find("^ep.1: "))
    end
  end)

  it("what work costs contains what broke off, was refused, and was worked on in vain", function()
    local w <close> = world.new({ issues = cards(5, { max_retries = 0 }), limits = { concurrency = 5 },
      environment = world.impatient, mock = [[
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

  it("what work costs is counted once by a run that was killed and goes on, and by a fork", function()
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

local function seconds_between(first, last)
  local function seconds(event)
    local hours, minutes, rest = event.at:match("T(%d+):(%d+):([%d.]+)")
    return hours * 3600 + minutes * 60 + rest
  end
  return (seconds(last) - seconds(first)) % 86400
end

describe("budget", function()
  local PRICE = { input = 3000000, output = 15000000 }

  it("orket cost tells each request: whose it was, the price then, money, time, which attempt, why it failed",
    function()
    local w <close> = world.new({ issues = cards(1, { max_retries = 0 }), model = { price = PRICE }, mock = [[
      function work() return { content = ("words "):rep(20), cut_after = 5, delay_ms = 300 } end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local listed = assert_ledger(w, stats(w))
    assert.equal(3, #listed)
    for i, row in ipairs(listed) do
      assert.same({ 4 - i, "ERR_PROTOCOL", "C-1", "coder", "dev", "m", "ep.1", 1, 1 },
        { row.attempt, row.code, row.card, row.role, row.seat, row.model, row.run, row.turn, row.step })
      assert.same(PRICE, row.price)
      assert.equal(row.tokens_in * 3 + row.tokens_out * 15, row.money)
      assert(row.ms >= 300, row.ms)
    end
    local pauses = seconds_between(w:events("turn.started")[1], w:events("step.failed")[3]) - sum_of(listed,
      "ms") / 1000
    assert(pauses > 1.1, "the pause before an attempt is not its time: " .. pauses)
    local total = rows(w, "cost --json --run ep.1").total
    assert.equal(sum_of(listed, "money"), total.money)
    assert.equal(#listed, total.priced)
  end)

  it("orket cost is the same for a run that was dropped, but for what its requests were one by one",
    function()
    local w <close> = world.new({ issues = cards(2), model = { price = PRICE }, mock = WORK })
    local text, code = w:run()
    assert.equal(0, code, text)
    local before = rows(w, "cost --json --by card")
    world.sleep(1.1)
    text, code = w:orket("gc --keep 1s")
    assert.equal(0, code, text)
    assert.same(before, rows(w, "cost --json --by card"))
    assert.equal("", (w:orket("cost --json --requests")))
  end)

  it("orket cost refuses words that it does not know, and a run that is not there", function()
    local w <close> = world.new({ issues = cards(1), mock = WORK })
    for _, words in ipairs({ "--by moon", "--by card --requests", "-n 3", "--requests -n 0",
      "--requests -n 1.5", "--requests -n x" }) do
      assert.equal(2, select(2, w:orket("cost " .. words)), words)
    end
    w:run()
    assert.equal(1, select(2, w:orket("cost --run ep.7")))
    assert.equal(0, select(2, w:orket("cost --by day")))
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

local COSTLY = [[
  function work(talk)
    local usage = { prompt_tokens = 700, completion_tokens = 300 }
    if talk.replies < 3 then return { usage = usage, calls = { write(talk.card .. talk.replies, "x") } } end
    return { usage = usage, calls = { finish() } }
  end
  function review() return { usage = { prompt_tokens = 1, completion_tokens = 1 }, calls = { status("done", "good") } } end
]]

describe("a cap", function()
  it("a cap that is reached parks the card with a report, and its turn goes on when it is raised", function()
    local w <close> = capped({ epics = { ep = { tokens = 1500 } } }, { mock = COSTLY })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("blocked resource", w:card("C-1").status .. " " .. w:card("C-1").wait_reason)
    local reached = w:events("budget.reached")
    assert.equal(1, #reached)
    local body = reached[1].body
    assert.same({ "epics/ep/tokens", 2000, 1500, "budget.tokens", "C-1" },
      { body.cap, body.used, body.limit, body.rule, reached[1].card })
    assert(body.why and body.fix:find("raise it in config/organization.json#/process_rules/budgets/epics/ep/tokens", 1, true), body.fix)
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
    w:replays()
  end)

  it("a cap that is raised lets the run go on by itself", function()
    local w <close> = capped({ cards = { ["*"] = { calls = 2 } } }, { issues = cards(3), mock = COSTLY })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(6, stats(w).replies)
    raise(w, function(b) b.cards["*"].calls = 10 end)
    text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert.equal(15, stats(w).replies)
    assert_counted(w)
    w:replays()
  end)
end)

describe("a cap of many cards", function()
  local function spent(w)
    return sum_of(rows(w, "history --json"), "tokens_in") + sum_of(rows(w, "history --json"), "tokens_out")
  end

  local KINDS = {
    { "as the server counts bytes", 30000,
      "function work(talk) return { delay_ms = 30, calls = { write(talk.card .. talk.replies, ('x'):rep(100)) } } end" },
    { "that cost more than anybody can know before", 20000, [[function work(talk)
      return { delay_ms = 30, usage = { prompt_tokens = 3000, completion_tokens = 9000 }, calls = { write(talk.card .. talk.replies, "x") } } end]] },
    { "ten times as long as they may be", 20000, [[function work(talk)
      return { delay_ms = 30, usage = { prompt_tokens = 300, completion_tokens = 1000 }, calls = { write(talk.card .. talk.replies, "x") } } end]], 100 },
    { "ten times as long as they may be, all at once, after modest ones", 40000, [[function work(talk)
      return { delay_ms = 30, usage = { prompt_tokens = 300, completion_tokens = talk.replies < 2 and 50 or 1000 },
        calls = { write(talk.card .. talk.replies, "x") } } end]], 100 },
    { "that cost very little", 3000, [[function work(talk)
      return { delay_ms = 5, usage = { prompt_tokens = 10, completion_tokens = 10 }, calls = { write(talk.card .. talk.replies, "x") } } end]] },
  }
  for _, kind in ipairs(KINDS) do
    it("twenty cards at once pass a cap by one reply at most: replies " .. kind[1], function()
      local w <close> = capped({ organization = { tokens = kind[2] } },
        { issues = cards(20), limits = { concurrency = 20, steps = 100 }, mock = kind[3],
          model = { max_tokens = kind[4] } })
      local text, code = w:run()
      assert.equal(3, code, text)
      local most = 0
      for _, event in ipairs(w:events("step.reply")) do
        most = math.max(most, event.body.usage.prompt + event.body.usage.completion)
      end
      local all = spent(w)
      assert(all >= kind[2] and all < kind[2] + most, all .. " of " .. kind[2] .. ", one reply costs "
        .. most)
      assert_counted(w)
      assert.equal(20, #w:events("budget.reached"))
      assert.equal(1, #w:events("budget.warned"))
      w:replays()
    end)
  end

  -- A server that suddenly counts more than the request has bytes and the model may say: nobody can know of
  -- those that are under way. From the first such answer on one goes alone.
  it("twenty cards at once pass a cap by what is under way, when a server counts what nobody can foresee, and by nothing after that",
    function()
    local w <close> = capped({ organization = { tokens = 400000 } },
      { issues = cards(20), limits = { concurrency = 20, steps = 100 }, model = { max_tokens = 100 },
      mock = [[
      function work(talk)
        local usage = talk.replies < 3 and { prompt_tokens = 300, completion_tokens = 50 } or { prompt_tokens = 100000, completion_tokens = 100000 }
        return { delay_ms = 120, usage = usage, calls = { write(talk.card .. talk.replies, "x") } }
      end]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local lies = 0
    for _, event in ipairs(w:events("step.reply")) do
      lies = lies + (event.body.usage.prompt == 100000 and 1 or 0)
    end
    assert(lies >= 2 and lies <= 20, lies .. " of twenty") -- two pass the cap
    assert.equal(20, #w:events("budget.reached"))
    assert_counted(w)
    w:replays()
  end)

  it("twenty cards at once make exactly as many requests as a cap allows", function()
    local w <close> = capped({ organization = { calls = 33 } }, { issues = cards(20), limits = { concurrency = 20 }, mock = [[
      function work(talk) return { delay_ms = 10, calls = { write(talk.card .. talk.replies, "x") } } end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(33, stats(w).replies)
  end)

  it("twenty cards ask at the same time as long as there is room under a cap", function()
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

describe("a cap of", function()
  local LIMITS = { tokens = 100, money = 100, calls = 10, seconds = 1, disk = 100 }
  local ME = orket.shell("id -un"):gsub("%s+$", "")
  local SCOPES = { organization = false, epics = "ep", users = ME, roles = "coder", cards = "C-1" }

  -- Fourteen replies of ten tokens and a file of ten bytes each.
  local MOCK = [[
    function work(talk)
      local calls = talk.replies < 14 and { write("f" .. talk.replies, "ten bytes.") } or { finish() }
      return { delay_ms = %d, usage = { prompt_tokens = 5, completion_tokens = 5 }, calls = calls }
    end
    function review() return { usage = { prompt_tokens = 5, completion_tokens = 5 }, calls = { status("done", "good") } } end ]]

  local function budget_of(scope, kind, limit)
    local caps = { [kind] = limit }
    return { [scope] = SCOPES[scope] and { [SCOPES[scope]] = caps } or caps }
  end

  -- What the journal says was used.
  local function used_of(w, kind)
    local sum, replies = 0, w:events("step.reply")
    for _, event in ipairs(kind == "disk" and w:events("file.written") or replies) do
      sum = sum + (kind == "calls" and 1 or kind == "seconds" and event.body.took / 1000 or 10)
    end
    return sum
  end

  local function killed_after(w, requests)
    local run = w:start()
    assert(world.wait(function() return w:requests() >= requests end, 30))
    run.kill("KILL")
    run.wait()
  end

  local function assert_parked(w, path, kind)
    local limit, body = LIMITS[kind], w:events("budget.reached")[1].body
    assert.same({ path, limit, "budget." .. kind }, { body.cap, body.limit, body.rule })
    local warned = w:events("budget.warned")
    assert.equal(1, #warned)
    assert.same({ path, limit }, { warned[1].body.cap, warned[1].body.limit })
    assert(warned[1].body.used >= 0.8 * limit, cjson.encode(warned[1].body))
    if kind ~= "seconds" then
      assert.same({ limit, 0.8 * limit }, { body.used, warned[1].body.used })
    end
    assert.same({ "blocked", "resource" }, { w:card("C-1").status, w:card("C-1").wait_reason })
    assert.truthy((w:orket("reports")):find("budget." .. kind, 1, true))
    local cap = rows(w, "budget --json").caps[1]
    assert.same({ path, 0 }, { cap.cap, cap.reserved })
    assert(math.abs(used_of(w, kind) - cap.used) < 0.01, cap.used .. " of " .. used_of(w, kind))
  end

  -- Each scope with two kinds, each kind in two scopes; caps_spec.lua holds that each has all.
  for scope, kinds in pairs({
    organization = { "tokens", "disk" }, epics = { "money", "tokens" }, users = { "calls", "money" },
    roles = { "seconds", "calls" }, cards = { "disk", "seconds" },
  }) do
    it(scope .. " holds in its kinds, warned of, after kill -9 as well, and is resumed when it is raised",
      function()
      for _, kind in ipairs(kinds) do
        local path = table.concat({ scope, SCOPES[scope] or nil }, "/") .. "/" .. kind
        local w <close> = capped(budget_of(scope, kind, LIMITS[kind]),
          { mock = MOCK:format(kind == "seconds" and 150 or 20),
          model = { price = { input = 1000000, output = 1000000 } } })
        killed_after(w, 3)
        local text, code = w:run()
        assert.equal(3, code, path .. text)
        assert_parked(w, path, kind)
        raise(w, function(budgets)
          budgets[scope] = budget_of(scope, kind, 100 * LIMITS[kind])[scope]
        end)
        text, code = w:orket("resume --plain")
        assert.equal(0, code, path .. text)
        assert.same({ "done", 16 }, { w:card("C-1").status, #w:events("step.reply") }, path)
        assert(w:requests() <= 17, path) -- one was under way when it was killed
        w:replays()
      end
    end)
  end
end)

describe("caps of every kind", function()
  it("money is counted in whole millionths, by the price of the model", function()
    local w <close> = capped({ currency = "EUR", organization = { money = 9000 } },
      { issues = cards(2), mock = COSTLY,
      model = { price = { input = 3000000, output = 15000000 } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    local one = 700 * 3 + 300 * 15
    assert.equal(2 * one, rows(w, "history --json")[1].money)
    assert(text:find("EUR 0.013200 of EUR 0.009000 are used", 1, true), text)
    local cap = rows(w, "budget --json")
    assert.same({ "EUR", "organization/money", 2 * one, 9000, 146 },
      { cap.currency, cap.caps[1].cap, cap.caps[1].used, cap.caps[1].limit, cap.caps[1].percent })
    for _, event in ipairs(w:events("step.reply")) do
      assert.equal(one, event.body.money)
    end
    text = w:orket("budget")
    assert(text:find("organization/money%s+EUR 0.013200%s+EUR 0.000000%s+EUR 0.009000%s+146 %%"), text)
    assert.truthy((w:orket("board")):find("budget organization/money: 146 %", 1, true))
    w:replays()
  end)

  it("money needs prices", function()
    local w <close> = capped({ cards = { ["*"] = { money = 1 } } })
    local text, code = w:orket("validate")
    assert.equal(1, code, text)
    assert(text:find("has no price", 1, true), text)
  end)

  it("calls are capped for a role, a user and one card; others go on", function()
    local me = orket.shell("id -un"):gsub("%s+$", "")
    for _, budgets in ipairs({
      { roles = { coder = { calls = 4 } } }, { users = { [me] = { calls = 5 } } },
      { cards = { ["C-1"] = { calls = 2 } } },
    }) do
      local w <close> = capped(budgets, { issues = cards(2), limits = { concurrency = 1 }, mock = COSTLY })
      local text, code = w:run()
      assert.equal(3, code, text)
      local other = budgets.cards and "C-2" or "C-1"
      assert.equal("done", w:card(other).status, text)
      assert.equal("blocked", w:card(other == "C-1" and "C-2" or "C-1").status)
      w:replays()
    end
  end)

  it("caps of files alone hold: a card's own and its epic's narrow them", function()
    local w <close> = capped({ cards = { ["*"] = { calls = 2 } } },
      { issues = { { budget = { calls = 1 } }, { budget = { calls = 100 } } }, limits = { concurrency = 1 },
        mock = COSTLY })
    assert.equal(3, select(2, w:run()))
    assert.equal(3, stats(w).replies)
    local by = {}
    for _, event in ipairs(w:events("budget.reached")) do
      by[event.card] = event.body.limit
    end
    assert.same({ ["I-1"] = 1, ["I-2"] = 2 }, by)
    local v <close> = world.new({ issues = { { budget = { calls = 2 } }, {} }, mock = COSTLY })
    local text, code = v:run()
    assert.equal(3, code, text)
    assert.equal("done", v:card("I-2").status)
    assert.equal("cards/I-1/calls", v:events("budget.reached")[1].body.cap)
    assert.is_nil(v:events("budget.reached")[1].body.where)
    local file = cjson.decode(v:read("config/epics/ep.json"))
    file.issues[1].budget.calls = 20
    v:write("config/epics/ep.json", cjson.encode(file))
    assert.equal(0, select(2, v:orket("sync")))
    text, code = v:run()
    assert.equal(0, code, text)
    v:replays()
    local e <close> = world.new({ issues = cards(2), limits = { concurrency = 1 }, mock = COSTLY })
    local epic = cjson.decode(e:read("config/epics/ep.json"))
    epic.budget = { calls = 6 }
    e:write("config/epics/ep.json", cjson.encode(epic))
    assert.equal(3, select(2, e:run()))
    assert.equal(6, stats(e).replies)
    assert.equal("epics/ep/calls", e:events("budget.reached")[1].body.cap)
    e:replays()
  end)

  it("disk: not a byte more than the cap is written, whatever is deleted, and the turn goes on", function()
    local w <close> = capped({ cards = { ["*"] = { disk = 1000 } } }, { mock = [[
      function work(talk)
        if (talk.said[#talk.said] or ""):find("bytes are used", 1, true) then return say(write("small.txt", "s"), finish()) end
        return say(write("a" .. talk.replies, ("x"):rep(300)))
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local body = w:events("budget.reached")[1].body
    assert.same({ "cards/C-1/disk", 900, 1000, "budget.disk" },
      { body.cap, body.used, body.limit, body.rule })
    assert.equal(3, #w:events("file.written"))
    assert.equal(900, rows(w, "budget --json").caps[1].used)
    assert.equal(1, #w:events("budget.warned"))
    raise(w, function(b) b.cards["*"].disk = 2000 end)
    text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert.equal("s", w:made("small.txt"))
    assert.equal(901, rows(w, "budget --json").caps[1].used)
    w:replays()
  end)

  it("seconds are time at work, added up", function()
    local w <close> = capped({ epics = { ep = { seconds = 0.5 } } }, { issues = cards(3), limits = { concurrency = 3 }, mock = [[
      function work(talk) return { delay_ms = 200, calls = { write(talk.card .. talk.replies, "x") } } end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local took, last = 0, 0
    for _, event in ipairs(w:events("step.reply")) do
      assert(event.body.took >= 200 and event.body.took < 5000)
      took, last = took + event.body.took, event.body.took
    end
    assert(took >= 500 and took - last < 500, took) -- one at a time: each may take its deadline
    local cap = rows(w, "budget --json").caps[1]
    assert(math.abs(took / 1000 - cap.used) < 0.001, cap.used)
    w:replays()
  end)

  it("a cap of the organization is renewed each day, by the times of the journal", function()
    local w <close> = capped({ organization = { per = "day", calls = 3 } }, { mock = COSTLY })
    assert.equal(3, select(2, w:run()))
    assert.equal(3, rows(w, "budget --json").caps[1].used)
    assert.equal(3, select(2, w:orket("resume --plain")))
    assert.equal(3, stats(w).replies)
    -- all of it was two days ago, but for one reply of yesterday's
    w:sql("UPDATE entry SET at = at - 172800000; UPDATE entry SET at = at + 86400000 WHERE seq = (SELECT max(seq) FROM event WHERE kind = 'step.reply'); "
      .. "UPDATE turn SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ', julianday(started_at) - 2)")
    assert.equal(0, rows(w, "budget --json").caps[1].used)
    local text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert.equal(2, rows(w, "budget --json").caps[1].used)
  end)
end)

describe("budget", function()
  local function waiting()
    return capped({ cards = { ["*"] = { calls = 2 } } }, { mock = [[
      function work(talk)
        if talk.text:find("hurry up", 1, true) then return say(finish()) end
        return steps(talk, function() return say(write("a", "a")) end, function() return say(write("b", "b")) end, function() return say(finish()) end)
      end ]] })
  end

  it("a card that waits for a cap has another turn when a person answers it", function()
    local w <close> = waiting()
    assert.equal(3, select(2, w:run()))
    raise(w, function(b) b.cards["*"].calls = 10 end)
    local text, code = w:orket("answer C-1 'hurry up'")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("turn.abandoned"))
    assert.equal(4, stats(w).replies)
    assert_counted(w)
    w:replays()
  end)

  it("a card that waits for a cap is told on the board with what to do, and as a report", function()
    local w <close> = waiting()
    assert.equal(3, select(2, w:run()))
    local text = w:orket("board")
    assert(text:find("cards/C-1/calls: 2 calls of 2 calls are used", 1, true)
      and text:find("orket retry C-1", 1, true), text)
    local report = rows(w, "reports --json")
    assert.same({ "budget", "budget.calls", "deny" }, { report.violation_type, report.rule, report.decision })
    assert(report.where:find("budgets/cards/*/calls", 1, true), report.where)
  end)

  it("a card that waits for a cap goes on with its turn beside a run", function()
    local w <close> = capped({ cards = { ["C-1"] = { calls = 1 } } }, { issues = cards(2), mock = [[
      function work(talk)
        if talk.card == "C-2" then return say(finish()) end
        return steps(talk, function() return say(write("a", "a")) end, function() return say(finish()) end)
      end ]] })
    w:hold("C-2")
    local run = w:start()
    assert(world.wait(function() return #w:events("budget.reached") == 1 end))
    assert.equal(0, select(2, w:orket("retry C-1")))
    assert(world.wait(function() return #w:events("budget.reached") == 2 end))
    w:release("C-2")
    assert.equal(3, select(2, run.wait()))
    assert.equal(2, #w:events("turn.started") - 1)
    raise(w, function(b) b.cards["C-1"].calls = 9 end)
    local text, code = w:run()
    assert.equal(0, code, text)
    w:replays()
  end)
end)
