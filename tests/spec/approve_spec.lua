-- approve_spec.lua: what only a person can allow: asked durably, answered once, for exactly that, and nothing
-- more.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local RULE = { { id = "locked", effect = "ask", tools = { "write_file", "edit_file" },
  paths = { "locked/**" }, why = "a person decides" } }

local WRITES = [[
function work(talk)
  return steps(talk, function() return say(write("free", "f\n"), write("locked/a", "one\n"), write("after", "x\n")) end,
    function() return say(finish()) end)
end
]]

local function project(mock, options)
  options = options or {}
  return world.new({ issues = options.issues or { { id = "A" } }, mock = mock or WRITES, gate = options.gate
    or RULE,
    limits = options.limits, files = options.files, rules = options.rules })
end

describe("approve", function()
  it("a question parks the card, is shown exactly, and a yes lets it through once", function()
    local w <close> = project()
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "blocked", "review" }, { w:card("A").status, w:card("A").wait_reason })
    local one = w:pending()[1]
    assert.same({ "A", "coder", "write_file", "house.locked", "a person decides" },
      { one.card, one.role, one.tool, one.rule, one.why })
    assert.same({ "locked/a" }, one.paths)
    for _, command in ipairs({ "board", "show A", "approvals", "run --plain ep" }) do
      text = w:orket(command)
      assert(text:find("orket approve " .. one.id, 1, true) and text:find("write_file locked/a", 1, true),
        command .. ":\n" .. text)
    end
    assert(w:orket("approvals"):find("+one", 1, true))
    assert(w:orket("transcript A"):find("orket approvals --full " .. one.id, 1, true))
    assert.equal(nil, w:made("locked/a"))
    local n = w:requests()
    text, code = w:orket("approve " .. one.id .. " --why 'it is fine'")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "f\n", "one\n", "x\n" }, { w:made("free"), w:made("locked/a"), w:made("after") })
    assert.equal(1, #w:events("approval.asked"))
    assert.equal("used", w:events("approval.settled")[1].body.outcome)
    local by = w:events("approval.answered")[1]
    assert.equal("human:" .. world.orket.shell("id -un"):gsub("%s+$", ""), by.actor)
    assert.equal("it is fine", by.body.why)
    local results = {}
    for _, message in ipairs(cjson.decode(w:request(n + 1)).messages) do
      results[#results + 1] = message.role == "tool" and cjson.decode(message.content).result.path or nil
    end
    assert.same({ "free", "locked/a", "after" }, results)
    w:replays()
  end)

  it("a question is answered with others in one command, which reports each and fails when one failed",
    function()
    local w <close> = project(nil, { issues = { { id = "A" }, { id = "B" } }, limits = { concurrency = 1 } })
    assert.equal(3, (select(2, w:run())))
    local text, code = w:orket("approve A NONE B --why both")
    assert.equal(1, code, text)
    assert(text:find("approved ep.1/1/", 1, true) and text:find("approved ep.1/2/", 1, true)
      and text:find("NONE", 1, true), text)
    for _, event in ipairs(w:events("approval.answered")) do
      assert.same({ "approved", "both" }, { event.body.answer, event.body.why })
    end
    assert.equal(2, #w:events("approval.answered"))
    text, code = w:orket("approve --json A NONE")
    assert.equal(1, code)
    local ids = {}
    for line in text:gmatch("{[^\n]+") do
      local one = cjson.decode(line)
      ids[#ids + 1] = one.id .. " " .. one.error.code
    end
    assert.same({ "A ERR_TRANSITION", "NONE ERR_NOT_FOUND" }, ids)
    assert.equal(2, (select(2, w:orket("deny"))))
    assert.equal(2, (select(2, w:orket("approve A ' '"))))
  end)

  it("a question asks again for the same call, and takes an answer once", function()
    local w <close> = project([[
      function work(talk)
        return talk.replies < 2 and say(write("locked/a", "one\n"), write("b" .. talk.replies, "b")) or say(finish())
      end ]])
    assert.equal(3, (select(2, w:run())))
    local first = w:pending()[1].id
    assert.equal(0, (select(2, w:orket("approve A"))))
    -- two people at once
    assert(w:orket("deny A"):find("the question " .. first .. " was approved already (human:", 1, true))
    for _, words in ipairs({ "approve " .. first, "deny " .. first, "approve A", "approve nobody",
      "approve ep.1/99/1" }) do
      local text, code = w:orket(words)
      assert.equal(1, code, text)
      assert(text:find("ERR_", 1, true) and text:find("fix:", 1, true), text)
    end
    assert.equal(3, (select(2, w:run())))
    local second = w:pending()[1].id
    assert.not_equal(first, second)
    assert.equal(1, (select(2, w:orket("approve " .. first))))
    assert.equal(0, (select(2, w:orket("approve " .. second))))
    assert.equal(0, (select(2, w:run())))
    assert.equal(2, #w:events("approval.asked"))
    assert.equal("used\nused", w:sql("SELECT status FROM approval ORDER BY id"))
    w:replays()
  end)

  it("a question is passed over by nobody, and void when the card is given up", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    for _, command in ipairs({ "answer A 'yes, go on'", "retry A", "move A in_progress",
      "move A ready_for_testing" }) do
      local text, code = w:orket(command)
      assert.equal(1, code, command)
      assert(text:find("orket approve " .. w:pending()[1].id, 1, true), text)
    end
    assert.equal(0, (select(2, w:orket("move A canceled"))))
    assert.same({}, w:pending())
    assert.equal("void", w:sql("SELECT status FROM approval"))
    assert.equal(1, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:check())))
  end)

  it("a question leaves the rest of the run alone, and is answered while it goes on", function()
    local w <close> = project([[
      function work(talk)
        if talk.card == "C" then return say(write("c", "c"), finish()) end
        return steps(talk, function() return say(write("locked/" .. talk.card, "x")) end, function() return say(finish()) end)
      end ]], { issues = { { id = "A" }, { id = "B" }, { id = "C" } }, limits = { concurrency = 3 } })
    w:hold("C")
    local run = w:start()
    assert(world.wait(function() return #w:pending() == 2 end), "two questions at once")
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:orket("deny B --why 'use another file'"))))
    assert(world.wait(function() return w:card("A").status == "done" end), "it did not go on")
    w:release("C")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("x", w:made("locked/A"))
    assert.equal(nil, w:made("locked/B"))
    assert(text:find("needs approval: write_file locked/A", 1, true), text)
    w:replays()
  end)
end)

describe("a person's no", function()
  it("a person's no goes back to the model with the person's words", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    local n = w:requests()
    assert.equal(0, (select(2, w:orket("deny A --why 'use free instead'"))))
    assert.equal(0, (select(2, w:run())))
    local refused = w:events("call.refused")[1].body
    assert.same({ "deny", "approval.denied" }, { refused.decision, refused.rule })
    assert(w:request(n + 1):find("said no: use free instead", 1, true))
    assert.equal(nil, w:made("locked/a"))
    assert.equal("x\n", w:made("after"))
    assert.equal("denied", w:sql("SELECT status FROM approval"))
    w:replays()
  end)
end)

describe("a person's yes, when it is used,", function()
  local function refused(w, rule)
    local text, code = w:run()
    assert.equal(0, code, text)
    local event = w:events("call.refused")[1]
    assert.equal(rule, event and event.body.rule)
    assert.equal(nil, w:made("locked/a"))
    w:replays()
    return event.body
  end

  it("a yes is void when the file was changed after it", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    w:write("workspace/ep/cards/A/locked/a", "somebody else\n")
    assert.equal(0, (select(2, w:orket("approve A"))))
    refused(w, "approval.void")
    assert.equal("void", w:sql("SELECT status FROM approval"))
  end)

  it("a yes to an operation is void when the file was changed after it", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      gate = { { id = "log", effect = "ask", paths = { "log" }, why = "a log is kept" } },
      files = { ["tools/write_file.lua"] = (world.orket.read("tools/write_file.lua"):gsub("local function run%(args%)\n",
        "%0  fs.write('log', 'wrote ' .. args.path)\n")) }, mock = WRITES })
    assert.equal(3, (select(2, w:run())))
    assert.same({ "fs.write", "log" }, { w:pending()[1].operation.op, w:pending()[1].operation.path })
    w:write("workspace/ep/cards/A/log", "somebody else\n")
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(3, (select(2, w:run()))) -- the next write asks anew
    assert.equal("void", w:events("approval.settled")[1].body.outcome)
    assert.equal(nil, w:made("log"))
    w:replays()
  end)

  it("a question expires when no answer comes in time", function()
    local w <close> = project(nil, { rules = { approvals = { expires = "1s" } } })
    assert.equal(3, (select(2, w:run())))
    local expires = w:pending()[1].expires_at
    assert(world.wait(function() return world.orket.shell("date -u +%FT%T.%3NZ") > expires end))
    local late <close> = world.copy(w.dir, WRITES and (world.orket.read("tests/support/play.lua") .. WRITES))
    local text, code = late:orket("approve A")
    assert.equal(1, code, text)
    assert(text:find("expired", 1, true), text)
    assert.equal("system", late:events("approval.answered")[1].actor) -- nobody said so
    refused(w, "approval.expired")
    refused(late, "approval.expired")
    assert.equal("expired", w:sql("SELECT status FROM approval"))
  end)

  it("a question expires in the middle of a run without anybody's help", function()
    local w <close> = project([[
      function work(talk)
        if talk.card == "B" then return say(write("b", "b"), finish()) end
        return steps(talk, function() return say(write("locked/a", "one\n")) end, function() return say(finish()) end)
      end ]], { issues = { { id = "A" }, { id = "B" } }, rules = { approvals = { expires = 1 } } })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return w:card("A").status == "done" end), "it did not go on")
    assert.equal("in_progress", w:card("B").status)
    w:release("B")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("approval.expired", w:events("call.refused")[1].body.rule)
    w:replays()
  end)

  it("a yes that came in time expires when the run comes too late", function()
    local w <close> = project(nil, { rules = { approvals = { expires = 1 } } })
    assert.equal(3, (select(2, w:run())))
    local expires = w:pending()[1].expires_at
    local _, code = w:orket("approve A")
    assert(world.wait(function() return world.orket.shell("date -u +%FT%T.%3NZ") > expires end))
    if code == 0 then
      refused(w, "approval.expired")
    end
  end)

  local function narrowed(change, rule)
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    change(w)
    assert.equal(0, (select(2, w:orket("approve A"))))
    refused(w, rule)
    assert.equal("refused", w:sql("SELECT status FROM approval"))
  end

  it("a yes is refused when a rule of the organization denies the call by now", function()
    narrowed(function(w)
      local organization = cjson.decode(w:read("config/organization.json"))
      table.insert(organization.process_rules.gate, { id = "never", effect = "deny", paths = { "locked/**" },
        why = "not any more" })
      w:write("config/organization.json", cjson.encode(organization))
    end, "house.never")
  end)

  it("a yes is refused when a policy that serves by now denies the call", function()
    narrowed(function(w)
      w:write("nodes/policy/late.lua", [[
        local function decide(call)
          if call.tool == "write_file" and call.paths[1] == "locked/a" then
            return { decision = "deny", rule = "late", why = "not any more" }
          end
        end
        return { about = { kind = "policy" }, decide = decide }
      ]])
    end, "policy.late")
  end)

  it("a yes is refused when the role has the tool no longer", function()
    narrowed(function(w)
      w:write("roles/coder.lua", (world.orket.read("roles/coder.lua"):gsub('"write_file",?', "")))
    end, "gate.role.tool")
  end)
end)

describe("a question of approval", function()
  it("a question waits over kill -9 and stays the same one", function()
    local w <close> = project([[
      function work(talk)
        if talk.card == "B" then return say(write("b", "b"), finish()) end
        return steps(talk, function() return say(write("locked/a", "one\n")) end, function() return say(finish()) end)
      end ]], { issues = { { id = "A" }, { id = "B" } } })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return #w:pending() == 1 end))
    local id = w:pending()[1].id
    run.kill("KILL")
    run.wait()
    w:release("B")
    assert.equal(id, w:pending()[1].id)
    assert.equal(0, (select(2, w:orket("approve " .. id))))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("one\n", w:made("locked/a"))
    assert.equal(1, #w:events("approval.asked"))
    w:replays()
  end)

  for _, point in ipairs({ "permit_before:1", "permit_after:1", "permit_before:2", "acknowledge_before:3",
    "acknowledge_before:4",
    "acknowledge_before:5", "acknowledge_before:6" }) do
    it("between answer and outcome, at " .. point .. ": happens once, and is not asked about again",
      function()
      local w <close> = project()
      assert.equal(3, (select(2, w:run())))
      assert.equal(0, (select(2, w:orket("approve A"))))
      w:killed(point)
      local text, code = w:run()
      assert.equal(0, code, text)
      assert.equal("one\n", w:made("locked/a"))
      assert.equal(1, #w:events("approval.asked"))
      assert.equal(1, #w:events("approval.settled"))
      w:replays()
    end)
  end
end)

describe("approve", function()
  local TWICE = world.orket.read("tests/support/scripts/twice.lua")

  it("an operation that is asked about begins its call again after the answer, all of it or nothing",
    function()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "twice"')
    local w <close> = project([[
      function work(talk)
        return steps(talk, function() return say(write("free", "f"), call("twice", { name = "a", text = "t\n" }), write("after", "x")) end,
          function() return say(finish()) end)
      end ]], { gate = { { id = "locked", effect = "ask", paths = { "locked/**" }, why = "a person decides" } },
      files = { ["roles/coder.lua"] = role, ["tools/twice.lua"] = TWICE } })
    local text, code = w:run()
    assert.equal(3, code, text)
    local one = w:pending()[1]
    assert.same({ "fs.write", "locked/a", "t\n" },
      { one.operation.op, one.operation.path, one.operation.content })
    assert.equal(1, #w:events("file.written")) -- free, and nothing of the call
    assert.equal(0, #w:events("comment.added"))
    assert.equal(0, (select(2, w:orket("approve A"))))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "t\n", "t\n", "t\n", "x" }, { w:made("first"), w:made("locked/a"), w:made("last"),
      w:made("after") })
    assert.equal(1, #w:events("comment.added"))
    assert.equal(1, #w:events("approval.asked"))
    w:replays()
  end)
end)

describe("process_rules.autonomy", function()
  it("autonomy is refused for roles that do not exist", function()
    local w <close> = project(nil, { rules = { autonomy = { codr = "ask_all" } } })
    local text, code = w:orket("validate")
    assert.equal(1, code)
    assert(text:find("the role 'codr' does not exist", 1, true) and text:find("coder", 1, true), text)
  end)

  it("ask_all: asks before everything that does not only read", function()
    local w <close> = project([[
      function work(talk)
        return steps(talk, function() return say(call("list_directory", {}), write("a", "a")) end, function() return say(finish()) end)
      end ]], { gate = cjson.empty_array, rules = { autonomy = { coder = "ask_all" } } })
    local tools = {}
    for _ = 1, 2 do
      assert.equal(3, (select(2, w:run())))
      local one = w:pending()[1]
      assert.equal("autonomy.ask", one.rule)
      tools[#tools + 1] = one.tool
      assert.equal(0, (select(2, w:orket("approve A"))))
    end
    assert.same({ "write_file", "update_issue_status" }, tools)
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)

  it("ask_risky: asks before a card ends, also for roles that are not named", function()
    local w <close> = project([[
      function work(talk)
        return steps(talk, function() return say(write("a", "a"), call("add_issue_comment", { comment = "hm" })) end,
          function() return say(finish()) end)
      end ]], { gate = cjson.empty_array, rules = { autonomy = { ["*"] = "ask_risky", lead_architect = "autonomous" } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    local one = w:pending()[1]
    assert.same({ "integrity_guard", "card.move", "done" },
      { one.role, one.operation.op, one.operation.status })
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)
end)

describe("autonomy and the script of a role", function()
  local DONE = [[
    local function route() return { status = "done", why = "I say so" } end
    return { name = "integrity_guard", description = "g", tools = { "update_issue_status", "request_excuse" }, prompt = %s, route = route }
  ]]

  for mode, ends in pairs({ ask_risky = false, autonomous = true }) do
    it("a card that its model did not end is ended by no route, where a person is asked: " .. mode, function()
      local prompt = 'function() return { system = "You are the integrity guard.", user = "# Card A: x" } end'
      local w <close> = project([[
        function work() return say(finish()) end
        function review() return say(status("in_progress", "not yet")) end
      ]], { gate = cjson.empty_array, rules = { autonomy = { ["*"] = mode } },
        files = { ["roles/integrity_guard.lua"] = DONE:format(prompt) } })
      local text = w:run()
      assert.equal(ends and "done" or "blocked", w:card("A").status, text)
      assert.equal(ends, text:find("and no person was asked", 1, true) == nil, text)
      assert.equal(0, #w:events("approval.asked"))
      w:replays()
    end)
  end
end)

describe("a run with a question", function()
  it("a fork asks its parent's question again, for its own card", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    local asked = w:events("approval.asked")[1]
    local at = math.tointeger(w:events()[#w:events()].seq)
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. at))))
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:orket("fork ep.1@" .. math.tointeger(w:events()[#w:events()].seq)))))
    for i, epic in ipairs({ "ep-f1", "ep-f2" }) do
      local card = "A-f" .. i
      local text, code = w:run(epic)
      assert.equal(3, code, text)
      local one = w:card(card).approval
      assert.same({ card, "locked/a" }, { one.card, one.paths[1] })
      assert.not_equal(asked.body.hash, one.hash)
      assert.equal(0, (select(2, w:orket("approve " .. card))))
      text, code = w:run(epic)
      assert.equal(0, code, text)
      w:replays(epic .. ".1")
    end
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)

  it("a run that begins again at a card leaves no question of it behind", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    assert.equal(3, (select(2, w:orket("resume --from A"))))
    assert.equal("void\npending", w:sql("SELECT status FROM approval ORDER BY asked_at"))
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:run())))
    w:replays()
  end)

  it("a call of very many words is asked about, shown and bound as any other", function()
    local w <close> = project([[
      function work(talk)
        local lines = {}
        for i = 1, 30000 do lines[i] = "line " .. i end
        return steps(talk, function() return say(write("locked/a", table.concat(lines, "\n"))) end, function() return say(finish()) end)
      end ]])
    assert.equal(3, (select(2, w:run())))
    local one = w:pending()[1]
    assert.equal(318893, #one.operation.arguments.content)
    local text = w:orket("show A")
    assert(text:find("+line 1\n", 1, true) and text:find("+line 30000\n", 1, true)
      and text:find("29963 lines hidden", 1, true), text)
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:run())))
    assert.equal(318893, #w:made("locked/a"))
    w:replays()
  end)

  it("another version of the program asks the question again", function()
    local w <close> = project()
    assert.equal(3, (select(2, w:run())))
    w:sql("UPDATE turn SET engine = '0.0.0' WHERE outcome IS NULL")
    assert.equal(3, (select(2, w:run())))
    assert.equal("void\npending", w:sql("SELECT status FROM approval ORDER BY asked_at"))
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:orket("resume"))))
    assert.equal("one\n", w:made("locked/a"))
  end)

  it("an export verifies with its answers, which stay when the run is dropped", function()
    local w <close> = project((WRITES:gsub('"one\\n"', '("one\\n"):rep(1000)')))
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("approve A"))))
    assert.equal(0, (select(2, w:run())))
    local text, code = w:orket("export -o out.orket ep.1")
    assert.equal(0, code, text)
    text, code = w:orket("verify out.orket")
    assert.equal(0, code, text)
    text, code = w:orket("gc --keep 0d")
    assert.equal(0, code, text)
    assert.equal(1, #w:events("run.dropped"))
    text = w:orket("approvals --all")
    assert(text:find("used A write_file locked/a content=4000 bytes", 1, true), text)
    assert.equal(0, (select(2, w:check())))
  end)
end)

describe("approve", function()
  local beyond = dofile("tests/support/beyond.lua")

  it("an operation that reaches beyond the tree is asked about, happens once, and may be uncertain after the yes",
    function()
    local server <close> = beyond.serve()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse"', '"request_excuse", "post"')
    local w <close> = world.new({ issues = { { id = "A" } }, binary = beyond.binary,
      environment = "ORKET_LUA=" .. server.lua,
      rules = { autonomy = { coder = "ask_risky" } },
      files = { ["tools/post.lua"] = beyond.TOOL, ["roles/coder.lua"] = role },
      mock = "local PORT = " .. server.port .. "\n" .. [[
        function work(talk)
          return steps(talk, function() return say(call("post", { port = PORT, text = "hold me" })) end, function() return say(finish()) end)
        end ]] })
    assert.equal(3, (select(2, w:run())))
    assert.equal("autonomy.ask", w:pending()[1].rule)
    assert.same({}, server:heard())
    assert.equal(0, (select(2, w:orket("approve A"))))
    local run = w:start()
    assert(world.wait(function() return next(server:heard()) end), "nothing was heard")
    run.kill("KILL")
    run.wait()
    assert.equal(3, (select(2, w:run())))
    assert.equal("hold me", w:card("A").uncertain.operation.text)
    assert.equal(0, (select(2, w:orket("answer A happened"))))
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ ["hold me"] = 1 }, server:heard())
    assert.equal(1, #w:events("approval.asked"))
    w:replays()
  end)
end)
