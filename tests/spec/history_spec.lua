-- history_spec.lua: what `orket history` says about runs and their turns.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local MOCK = [[
function work(talk)
  return talk.replies < 2 and say(write(talk.card .. talk.replies, talk.card)) or say(finish())
end
]]

describe("history", function()
  it("orket history says of forks what they go on from, and when they first ran", function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    assert.equal(0, (select(2, w:run())))
    assert(not w:orket("history"):find("forked from", 1, true))
    for _ = 1, 2 do
      assert.equal(0, (select(2, w:orket("fork ep.1@1.4"))))
    end
    w:sql("UPDATE run SET started_at = '2020-01-01T00:00:00.000Z' WHERE id LIKE 'ep-f%'")
    assert.equal(0, (select(2, w:run("ep-f1"))))
    local at = w:sql("SELECT seq FROM journal WHERE run = 'ep.1' AND turn = 1 AND n = 4")
    assert(w:orket("history"):find("ep%-f1%.1 +ep%-f1 +done .- ep%.1@" .. at))
    for _, run in ipairs(cjson.decode((w:orket("history --json")))) do
      if run.id ~= "ep.1" then
        assert.same({ "ep.1", tonumber(at) }, { run.of, run.at })
      end
      if run.id == "ep-f1.1" then
        assert(run.started_at > "2021" and run.seconds < 3600, run.started_at)
      elseif run.id == "ep-f2.1" then
        assert.equal("forked", run.status) -- another one that runs does not interrupt what has not begun
      end
    end
  end)

  it("orket history lists runs with what they cost, and the turns of one", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = MOCK })
    local text, code = w:orket("history")
    assert.equal(1, code)
    assert(text:find("no board", 1, true), text)
    assert.equal(0, (select(2, w:run())))
    local runs = cjson.decode((w:orket("history --json")))
    assert.equal(1, #runs)
    assert.same({ "ep.1", "ep", "done", 4, 8 },
      { runs[1].id, runs[1].card, runs[1].status, runs[1].turns, runs[1].steps })
    assert(runs[1].seconds >= 0)
    local turns, tokens = cjson.decode((w:orket("history --json ep.1"))), 0
    assert.equal(4, #turns)
    for _, turn in ipairs(turns) do
      assert.equal("done", turn.outcome)
      tokens = tokens + turn.tokens_in + turn.tokens_out
    end
    assert(tokens > 0)
    assert.equal(runs[1].tokens_in + runs[1].tokens_out, tokens)
    assert((w:orket("history")):find("ep%.1 +ep +done +4 +8 +%d+ +%d+ "))
    assert((w:orket("history ep.1")):find("guard +integrity_guard +m +done +1 "))
  end)

  it("orket history counts the time in which a process worked, whether it ended or was killed, and not the hours between",
    function()
    local w <close> = world.new({ issues = { { id = "A" } }, mock = MOCK })
    local function hours_pass(hours)
      assert.equal("", w:sql("UPDATE entry SET at = at - " .. hours * 3600000))
    end
    local run = w:held(1)
    run.kill("INT")
    w:release(1)
    assert.equal(3, select(2, run.wait()))
    hours_pass(5)
    run = w:held(3)
    run.kill("KILL")
    run.wait()
    w:release(3)
    local killed = cjson.decode((w:orket("history --json")))[1]
    assert.same({ "interrupted", 2 }, { killed.status, killed.sessions })
    hours_pass(3)
    for _, act in ipairs({ "comment A look", "move A blocked --reason resource", "retry A" }) do
      assert.equal(0, (select(2, w:orket(act))))
    end
    hours_pass(2)
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.truthy(text:find("  ep%.1: in all %d turns, %d steps, 0:%d%d %(this session 0:%d%d%), %d+ tokens in, %d+ out\n"), text)
    run = cjson.decode((w:orket("history --json")))[1]
    assert.equal(3, run.sessions)
    assert(run.seconds >= killed.seconds and run.seconds < 60 and run.session_seconds <= run.seconds,
      cjson.encode(run))
    assert(run.started_at < run.session_at and run.session_at < run.ended_at)
  end)

  it("orket history has no end for what has not ended, and knows the run that was meant", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return { delay_ms = 60000 } end" })
    local run = w:start()
    assert(world.wait(function() return w:request(1) end))
    run.kill("KILL")
    run.wait()
    local turn = cjson.decode((w:orket("history --json ep.1")))[1]
    assert.same({}, { turn.ended_at, turn.seconds, turn.outcome })
    assert((w:orket("history ep.1")):find(" open ", 1, true))
    local text, code = w:orket("history ep.2")
    assert.equal(1, code)
    assert(text:find("there is no run 'ep.2'", 1, true) and text:find("fix: the newest: ep.1", 1, true), text)
  end)
end)
