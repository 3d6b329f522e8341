-- attack_budget_spec.lua: models, servers, scripts and clocks that want more than they may have.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local world = dofile("tests/support/world.lua")

local function project(budgets, mock, more)
  return world.new(world.merged({ issues = { { id = "C-1" } }, mock = mock, rules = { budgets = budgets } },
    more))
end

local function replies(w)
  return cjson.decode((orket.shell("curl -sS " .. w.url .. "/stats"))).replies
end

local function rows(w, command)
  return cjson.decode((w:orket(command)))
end

local function assert_sound(w, run)
  assert.equal("sound", (w:orket("check")):match("^%a+"))
  local text, code = w:orket("replay --strict " .. (run or "ep.1"))
  assert.equal(0, code, text)
end

describe("attack budget", function()
  local ENDLESS = "function work(talk) return { usage = { prompt_tokens = %s, completion_tokens = %s }, calls = { write('f' .. talk.replies, 'x') } } end"

  it("a server that lies high parks the card, and breaks no sum", function()
    local w <close> = project({ organization = { tokens = 1000000000000000, money = 1 } },
      ENDLESS:format("1000000000", "1000000000"),
      { model = { price = { input = 1000000000, output = 1000000000, cached = 0 } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(1, replies(w))
    local reached = w:events("budget.reached")[1].body
    assert.same({ "organization/money", 2000000000000 }, { reached.cap, reached.used })
    assert_sound(w)
  end)

  it("a server that lies low, or says nothing, is stopped by estimates, by requests, by bytes", function()
    for _, row in ipairs({
      { { tokens = 20000 }, "0", "0", 3, 12 }, { { tokens = 20000 }, "-7", "1e300", 3, 12 },
      { { calls = 5 }, "1", "1", 5, 5 },
      { { disk = 4 }, "1", "1", 5, 5 },
    }) do
      local w <close> = project({ cards = { ["*"] = row[1] } }, ENDLESS:format(row[2], row[3]),
        { limits = { steps = 40 } })
      local text, code = w:run()
      assert.equal(3, code, text)
      local count = replies(w)
      assert(count >= row[4] and count <= row[5], count .. " replies with " .. cjson.encode(row[1]))
      assert.equal(1, #w:events("budget.reached"))
      assert_sound(w)
    end
  end)

  it("a server that lies by breaking every reply off does not work for nothing", function()
    local w <close> = project({ cards = { ["*"] = { tokens = 3000 } } },
      "function work() return { content = ('words '):rep(1000), cut_after = 100 } end",
        { issues = { { id = "C-1", max_retries = 50 } }, environment = world.impatient })
    local text, code = w:run()
    assert.equal(3, code, text)
    local body = w:events("budget.reached")[1].body
    assert.equal("cards/C-1/tokens", body.cap)
    assert(replies(w) < 6, replies(w))
    assert_sound(w)
  end)
end)

describe("attack budget", function()
  it("an agent that makes cards which make cards stays under its epic's cap", function()
    local w <close> = project({ cards = { ["*"] = { calls = 2 } }, epics = { ep = { calls = 9 } } }, [[
      function work(talk)
        return { calls = { call("create_issue", { summary = "more", seat = "lead", budget = { calls = 1000 } }),
                           call("create_issue", { summary = "more " .. talk.replies, seat = "lead" }), write(talk.card .. talk.replies, "x") } }
      end ]], { issues = { { id = "C-1", seat = "lead" } }, limits = { concurrency = 5 } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert(#w:events("card.created") > 3)
    assert.equal(9, replies(w))
    for _, event in ipairs(w:events("card.created")) do
      assert.is_nil(event.actor:find("^agent") and event.body.budget)
    end
    assert_sound(w)
  end)

  it("an agent that writes the same file again and again is stopped by what it wrote, not by what is there",
    function()
    local w <close> = project({ cards = { ["*"] = { disk = 1000 } } }, [[
      function work(talk) return { calls = { write("same.txt", ("%03d"):format(talk.replies):rep(33)), write("same.txt", "") } } end ]])
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("cards/C-1/disk", w:events("budget.reached")[1].body.cap)
    assert.equal(990, rows(w, "budget --json").caps[1].used)
    assert_sound(w)
  end)

  it("an agent that goes on writing in the same reply writes nothing more", function()
    local w <close> = project({ cards = { ["*"] = { disk = 10 } } }, [[
      function work() return { calls = { write("a", "123456"), write("b", "123456"), write("c", "1"), finish() } } end ]])
    assert.equal(3, select(2, w:run()))
    assert.equal(1, #w:events("file.written"))
    assert.equal("blocked", w:card("C-1").status)
    assert_sound(w)
  end)
end)

local jailed = not orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)

describe("a program that an agent runs", function()
  (jailed and it or pending)("writes under the same cap, and leaves nothing beyond it", function()
    local w <close> = project({ cards = { ["*"] = { disk = 1000 } } }, [[
      function work(talk)
        local function sh(text) return call("run_command", { argv = { "sh", "-c", text } }) end
        return steps(talk,
          function() return say(sh("head -c 500 /dev/zero | tr '\\0' x > a; head -c 400 /dev/zero | tr '\\0' y > b")) end,
          function() return say(sh("head -c 300 /dev/zero | tr '\\0' z > c"), write("d", "z")) end,
          function() return say(finish()) end)
      end ]], {
        files = { ["roles/coder.lua"] = (orket.read("roles/coder.lua"):gsub('"request_excuse"',
          '"request_excuse", "run_command"')) },
        rules = { budgets = { cards = { ["*"] = { disk = 1000 } } },
          commands = { { argv = { "sh", "-c", "*" } } } },
      })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(1, #w:events("budget.warned"))
    local body = w:events("budget.reached")[1].body
    assert.same({ "cards/C-1/disk", 900, 1000 }, { body.cap, body.used, body.limit })
    assert.equal(900, rows(w, "budget --json").caps[1].used)
    assert.is_false(w:exists("workspace/ep/cards/C-1/c"))
    assert_sound(w)
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.budgets.cards["*"].disk = 5000
    w:write("config/organization.json", cjson.encode(config))
    text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert_sound(w)
  end)
end)

describe("attack budget", function()
  local PROMPT = [[
  local function told(value, depth)
    local text = tostring(value)
    for key, item in pairs(type(value) == "table" and depth < 6 and value or {}) do
      text = text .. " " .. tostring(key) .. "=" .. told(item, depth + 1)
    end
    return text
  end
  local seen = told(view, 0)
  view.card.budget, view.budgets = { calls = 1000000 }, { organization = { calls = 1000000 } }
  return brief.prompt(view, IDENTITY .. seen)]]
  local ROUTE = [[route = function(card)
    card.budget = { calls = 1000000 }
    return { status = "ready_for_testing", budget = { calls = 1000000 }, set = { budget = { calls = 1000000 } } }
  end]]

  it("a script of a role neither sees nor changes what the organization allows", function()
    local role = orket.read("roles/coder.lua"):gsub("return brief%.prompt%(view, IDENTITY%)", function()
      return PROMPT
    end)
      :gsub("route = brief%.hand_over", function() return ROUTE end)
    local w <close> = project({ organization = { calls = 3, tokens = 123456789 },
      roles = { coder = { calls = 2 } } },
      [[function work(talk) return say(write("f" .. talk.replies, "x")) end]],
        { files = { ["roles/coder.lua"] = role } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2, replies(w))
    assert(w:request(1):find("id=C-1", 1, true), w:request(1))
    assert.is_nil(w:request(1):find("123456789", 1, true))
    assert_sound(w)
  end)
end)

describe("a budget per day", function()
  it("a clock that went back brings no day's budget back", function()
    local w <close> = project({ organization = { per = "day", calls = 2 } },
      [[function work(talk) return say(write("f" .. talk.replies, "x")) end]])
    assert.equal(3, select(2, w:run()))
    w:sql("UPDATE entry SET at = at + 86400000; UPDATE turn SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ', julianday(started_at) + 1)")
    assert.equal(2, rows(w, "budget --json").caps[1].used) -- the journal's day, which is tomorrow
    assert.equal(3, select(2, w:orket("resume --plain")))
    assert.equal(2, replies(w))
  end)
end)

describe("a budget", function()
  it("a crash leaves nothing reserved, and what was paid counts as used", function()
    local issues = {}
    for i = 1, 20 do
      issues[i] = { id = "C-" .. i }
    end
    local w <close> = project({ organization = { tokens = 10000000 } }, [[
      function work(talk)
        return steps(talk, function() return say(write(talk.card, "x")) end, function() return say(finish()) end)
      end ]], { issues = issues, limits = { concurrency = 20 } })
    for second = 21, 40 do
      w:hold(second)
    end
    local run = w:start()
    assert(world.wait(function() return #w:events("step.reply") >= 20 end, 20))
    assert(rows(w, "budget --json").caps[1].reserved > 0)
    run.kill("KILL")
    run.wait()
    local cap = rows(w, "budget --json").caps[1]
    assert.equal(0, cap.reserved)
    assert(cap.used > 0)
    local text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    cap = rows(w, "budget --json").caps[1]
    local history = rows(w, "history --json")[1]
    assert.equal(history.tokens_in + history.tokens_out, cap.used)
    assert_sound(w)
  end)
end)

describe("attack budget", function()
  it("a fork has the cap of its source's name, and an account of its own", function()
    local w <close> = project({ epics = { ep = { calls = 3 } } }, [[
      function work(talk) return say(write("f" .. talk.replies, "x")) end ]])
    assert.equal(3, select(2, w:run()))
    local at = w:events("step.reply")[1].seq
    local text, code = w:orket(("fork ep.1@%d"):format(at))
    assert.equal(0, code, text)
    assert.equal(3, select(2, w:run("ep-f1")))
    assert.equal(6, replies(w))
    local by = {}
    for _, cap in ipairs(rows(w, "budget --json").caps) do
      by[cap.cap] = cap.used
    end
    assert.same({ ["epics/ep/calls"] = 3, ["epics/ep-f1/calls"] = 3 }, by)
    assert_sound(w)
  end)
end)

describe("attack budget", function()
  it("a replay is not stopped by the budgets of today", function()
    local w <close> = project({ cards = { ["*"] = { calls = 3 } } }, [[
      function work(talk) return steps(talk, function() return say(write("a", "x")) end, function() return say(finish()) end) end ]])
    assert.equal(0, select(2, w:run()))
    local config = cjson.decode(w:read("config/organization.json"))
    config.process_rules.budgets = { organization = { calls = 0, tokens = 0, disk = 0 } }
    w:write("config/organization.json", cjson.encode(config))
    assert_sound(w)
    local text, code = w:orket("replay --config ep.1")
    assert(code == 0 or text:find("budgets", 1, true), text)
  end)

  it("a replay finds a cap that was forged", function()
    local w <close> = project({ cards = { ["*"] = { calls = 1 } } }, [[
      function work(talk) return say(write("f" .. talk.replies, "x")) end ]])
    assert.equal(3, select(2, w:run()))
    w:sql("UPDATE entry SET body = replace(body, '\\\"limit\\\":1', '\\\"limit\\\":9') WHERE seq = (SELECT seq FROM event WHERE kind = 'budget.reached')")
    assert.equal(1, select(2, w:orket("check")))
    assert.equal(1, select(2, w:orket("replay --strict ep.1")))
  end)
end)
