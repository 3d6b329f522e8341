-- resume_from_spec.lua: `orket resume` from outside: which run goes on, from where, and what a run has come
-- to.

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

describe("resume from", function()
  it("orket resume goes on with the newest run that is unfinished, or the one that is named", function()
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

  it("orket resume is refused for a run that is done, for an unknown one, and when nothing is left",
    function()
    local w <close> = chain(SLOW:gsub("300", "0"))
    local text, code = w:orket("resume --plain")
    assert.equal(1, code)
    assert(text:find("no run is unfinished", 1, true) and text:find("fix: orket run EPIC", 1, true), text)
    assert.equal(0, (select(2, w:run())))
    for arguments, words in pairs({ ["ep.1"] = "ep.1 is done", ["ep.7"] = "there is no run 'ep.7'",
      [""] = "no run is unfinished" }) do
      text, code = w:orket("resume --plain " .. arguments)
      assert.equal(1, code)
      assert(text:find(words, 1, true) and text:find("fix: ", 1, true), text)
    end
  end)

  it("orket resume does not disturb an owner that lives", function()
    local w <close> = chain(SLOW)
    local run = working_on_b(w)
    local text, code = w:orket("resume")
    assert.equal(1, code)
    assert(text:find("ERR_OWNED", 1, true), text)
    assert.equal(0, (select(2, run.wait())))
  end)

  it("orket resume goes on with one card when the run was of one card", function()
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

describe("resume from", function()
  -- A and X are done, B depends on A and waits, C depends on B.
  local function stopped()
    local w = world.new({
      issues = { { id = "A" }, { id = "X" }, { id = "B", depends_on = { "A" } },
        { id = "C", depends_on = { "B" } } },
      limits = { concurrency = 1 },
      mock = [[
        function work(talk)
          local first = talk.card:gsub("%-r%d+$", ""):gsub("^([AB])%-f%d$", "%1")
          if first == "B" and not talk.text:find("go on") then
            return steps(talk, function() return say(write("b", "wrong")) end,
              function() return say(call("request_excuse", { reason = "what now?" })) end)
          elseif first == "A" then
            return say(write(talk.card == "A" and "old" or "new", "by " .. talk.card), write("shared", talk.card), finish())
          end
          return say(write(first, "by " .. talk.card), finish())
        end ]],
    })
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("comment B 'go on'"))))
    return w
  end

  local function statuses(w)
    local list = {}
    for i, id in ipairs({ "A", "X", "B", "C" }) do
      list[i] = w:card(id).status
    end
    return list
  end

  it("orket resume --from sends an open card back to ready, without what it had written", function()
    local w <close> = stopped()
    assert.same({ "done", "done", "waiting_for_developer", "ready" }, statuses(w))
    local text, code = w:orket("resume --plain --from B")
    assert.equal(0, code, text)
    assert(text:find("begins again at B: B, C", 1, true), text)
    assert.same({ "done", "done", "done", "done" }, statuses(w))
    assert.equal("waiting_for_developer>ready", w:moves("B")[3])
    assert.is_nil(w:made("b"))
    assert.truthy(w:made("B"):find("^by B"))
    assert.equal(0, (select(2, w:check())))
  end)

  it("orket resume --from puts a finished card away, and takes out what it had brought", function()
    local w <close> = stopped()
    assert.equal("by A", w:made("old"))
    local moves = #w:moves("X")
    local text, code = w:orket("resume --plain --from A")
    assert.equal(0, code, text)
    assert.same({ "archived", "done", "done", "done" }, statuses(w))
    assert.same({ "done", { "A-r2" } }, { w:card("A-r2").status, w:card("B").depends_on })
    assert.is_nil(w:made("old"))
    assert.same({ "by A-r2", "A-r2", "by X", "by B" },
      { w:made("new"), w:made("shared"), w:made("X"), w:made("B") })
    assert.equal(moves, #w:moves("X"))
    local archived
    for _, event in ipairs(w:events("card.moved")) do
      archived = event.card == "A" and event.body.to == "archived" and event or archived
    end
    assert(archived.actor:find("^human:") and archived.body.why:find("begun again at A, as A-r2", 1, true))
    assert.equal(0, (select(2, w:check())))
    text = w:orket("validate")
    assert(not text:find("A-r2", 1, true), text)
    text, code = w:orket("replay --strict ep.1")
    assert.equal(0, code, text)
  end)

  it("orket resume --from happens whole or not at all when it is killed", function()
    local w <close> = stopped()
    for _, point in ipairs({ "commit_before:1", "log_sync_before:1", "log_sync_after:1", "log_sync_after:2",
      "commit_after:2",
      "file_open_before:2" }) do
      assert(w:command_killed("resume --plain --from A", point), point)
    end
    assert.equal(0, (select(2, w:check())))
    local text, code = w:orket("resume --plain --from A")
    local asks = text:match("(B%-r%d+) waits") -- a killed one had come as far as B, and the new B asks again
    if asks then
      w:orket("answer " .. asks .. " 'go on'")
      text, code = w:orket("resume --plain")
    end
    assert(code == 0 or text:find("no run is unfinished", 1, true), text)
    assert.equal(0, (select(2, w:check())))
    assert.is_nil(w:made("old"))
    assert(w:made("new"):find("^by A%-r%d$"))
    assert.truthy(w:made("B"):find("^by B"))
  end)

  -- A fork in the middle of A's turn, run until its B waits as well, and is told to go on.
  local function forked(w)
    local at
    for _, event in ipairs(w:events("file.written")) do
      at = not at and event.card == "A" and event.body.path == "shared" and math.floor(event.seq) or at
    end
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. at))))
    assert.equal(3, (select(2, w:run("ep-f1"))))
    assert.equal(0, (select(2, w:orket("comment B-f1 'go on'"))))
  end

  it("orket resume --from is for forks as well: a finished card is put away, with what it inherited",
    function()
    local w <close> = stopped()
    forked(w)
    assert.equal("by A", w:read("workspace/ep-f1/tree/old"))
    local text, code = w:orket("resume --plain --from A-f1 ep-f1.1")
    assert.equal(0, code, text)
    assert(text:find("begins again at A-f1: A-f1, B-f1, C-f1", 1, true), text)
    assert.same({ "archived", "done", "done", "done" },
      { w:card("A-f1").status, w:card("A-f1-r2").status, w:card("B-f1").status, w:card("X-f1").status })
    assert(not w:exists("workspace/ep-f1/tree/old"))
    assert(not w:exists("workspace/ep-f1/cards/B-f1/old"))
    assert.equal("by A-f1-r2", w:read("workspace/ep-f1/tree/new"))
    assert.equal("A-f1-r2", w:read("workspace/ep-f1/tree/shared"))
    assert.equal("by X-f1", w:read("workspace/ep-f1/tree/X-f1"))
    assert.equal("by A", w:made("old")) -- the source's
    assert.equal(0, (select(2, w:check())))
    text, code = w:orket("replay --strict ep-f1.1")
    assert.equal(0, code, text)
  end)

  it("orket resume --from keeps in a fork what the source had finished, and drops what an open card inherited",
    function()
    local w <close> = stopped()
    local last = math.floor(w:events()[#w:events()].seq)
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. last))))
    assert.equal("wrong", w:read("workspace/ep-f1/cards/B-f1/b"))
    local text, code = w:orket("resume --plain --from B-f1 ep-f1.1")
    assert.equal(0, code, text)
    assert(not w:exists("workspace/ep-f1/cards/B-f1/b") and not w:exists("workspace/ep-f1/tree/b"))
    assert.equal("by A", w:read("workspace/ep-f1/tree/old"))
    assert.equal("by B-f1", w:read("workspace/ep-f1/tree/B"))
    assert.equal("wrong", w:read("workspace/ep/cards/B/b"))
    assert.equal(0, (select(2, w:check())))
    text, code = w:orket("resume --plain --from B-f1 ep-f1.1")
    assert.equal(1, code)
    assert(text:find("ep-f1.1 is done", 1, true)
      and text:find("orket fork ep-f1.1@EVENT goes on from a moment before", 1, true), text)
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. last))))
    text, code = w:orket("resume --plain --from A ep-f2.1")
    assert.equal(1, code)
    assert(text:find("A is no card of the run ep-f2.1", 1, true) and text:find("finished before the fork", 1,
      true), text)
  end)

  it("orket resume --from is refused where nothing leads back", function()
    local w <close> = stopped()
    for from, words in pairs({ Z = "there is no card 'Z'", ep = "ep is no card of the run ep.1" }) do
      local text, code = w:orket("resume --plain --from " .. from)
      assert.equal(1, code)
      assert(text:find(words, 1, true) and text:find("fix: ", 1, true), text)
    end
    assert.equal(0, (select(2, w:orket("move C canceled"))))
    local text, code = w:orket("resume --plain --from C")
    assert.equal(1, code)
    assert(text:find("C is canceled, nothing leads back from there", 1, true), text)
    assert.same({ "done", "done", "waiting_for_developer", "canceled" }, statuses(w))
  end)
end)

describe("resume from", function()
  it("what a run has come to follows from its cards", function()
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

  it("what a run has come to is drained when it was stopped", function()
    local w <close> = chain(SLOW)
    local run = working_on_b(w)
    run.kill("INT")
    assert.equal(3, (select(2, run.wait())))
    assert.equal("drained", status(w))
    assert.equal(0, (select(2, w:orket("resume --plain ep.1"))))
    assert.equal("done", status(w))
  end)
end)
