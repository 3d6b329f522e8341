-- again_spec.lua: `orket resume` from outside: which run goes on, from where, and what a run has come to.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local SLOW = [[
function work(talk)
  local r = talk.replies < 3 and say(write(talk.card .. talk.replies, talk.card)) or say(finish())
  r.delay_ms = talk.card == "A" and 0 or 300
  return r
end
]]

local function chain(mock)
  return world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = mock })
end

local function status(w)
  return cjson.decode((w:orket("history --json")))[1].status
end

local function working_on_b(w)
  local run = w:start()
  assert(world.wait(function() return w:card("B").status == "in_progress" end))
  return run
end

describe("orket resume", function()
  it("goes on with the newest run that is unfinished, or the one that is named", function()
    local w <close> = chain(SLOW)
    local run = working_on_b(w)
    assert.equal("running", status(w))
    run.kill("KILL")
    run.wait()
    assert.equal("interrupted", status(w))
    local text, code = w:orket("resume --json")
    assert.equal(0, code, text)
    local result = cjson.decode(text:match("([^\n]+)\n$"))
    assert.same({ "result", "done" }, { result.kind, result.status })
    assert.equal("done", status(w))
    assert.equal(1, #w:events("run.resumed"))
    assert.equal(4, #w:events("turn.started"))
    assert.equal(0, (select(2, w:check())))
  end)

  it("is refused for a run that is done, for an unknown one, and when nothing is left", function()
    local w <close> = chain(SLOW:gsub("300", "0"))
    local text, code = w:orket("resume --plain")
    assert.equal(1, code)
    assert(text:find("no run is unfinished", 1, true) and text:find("fix: orket run EPIC", 1, true), text)
    assert.equal(0, (select(2, w:run())))
    for arguments, words in pairs({ ["ep.1"] = "ep.1 is done", ["ep.7"] = "there is no run 'ep.7'", [""] = "no run is unfinished" }) do
      text, code = w:orket("resume --plain " .. arguments)
      assert.equal(1, code)
      assert(text:find(words, 1, true) and text:find("fix: ", 1, true), text)
    end
  end)

  it("does not disturb an owner that lives", function()
    local w <close> = chain(SLOW)
    local run = working_on_b(w)
    local text, code = w:orket("resume")
    assert.equal(1, code)
    assert(text:find("ERR_OWNED", 1, true), text)
    assert.equal(0, (select(2, run.wait())))
  end)

  it("goes on with one card when the run was of one card", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = SLOW })
    local run = w:start("B")
    assert(world.wait(function() return w:card("B").status == "in_progress" end))
    run.kill("KILL")
    run.wait()
    local text, code = w:orket("resume --plain")
    assert.equal(0, code, text)
    assert.same({ "ready", "done", "partial" }, { w:card("A").status, w:card("B").status, status(w) })
    assert.equal(0, (select(2, w:orket("resume --plain"))))
    assert.same({ "done", "done" }, { w:card("A").status, status(w) })
  end)
end)

describe("what a run has come to", function()
  it("follows from its cards", function()
    local w <close> = chain([[
      function work(talk)
        if talk.card == "B" and not talk.text:find("go on") then return say(call("request_excuse", { reason = "what now?" })) end
        return say(write(talk.card, "x"), finish())
      end ]])
    assert.equal(3, (select(2, w:run())))
    assert.equal("parked", status(w))
    local shown = cjson.decode((w:orket("show --json ep.1")))
    assert.same({ done = 1, waiting_for_developer = 1 }, shown.cards)
    local points = shown.checkpoints
    assert.equal(2, #points)
    assert.same({ "A", "done", 1, "B", "waiting_for_developer", 1 },
      { points[1].card, points[1].status, points[1].done, points[2].card, points[2].status, points[2].done })
    assert.equal(shown.tree, points[2].tree)
    assert.equal(points[1].tree, points[2].tree)
    assert(points[1].tokens_in > 0 and points[2].tokens_in > points[1].tokens_in)
    assert((w:orket("show ep.1")):find("waiting_for_developer [input]", 1, true))
    assert.equal(0, (select(2, w:orket("move B canceled"))))
    assert.equal("done", status(w))
    assert.equal(1, (select(2, w:orket("show nothing"))))
  end)

  it("is drained when it was stopped", function()
    local w <close> = chain(SLOW)
    local run = working_on_b(w)
    run.kill("INT")
    assert.equal(3, (select(2, run.wait())))
    assert.equal("drained", status(w))
    assert.equal(0, (select(2, w:orket("resume --plain ep.1"))))
    assert.equal("done", status(w))
  end)
end)
