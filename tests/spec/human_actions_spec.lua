-- human_actions_spec.lua: what people do to cards of a run, from outside: answers, retries, changed files.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- Work that is right when the card says so; a reviewer who wants "salt" in it.
local COOK = world.orket.read("tests/support/teams/cook.lua")

local function last_move(w, id)
  local moves = w:moves(id)
  return moves[#moves]
end

describe("a card that was refused too often", function()
  it("a card that its review refused too often goes to its worker with the answer", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 } }, mock = COOK })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("in_progress", w:card("A").return_to)
    text, code = w:orket("answer A 'use salt'")
    assert.equal(0, code, text)
    assert.equal("blocked>in_progress", last_move(w, "A"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("salted", w:made("dish"))
  end)

  it("the refusals of a card are counted anew after an answer", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 } }, mock = COOK })
    assert.equal(3, select(2, w:run()))
    local before = w:requests()
    assert.equal(0, select(2, w:orket("answer A 'think about it'")))
    assert.equal(0, w:card("A").retry_count)
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(2 * before, w:requests())
    assert.equal(0, select(2, w:check()))
  end)

  it("a card that its verification refused too often goes to its worker, who reads the log", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 0,
      verification = { fixture_path = "f.json" } } },
      mock = COOK, files = { ["verification/f.json"] = '{"argv": ["/bin/grep", "salted", "dish"]}' } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(0, select(2, w:orket("answer A 'use salt'")))
    assert.equal("blocked>in_progress", last_move(w, "A"))
    text, code = w:run()
    assert.equal(0, code, text)
    assert(w:request(2):find("FAILED", 1, true))
  end)

end)

-- A is under way beside B, whose model does not answer: the run goes on until it is halted.
local function beside(mock)
  return mock:gsub("function work", "local function cook", 1):gsub("function review", "local function judge", 1) .. [[
    function work(talk)
      return talk.card == "B" and { content = "late", delay_ms = 100000 } or cook(talk)
    end
    function review(talk)
      return judge(talk)
    end ]]
end

local function count(w, kind, id)
  local n = 0
  for _, event in ipairs(w:events(kind)) do
    n = n + (event.card == id and 1 or 0)
  end
  return n
end

local function is_blocked_after(w, turns)
  return function()
    return w:card("A").status == "blocked" and count(w, "turn.started", "A") >= turns
  end
end

describe("a person's act during a run", function()
  it("the failures of a retried card are counted anew", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 1 }, { id = "B" } },
      mock = beside(COOK) })
    local run = w:start()
    assert(world.wait(is_blocked_after(w, 4)))
    local text, code = w:orket("retry A")
    assert.equal(0, code, text)
    assert(world.wait(is_blocked_after(w, 5)))
    assert.equal(8, count(w, "turn.started", "A"))
    assert.equal(0, select(2, w:orket("halt")))
    text, code = run.wait()
    assert.equal(3, code, text)
  end)

  -- B keeps the run open; A waits for it until the files say otherwise.
  it("card files that changed say who works, after what, and what proves it", function()
    local w <close> = world.new({ issues = { { id = "A", depends_on = { "B" } }, { id = "B" } }, mock = beside([[
      function work(talk)
        return say(write("by", talk.text:match("seat (%w+)")), finish())
      end
      function review() return accept() end ]]) })
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    w:write("verification/f.json", '{"argv": ["/bin/grep", "lead", "by"]}')
    w:write("config/epics/ep.json", cjson.encode({ name = "Epic", team = "t", environment = "e", issues = {
      { id = "A", name = "Issue A", seat = "lead", verification = { fixture_path = "f.json" } },
      { id = "B", name = "Issue B", seat = "dev" },
    } }))
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    assert(world.wait(function() return w:card("A").status == "done" end))
    assert.equal("lead", w:made("by"):gsub("%s", ""))
    assert.equal(1, #w:events("verify.done"))
    assert.equal(0, select(2, w:orket("halt")))
    run.wait()
    assert.equal(0, select(2, w:check()))
  end)

  it("a card that comes to depend on a canceled one is parked", function()
    local w <close> = world.new({ issues = { { id = "A", depends_on = { "B" } }, { id = "B" }, { id = "C" } },
      mock = beside(COOK) })
    assert.equal(0, select(2, w:orket("sync")))
    assert.equal(0, select(2, w:orket("move C canceled")))
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    w:write("config/epics/ep.json", cjson.encode({ name = "Epic", team = "t", environment = "e", issues = {
      { id = "A", name = "Issue A", seat = "dev", depends_on = { "C" } },
      { id = "B", name = "Issue B", seat = "dev" }, { id = "C", name = "Issue C", seat = "dev" },
    } }))
    assert.equal(0, select(2, w:orket("sync")))
    assert(world.wait(function() return w:card("A").status == "blocked" end))
    assert.equal(0, select(2, w:orket("halt")))
    run.wait()
  end)

  it("an epic that is given up takes its cards with it, and the run ends", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" }, { id = "C", depends_on = { "A" } } }, mock = [[
      function work(talk) return { content = "late", delay_ms = 100000 } end ]] })
    local run = w:start()
    assert(world.wait(function() return w:request(2) end))
    assert.equal(0, select(2, w:orket("move ep canceled --why 'another plan'")))
    local text, code = run.wait()
    assert.equal(1, code, text)
    assert(text:find("ERR_CANCELED: ep: the epic was canceled", 1, true), text)
    assert(text:find(": in_progress -> canceled: another plan", 1, true), text)
    assert(not text:find("the model failed", 1, true), text) -- it was not asked to go on
    for _, id in ipairs({ "ep", "A", "B", "C" }) do
      assert.equal("canceled", w:card(id).status)
    end
    assert.equal("failed", w:events("run.ended")[1].body.status)
    assert.equal(0, select(2, w:check()))
    assert.equal(2, w:requests())
  end)

  it("the lines of a run tell who said and moved what", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = beside(COOK) })
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    assert.equal(0, select(2, w:orket("comment B 'take care'")))
    assert.equal(0, select(2, w:orket("halt")))
    local text = run.wait()
    local who = w:events("comment.added")[1].actor:match("^human:(.+)$")
    assert(text:find(who .. ": comment: take care", 1, true), text)
  end)
end)

describe("a person's act without a run", function()
  local function at_once(w, commands)
    local parts = {}
    for i, command in ipairs(commands) do
      parts[i] = string.format("{ %s > %s/.test/out.%d 2>&1; echo $? >> %s/.test/out.%d; } &",
        w:command(command), w.dir, i, w.dir, i)
    end
    world.orket.shell(table.concat(parts, " ") .. " wait")
    local texts, good = {}, 0
    for i in ipairs(commands) do
      texts[i] = w:read(".test/out." .. i)
      good = good + (texts[i]:match("0\n$") and 1 or 0)
    end
    return good, table.concat(texts, "\n")
  end

  it("people who act at the same time wait for each other", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = COOK })
    assert.equal(0, select(2, w:orket("sync")))
    local commands = {}
    for i = 1, 6 do
      commands[i] = "comment A 'number " .. i .. "'"
    end
    local good, texts = at_once(w, commands)
    assert.equal(6, good, texts)
    assert.equal(6, #w:events("comment.added"))
  end)

  it("one of two equal moves is made, the other gets the status by then", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = COOK })
    assert.equal(0, select(2, w:orket("sync")))
    local good, texts = at_once(w, { "move A canceled", "move A canceled" })
    assert.equal(1, good, texts)
    assert(texts:find("A stays canceled: the issue is canceled, which is final", 1, true), texts)
  end)

  it("a person's act on a card that there is not is refused and names those that there are", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = COOK })
    local text, code = w:orket("comment A 'hello'")
    assert.equal(1, code)
    assert(text:find("the board is empty", 1, true) and text:find("orket sync", 1, true), text)
    text, code = w:orket("log --run ep.1")
    assert.equal(1, code)
    assert(text:find("there is no run 'ep.1'", 1, true), text)
    assert.equal(3, select(2, w:run()))
    text, code = w:orket("log --run ep.2")
    assert.equal(1, code)
    assert(text:find("ep.1", 1, true), text)
    assert.equal(0, select(2, w:orket("log --run ep.1")))
    assert.equal(0, select(2, w:orket("log --run board")))
  end)

  it("the lines of a run tell why a model failed", function()
    local w <close> = world.new({ issues = { { id = "A", max_retries = 0 } },
      mock = "function work() return { status = 400 } end" })
    local text = w:run()
    assert.matches("the model failed: [^\n]*400", text)
  end)
end)
