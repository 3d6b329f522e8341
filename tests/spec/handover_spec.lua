-- handover_spec.lua: `orket run`, `plan`, `chat` and `resume` beside the process that owns the project, a
-- server or another run: that one does the work, and they show it as their own.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local WORKS = [[function work(talk)
  if talk.text:find("ask me", 1, true) and not talk.text:find("green", 1, true) then
    return say(call("request_excuse", { reason = "which colour?" }))
  end
  return steps(talk, function() return say(write(talk.card .. ".txt", "one\n")) end,
    function() return say(finish()) end)
end]]

local function epic(w, id, issue, description)
  w:write("config/epics/" .. id .. ".json", cjson.encode({ name = id, team = "t", environment = "e",
    issues = { { id = issue, name = issue, seat = "dev", description = description } } }))
end

local function new_world(more)
  more = more or {}
  local w = world.new({ issues = { { id = "A" } }, mock = more.mock or WORKS, limits = more.limits })
  epic(w, "other", "O", more.description)
  return w
end

-- A command in the background: {wait() -> text, code; kill(signal); text()}.
local function start(w, arguments)
  local place = w.dir .. "/.test/beside"
  os.execute("rm -f " .. place .. ".*")
  local pid = orket.shell(("cd %s; { %s >%s.out 2>&1 & echo $! >%s.pid; wait $!; echo $? >%s.code; } >/dev/null 2>&1 & "
    .. "until [ -s %s.pid ]; do sleep 0.01; done; cat %s.pid"):format(w.dir, w:command(arguments):gsub("timeout 100 ", "exec "),
    place, place, place, place, place)):match("%d+")
  local run = {}
  function run.kill(signal)
    os.execute("kill -" .. signal .. " " .. pid .. " 2>/dev/null")
  end
  function run.text()
    return orket.read(place .. ".out")
  end
  function run.wait()
    local code
    assert(world.wait(function() -- the file is there before its content
      code = w:exists(".test/beside.code") and tonumber((w:read(".test/beside.code")))
      return code
    end, 30), run.text())
    return run.text(), code
  end
  return run
end

local function is_at_work(w, card)
  return world.wait(function()
    return w:card(card).status == "in_progress"
  end)
end

describe("a run beside another one", function()
  it("is done by the process that owns the project, and shown with its result and exit code", function()
    local w <close> = new_world()
    w:hold("A")
    local first = w:start("ep")
    assert(is_at_work(w, "A"))
    local text, code = w:orket("run --plain other")
    assert.equal(0, code, text)
    assert(text:find("run other.1 started", 1, true), text)
    assert(text:find("done: 1 done", 1, true), text)
    assert.is_nil(text:find(" A ", 1, true), text) -- nothing of the other run
    w:release("A")
    text, code = first.wait()
    assert.equal(0, code, text)
    assert.is_nil(text:find("other.1", 1, true), text)
    w:derives("ep.1")
    w:derives("other.1")
    assert.equal(0, (select(2, w:check())))
  end)

  it("is waited for by the process that owns the project", function()
    local w <close> = new_world()
    w:hold("A")
    w:hold("O")
    local first = w:start("ep")
    assert(is_at_work(w, "A"))
    local second = start(w, "run --json other")
    assert(is_at_work(w, "O"))
    w:release("A")
    assert(world.wait(function() return w:card("ep").status == "done" end))
    assert.is_false(first.ended())
    w:release("O")
    local text, code = second.wait()
    assert.equal(0, code, text)
    local last
    for line in text:gmatch("[^\n]+") do
      last = cjson.decode(line)
    end
    assert.same({ "result", "done", "other.1" }, { last.kind, last.status, last.runs[1].id })
    assert.equal(0, (select(2, first.wait())))
  end)

  for title, case in pairs({
    ["of the same epic is refused, and the run that is under way is named"] = { "run --plain ep",
      "ERR_OWNED: the run ep%.1 is under way" },
    ["with a cassette is refused: the owner is named, since when, and how to stop it"] = {
      "run --plain --record .test/tape.jsonl other",
      "ERR_OWNED: process %d+ %(orket, running%) owns the project since %d+%-%d+%-%d+T.*"
        .. "fix: orket halt stops its runs, kill %d+ ends it" },
  }) do
    it(title, function()
      local w <close> = new_world()
      w:hold("A")
      local first = w:start("ep")
      assert(is_at_work(w, "A"))
      local text, code = w:orket(case[1])
      assert.equal(1, code)
      assert(text:find(case[2]), text)
      w:release("A")
      assert.equal(0, (select(2, first.wait())))
    end)
  end
end)

describe("a command beside a server", function()
  it("runs an epic there, is parked with exit code 3, and goes on with the answer", function()
    local w <close> = new_world({ description = "ask me" })
    local s <close> = service.start(w)
    local text, code = w:orket("run --plain other")
    assert.equal(3, code, text)
    assert(text:find("orket answer O", 1, true), text)
    assert.equal(0, (select(2, w:orket("answer O green"))))
    assert(world.wait(function() return w:card("other").status == "done" end, 30))
    text, code = w:orket("run --plain other")
    assert.equal(0, code, text)
    assert(text:find("already done", 1, true), text)
    text, code = w:orket("run --plain nix")
    assert.equal(1, code)
    assert(text:find("ERR_NOT_FOUND", 1, true), text)
    s:stop()
  end)

  it("stops its run with the first ^C, and no other one", function()
    local w <close> = new_world()
    w:hold("A")
    w:hold("O")
    local s <close> = service.start(w)
    assert.equal(202, s:post("/v1/runs", { card = "ep" }).status)
    local beside = start(w, "run --plain other")
    assert(is_at_work(w, "A") and is_at_work(w, "O"))
    assert(world.wait(function() return beside.text():find("takes it", 1, true) end))
    beside.kill("INT")
    assert(world.wait(function() return beside.text():find("other.1 stops", 1, true) end), beside.text())
    w:release("O")
    local text, code = beside.wait()
    assert.equal(3, code, text)
    assert(text:find("drained", 1, true), text)
    assert.equal("running", s:get("/v1/runs/ep.1").body.status)
    text, code = w:orket("resume --plain other.1")
    assert.equal(0, code, text)
    w:release("A")
    assert(world.wait(function() return w:card("ep").status == "done" end, 30))
  end)

  it("leaves its run to the server with the second ^C", function()
    local w <close> = new_world({ limits = { drain = 60 } })
    w:hold("O")
    local s <close> = service.start(w)
    local beside = start(w, "run --plain other")
    assert(is_at_work(w, "O"))
    assert(world.wait(function() return beside.text():find("takes it", 1, true) end))
    beside.kill("INT")
    assert(world.wait(function() return beside.text():find("again leaves it", 1, true) end), beside.text())
    beside.kill("INT")
    local text, code = beside.wait()
    assert.equal(130, code, text)
    assert(text:find("left to the process that owns the project", 1, true), text)
    w:release("O")
    assert(world.wait(function() return s:get("/v1/runs/other.1").body.status ~= "running" end, 30))
  end)

  it("says that its owner is gone when that is killed, and how to go on", function()
    local w <close> = new_world()
    w:hold("O")
    local s <close> = service.start(w)
    local beside = start(w, "run --plain other")
    assert(is_at_work(w, "O"))
    assert(world.wait(function() return beside.text():find("takes it", 1, true) end))
    os.execute("kill -9 " .. s.pid)
    local text, code = beside.wait()
    assert.equal(1, code, text)
    assert(text:find("is gone", 1, true) and text:find("orket resume other.1", 1, true), text)
    w:release("O")
    assert.equal(0, (select(2, w:orket("resume --plain other.1"))))
  end)
end)

describe("a command beside an owner that is stopped", function()
  it("does not wait for it for ever: the owner is named, with what lets it go on", function()
    local w <close> = new_world()
    w:hold("O")
    local s <close> = service.start(w)
    local beside = start(w, "run --plain other")
    assert(is_at_work(w, "O"))
    assert(world.wait(function() return beside.text():find("takes it", 1, true) end))
    os.execute("kill -STOP " .. s.pid)
    local text, code = beside.wait()
    assert.equal(1, code, text)
    assert(text:find("ERR_OWNED: process " .. s.pid .. " (orket, stopped)", 1, true), text)
    os.execute("kill -CONT " .. s.pid)
    w:release("O")
    assert(world.wait(function() return w:card("other").status == "done" end, 30)) -- the run went on
  end)
end)

-- ---- what may be asked of the socket ----

local ASK = [[
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(".orket/owner.sock")
f = s.makefile("rw")
for line in sys.argv[1:]:
    f.write(line + "\n"); f.flush()
    print(f.readline().strip())
]]

describe("the acts of a command that hands its run over", function()
  it("do nothing more than its command could: no run inside of a run, no following what others began", function()
    local w <close> = new_world()
    local s <close> = service.start(w)
    w:write(".test/ask.py", ASK)
    local FOLLOW = { { act = "run.follow" }, { act = "run.follow" }, { act = "run.follow" } }
    local function ask(...)
      local lines = { ... }
      for i, request in ipairs(lines) do
        lines[i] = "'" .. cjson.encode(request) .. "'"
      end
      local text, replies = orket.shell(("cd %s; /usr/bin/python3 .test/ask.py %s 2>&1"):format(w.dir, table.concat(lines, " "))), {}
      for line in text:gmatch("[^\n]+") do
        replies[#replies + 1] = cjson.decode(line)
      end
      return replies
    end
    assert.equal("ERR_NOT_FOUND", ask({ act = "run.follow" })[1].error.code)
    assert.equal("ERR_USAGE", ask({ act = "run.begin" })[1].error.code)
    assert.equal("ERR_USAGE", ask({ act = "run.begin", first = "halt" })[1].error.code)
    for _, first in ipairs({ { act = "run.begin", card = "ep" }, { act = "halt" }, { act = "nix" },
      { act = "talk.answer", card = "ep", question = "ep.1/1/1", answer = "perhaps" },
      { act = "plan.answer", card = "PLAN-1", answer = "approved", who = "somebody else" } }) do
      local replies = ask({ act = "run.begin", first = first }, table.unpack(FOLLOW))
      local news = replies[#replies].result or replies[#replies - 1].result
      assert.is_true(news.over, cjson.encode(replies))
      assert.truthy(news.error, cjson.encode(replies))
    end
    assert.same({}, w:events("run.started"))
    assert.equal(200, s:get("/v1/board").status)
  end)
end)
