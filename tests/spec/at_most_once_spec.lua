-- at_most_once_spec.lua: effects that nobody can look up, over kills: each at most once, and a person
-- decides.

local beyond = dofile("tests/support/beyond.lua")
local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local function coder()
  local text = world.orket.read("roles/coder.lua")
  return (text:gsub('"request_excuse"', '"request_excuse", "post"'))
end

local function project(server, mock, issues, limits)
  return world.new({
    issues = issues or { { id = "A" } }, mock = "local PORT = " .. server.port .. "\n" .. mock,
    limits = limits,
    binary = beyond.binary, environment = "ORKET_LUA=" .. server.lua,
    rules = { labels = "off" }, -- a turn tells often, and each answer comes from outside
    files = { ["tools/post.lua"] = beyond.TOOL, ["roles/coder.lua"] = coder() },
  })
end

local POST = [[
function post(text, late) return call("post", { port = PORT, text = text, late = late }) end
]]

-- Kills the run while the server holds the connection: it heard, the program does not know.
local function killed_while_held(server, w)
  local run = w:start()
  assert(world.wait(function() return next(server:heard()) end), "nothing was heard")
  run.kill("KILL")
  run.wait()
end

local HELD = POST .. [[
function work(talk)
  return steps(talk, function() return say(post("hold me")) end, function() return say(finish()) end)
end
]]

local function log_lines(w)
  return w:made("log")
end

-- Derived again, it comes to its hash: nothing is told anew to anybody.
local function replays(server, w, run)
  local before = cjson.encode(server:heard())
  w:derives(run)
  assert.equal(before, cjson.encode(server:heard()))
end

describe("at most once", function()
  it("an operation that was cut off parks its card, is shown exactly, and is passed over by nobody",
    function()
    local server <close> = beyond.serve()
    local w <close> = project(server, HELD)
    killed_while_held(server, w)
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("A")
    assert.same({ "blocked", "system" }, { card.status, card.wait_reason })
    assert.same({ op = "test.post", port = server.port, text = "hold me" }, card.uncertain.operation)
    local exact = 'test.post {"port":' .. server.port .. ',"text":"hold me"}'
    for _, command in ipairs({ "board", "show A", "run --plain ep" }) do
      text = w:orket(command)
      assert(text:find(exact, 1, true) and text:find("orket answer A happened", 1, true), command .. ":\n"
        .. text)
    end
    for _, command in ipairs({ "retry A", "move A in_progress", "move A ready_for_testing" }) do
      text, code = w:orket(command)
      assert.equal(1, code, command)
      assert(text:find("unknown outcome: " .. exact .. " was interrupted", 1, true), text)
    end
    text, code = w:orket("answer A 'perhaps'")
    assert.equal(1, code)
    assert(text:find("happened, did-not or again", 1, true), text)
    assert.same({ ["hold me"] = 1 }, server:heard())
    assert.equal(0, (select(2, w:check())))
    replays(server, w)
  end)

  local function answered(words)
    local server <close> = beyond.serve()
    local w <close> = project(server, HELD)
    killed_while_held(server, w)
    assert.equal(3, (select(2, w:run())))
    local n = w:requests()
    os.execute("sed -i 's/^hold/held/' " .. server.heard_file)
    local text, code = w:orket("answer A " .. words)
    assert.equal(0, code, text)
    text, code = w:run()
    local request = w:request(n + 1)
    local result = request and cjson.decode(request).messages[4]
    assert.equal(0, (select(2, w:check())))
    replays(server, w)
    return { code = code, text = text, result = result and cjson.decode(result.content),
      heard = server:heard(), log = log_lines(w),
      turns = #w:events("turn.started"), by = w:events("operation.answered")[1] }
  end

  it("happened: the turn goes on with the person's words as its result", function()
    local after = answered("happened the number is 17")
    assert.equal(0, after.code, after.text)
    assert.same({ ok = true, result = { happened = true, text = "the number is 17",
      noted = { path = "log", bytes = 8 } },
      told = { { op = "test.post", answer = "happened", text = "the number is 17" } } }, after.result)
    assert.same({ ["held me"] = 1 }, after.heard)
    assert.equal("hold me\n", after.log)
    assert.equal(2, after.turns)
    assert(after.by.actor:find("^human:"))
    assert.equal(1, after.by.turn)
  end)

  it("did-not: the tool is told that it failed", function()
    local after = answered("did-not")
    assert.equal(0, after.code, after.text)
    assert.equal(false, after.result.ok)
    assert(after.result.error.message:find("a person found that it did not happen", 1, true))
    assert.same({ ["held me"] = 1 }, after.heard)
  end)

  it("again: it is done once more, and is uncertain once more when that is cut off too", function()
    local server <close> = beyond.serve()
    local w <close> = project(server, HELD)
    killed_while_held(server, w)
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("answer A again"))))
    local run = w:start()
    assert(world.wait(function() return server:heard()["hold me"] == 2 end))
    run.kill("KILL")
    run.wait()
    assert.equal(3, (select(2, w:run())))
    assert.equal(2, #w:events("operation.uncertain"))
    assert.equal(2, #w:events("operation.intended"))
    assert.equal(0, (select(2, w:orket("answer A happened"))))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ ["hold me"] = 2 }, server:heard())
    assert.equal(0, (select(2, w:check())))
    replays(server, w)
  end)

  for _, kind in ipairs({ "operation.intended", "operation.uncertain" }) do
    it("an operation that was cut off is asked about once more in a fork that goes on from " .. kind,
      function()
      local server <close> = beyond.serve()
      local w <close> = project(server, HELD)
      killed_while_held(server, w)
      assert.equal(3, (select(2, w:run())))
      assert.equal(0, (select(2, w:orket("answer A did-not"))))
      assert.equal(0, (select(2, w:orket("fork ep.1@" .. math.tointeger(w:events(kind)[1].seq)))))
      assert.equal(3, (select(2, w:run("ep-f1"))))
      assert.equal("hold me", w:card("A-f1").uncertain.operation.text)
      assert.equal(0, (select(2, w:orket("answer A-f1 happened"))))
      local text, code = w:run("ep-f1")
      assert.equal(0, code, text)
      assert.same({ ["hold me"] = 1 }, server:heard())
      replays(server, w, "ep-f1.1")
    end)
  end

  it("an operation that was cut off is answered while the run is under way: also when only its connection broke",
    function()
    local server <close> = beyond.serve()
    local w <close> = project(server, POST .. [[
      function work(talk)
        if talk.card == "B" then return say(write("b", "b"), finish()) end
        return steps(talk, function() return say(post("break it")) end, function() return say(finish()) end)
      end ]], { { id = "A" }, { id = "B" } })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return w:card("A").status == "blocked" end),
      "the broken connection did not park it")
    local text, code = w:orket("answer A happened")
    assert.equal(0, code, text)
    assert(world.wait(function() return w:card("A").status == "done" end), "it did not go on")
    assert.equal("in_progress", w:card("B").status)
    w:release("B")
    text, code = run.wait()
    assert.equal(0, code, text)
    assert.same({ ["break it"] = 1 }, server:heard())
    assert.equal(0, (select(2, w:check())))
    replays(server, w)
  end)

  it("an operation that was cut off parks its card when the turn's deadline passes meanwhile", function()
    local server <close> = beyond.serve()
    local w <close> = project(server, HELD, nil, { seconds = 1 })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "blocked", "hold me" }, { w:card("A").status, w:card("A").uncertain.operation.text })
    replays(server, w)
  end)

  it("an operation that was cut off is still asked for when its turn cannot go on", function()
    local server <close> = beyond.serve()
    local w <close> = project(server, (HELD:gsub("hold me", "hold it")))
    killed_while_held(server, w)
    w:sql("UPDATE turn SET engine = '0.0.0' WHERE outcome IS NULL")
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal(1, #w:events("turn.abandoned"))
    assert.equal(0, (select(2, w:orket("answer A happened the number is 17"))))
    local n = w:requests()
    local run = w:held(n + 1)
    run.kill("KILL")
    run.wait()
    assert(w:request(n + 1):find("happened, the number is 17", 1, true), "the new turn does not read it")
    replays(server, w)
  end)

  it("an operation that was cut off is known to a replay in every state: killed or stopped in the middle, asked about, answered",
    function()
    for _, signal in ipairs({ "KILL", "TERM" }) do
      local server <close> = beyond.serve()
      local w <close> = project(server, HELD)
      local run = w:start()
      assert(world.wait(function() return next(server:heard()) end), "nothing was heard")
      run.kill(signal)
      run.wait()
      local text, code = w:orket("replay ep.1")
      assert.equal(0, code, text)
      assert.equal(3, (select(2, w:run())))
      replays(server, w)
      assert.equal(0, (select(2, w:orket("answer A happened"))))
      assert.equal(0, (select(2, w:run())))
      replays(server, w)
    end
  end)
end)

-- Before and after commits: an effect is begun, has happened, is recorded.
local POINTS = { "log_sync_before:4", "log_sync_before:7", "log_sync_after:6", "reply_after:2",
  "log_sync_before:9", "acknowledge_before:8",
  "log_sync_after:7", "log_sync_before:8", "dispatch_after:2", "log_sync_before:10", "commit_after:7",
    "log_sync_after:9" }

describe("at most once", function()
  it("effects over kill -9 come about at most once, and each answer is told the truth", function()
    local server <close> = beyond.serve()
    local w <close> = project(server, POST .. [[
      function work(talk)
        local r = talk.replies < 8 and say(post("p" .. talk.replies), post("q" .. talk.replies, true)) or say(finish())
        return r
      end ]])
    local code, text
    local kills = 0
    local function answer()
      local open = w:card("A").uncertain
      if open then
        w:orket("answer A " .. (server:heard()[open.operation.text] and "happened" or "again"))
      end
    end
    for _, point in ipairs(POINTS) do
      kills = kills + (w:killed(point) and 1 or 0) -- one whose card waits for an answer ends by itself
      answer()
    end
    repeat
      text, code = w:run()
      answer()
    until code ~= 3
    assert.equal(0, code, text)
    assert(kills >= 8, kills .. " kills")
    local heard, log = server:heard(), ""
    for i = 0, 7 do
      assert.equal(1, heard["p" .. i], "p" .. i)
      assert.equal(1, heard["q" .. i], "q" .. i)
      log = log .. "p" .. i .. "\nq" .. i .. "\n"
    end
    assert.equal(log, log_lines(w))
    text, code = w:check()
    assert.equal(0, code, text)
    replays(server, w)
  end)
end)

describe("at most once", function()
  local function settled(late)
    local server <close> = beyond.serve()
    local w <close> = project(server, (HELD:gsub('"hold me"', '"hold me", ' .. tostring(late))))
    killed_while_held(server, w)
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("answer A happened"))))
    assert.equal(0, (select(2, w:run())))
    local events = w:events("operation.settled")
    assert.equal(1, #events)
    assert.equal("hold me\n", log_lines(w))
    return events[1]
  end

  it("a change of the tree that was cut off is looked up by its content: it had happened, or not", function()
    local event = settled(false)
    assert.same({ "fs.write", "log", true, 0 }, { event.body.op, event.body.path, event.body.happened,
      event.turn })
    assert.equal(false, settled(true).body.happened)
  end)
end)

describe("at most once", function()
  it("the program that is shipped has no such operation", function()
    local function validate(binary)
      local w <close> = world.new({ issues = { { id = "A" } },
        mock = "function work() return say(finish()) end", binary = binary,
        files = { ["tools/post.lua"] = beyond.TOOL, ["roles/coder.lua"] = coder() } })
      return w:orket("validate")
    end
    local text, code = validate(nil)
    assert.equal(1, code)
    assert(text:find("test.post", 1, true), text)
    assert.equal(0, (select(2, validate(beyond.binary))))
    for name, count in pairs({ [world.binary] = 0, [beyond.binary] = 1 }) do
      assert.equal(count, tonumber((world.orket.shell("grep -c test.post " .. name))), name)
    end
  end)
end)
