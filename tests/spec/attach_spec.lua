-- attach_spec.lua: `orket repl --attach` to a run that is under way: breakpoints, steps, what is shown,
-- orders, and that whoever attached can go in any way without harm.

local terminal = dofile("tests/support/terminal.lua")
local world = dofile("tests/support/world.lua")

-- Z keeps the run under way. A asks first, so that one is attached before anything happens to it.
local TEAM = world.orket.read("tests/support/teams/attached.lua")

local function started(files, gate, rules)
  local w = world.new({ issues = { { id = "A" }, { id = "Z" } }, mock = TEAM, files = files, gate = gate,
    rules = rules })
  w.run_now = w:start()
  assert(world.wait(function() return w:card("A").status == "waiting_for_developer" end), "A did not ask")
  return w
end

local function ended(w)
  w:orket("halt")
  local text, code = w.run_now.wait()
  assert.equal(3, code, text)
  text, code = w:orket("check")
  assert.equal(0, code, text)
  text, code = w:orket("replay ep.1")
  assert.equal(0, code, text)
  w:__close()
end

local function lines(w, ...)
  w:write(".test/lines", table.concat({ ... }, "\n") .. "\n")
  local text, code = w:orket("repl --attach < .test/lines")
  return text, code
end

-- A REPL that stays attached while other things happen: say(lines) and heard(text).
local function attach(w)
  os.remove(w.dir .. "/.test/fifo")
  world.orket.shell("mkfifo " .. w.dir .. "/.test/fifo")
  local pid = world.orket.shell(string.format("cd %s; (sleep 60 > .test/fifo & echo $! > .test/writer; exec %s repl --attach < .test/fifo > .test/repl.out 2>&1) & echo $!",
    w.dir, world.binary)):match("%d+")
  local repl = {}
  function repl.say(...)
    w:write(".test/lines", table.concat({ ... }, "\n") .. "\n")
    world.orket.shell("cat " .. w.dir .. "/.test/lines > " .. w.dir .. "/.test/fifo")
  end
  function repl.heard(text)
    assert.truthy(world.wait(function() return w:read(".test/repl.out"):find(text, 1, true) end),
      w:read(".test/repl.out"))
  end
  function repl.kill()
    os.execute("kill -9 " .. pid .. " $(cat " .. w.dir .. "/.test/writer)")
  end
  return repl
end

local GO = 'answer("A", "go on").card'

describe("attach", function()
  it("a debugger stops a turn at a tool, shows it, steps and lets it go", function()
    local w = started()
    local text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 's = wait(20)',
      's.at .. " " .. s.what .. " " .. s.role',
      'i = inspect("A")', 'i.call.arguments', 'i.view.card.id .. #i.prompt', 'i.decision == nil',
      'step("A").order', 's = wait(20)', 's.at .. " " .. s.what', 'inspect("A").decision.decision',
      'step("A").order', 's = wait(20)', 's.at .. " " .. s.what', 'step("A").order', 's = wait(20)',
        's.at .. " " .. s.what',
      'inspect("A").decision.why', 'clear().cleared', 'continue("A").order', '#stopped()')
    assert.equal(0, code, text)
    assert.equal(table.concat({ "1", "A", "tool write_file coder", '{"content":"plain","path":"dish"}', "A3",
      "true", "step", "rule gate.allow",
      "allow", "step", "tool write_file", "step", "rule gate.path.escape",
      "the path '../out' is not inside the card's tree", "1", "go", "0", "",
    }, "\n"), text)
    assert.truthy(world.wait(function() return w:card("A").status == "done" end))
    ended(w)
  end)

  it("a debugger refuses a call in the person's name, which a replay and the reports know", function()
    local w = started()
    local text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 'wait(20).at',
      'skip("A", "with salt, please").order',
      'wait(20).at', 'clear().cleared', 'continue("A").order')
    assert.equal(0, code, text)
    assert.truthy(world.wait(function() return w:card("A").status == "done" end))
    assert.equal("salted", w:made("dish"))
    local refused = w:events("call.refused")[1]
    assert.equal("person.skip", refused.body.rule)
    assert.truthy(refused.body.why:find("with salt, please", 1, true))
    ended(w)
  end)

  -- Before it is judged the yes comes to nothing, after that it was used.
  for point, outcome in pairs({ ['tool="write_file"'] = "refused", ['rule="gate.allow"'] = "used" }) do
    it("a debugger refuses a call that a person has allowed, at " .. point .. ", which a replay knows",
      function()
      local w = started({},
        { { id = "asked", effect = "ask", tools = { "write_file" }, why = "a person decides" } })
      local repl = attach(w)
      repl.say(GO)
      assert.truthy(world.wait(function() return w:card("A").approval end), "it does not ask")
      repl.say("breakpoint{" .. point .. ', card="A"}.kind')
      repl.heard(point:match("^%a+") .. "\n")
      assert.equal(0, (select(2, w:orket("approve A"))))
      repl.say('wait(20).what', 'clear().cleared', 'skip("A", "not now").order')
      assert.truthy(world.wait(function() return w:events("call.refused")[1] end), w:read(".test/repl.out"))
      repl.kill()
      assert.equal("person.skip", w:events("call.refused")[1].body.rule)
      assert.equal(outcome, w:events("approval.settled")[1].body.outcome)
      ended(w)
    end)
  end

  it("a debugger judges a call again that a person has answered: the answer stands, once, and a replay knows it",
    function()
    for _, said in ipairs({ "approve A", "deny A" }) do
      local w = started({},
        { { id = "asked", effect = "ask", tools = { "write_file" }, why = "a person decides" } })
      local repl = attach(w)
      repl.say('breakpoint{rule="gate.allow", card="A"}.id',
        'breakpoint{rule="approval.denied", card="A"}.id', GO)
      assert.truthy(world.wait(function() return w:card("A").approval end), "it does not ask")
      assert.equal(0, (select(2, w:orket(said))))
      repl.say('wait(20).what', 'retry("A").order', 'wait(20).at', 'retry("A").order', 'wait(20).at',
        'clear().cleared', 'continue("A").order')
      assert.truthy(world.wait(function() return w:events("approval.settled")[1] and #w:pending() == 0 end),
        w:read(".test/repl.out"))
      repl.heard("\ngo\n")
      repl.kill()
      assert.equal(1, #w:events("approval.asked"))
      assert.equal(1, #w:events("approval.settled"))
      ended(w)
    end
  end)

  it("a debugger judges a call again, and stops before a card moves", function()
    local w = started()
    local text, code = lines(w, 'breakpoint{rule="gate.path.*"}.id',
      'breakpoint{transition="ready_for_testing", role="coder"}.id',
      'breakpoint{role="integrity_guard"}.id', GO, 'wait(20).what', 'retry("A").order', 'wait(20).what',
        'continue("A").order',
      's = wait(20)', 's.at .. " " .. s.what', 'card("A").status', 'inspect("A").proposal.status',
        'continue("A").order',
      's = wait(20)', 's.at .. " " .. s.role', 'continue("A").order')
    assert.equal(0, code, text)
    assert.equal(table.concat({ "1", "2", "3", "A", "gate.path.escape", "again", "gate.path.escape", "go",
      "transition ready_for_testing",
      "in_progress", "ready_for_testing", "go", "role integrity_guard", "go", "" }, "\n"), text)
    ended(w)
  end)

  it("a debugger stops where the rule refuses an operation, or a cap a request", function()
    local w = started({ ["tools/write_file.lua"] = (world.orket.read("tools/write_file.lua"):gsub("local function run%(args%)",
      'local function run(args) fs.write("gen/x", "x")')) },
        { { id = "generated", effect = "deny", paths = { "gen/**" }, why = "made" } },
      { budgets = { cards = { A = { calls = 2 } } } })
    local text, code = lines(w, 'breakpoint{rule="house.*", card="A"}.id', 'breakpoint{rule="budget.*"}.id',
      GO, 'wait(20).what', 'i = inspect("A")',
      'i.call.name .. " " .. i.operation.op .. " " .. i.operation.path .. " " .. i.decision.decision .. " " .. i.decision.why',
      'skip("A")', 'continue("A").order', 's = wait(20)', 's.at .. " " .. s.what',
        'inspect("A").decision.why', 'continue("A").order')
    assert.equal(1, code, text)
    assert.equal(table.concat({ "1", "2", "A", "house.generated", "write_file fs.write gen/x deny made",
      "ERR_USAGE: there is no call to skip at a rule", "  fix: continue(ID) or step(ID)", "go",
      "rule budget.calls",
      "cards/A/calls: 2 calls of 2 calls are used", "go", "" }, "\n"), text)
    assert.truthy(world.wait(function() return w:card("A").wait_reason == "resource" end))
    ended(w)
  end)

  it("a debugger stops at an operation that a person is asked about, also when the run is to end there",
    function()
    local w = started({ ["tools/write_file.lua"] = (world.orket.read("tools/write_file.lua"):gsub("local function run%(args%)",
      'local function run(args) fs.write("gen/x", "x")')) },
        { { id = "generated", effect = "ask", paths = { "gen/**" }, why = "made" } })
    local repl = attach(w)
    repl.say('breakpoint{rule="house.*"}.id', GO, 's = wait(20)',
      's.what .. " " .. inspect("A").decision.decision')
    repl.heard("house.generated ask")
    assert.equal(0, #w:pending())
    w:orket("halt")
    assert.equal(3, (select(2, w.run_now.wait())))
    w.run_now = w:start()
    assert.truthy(world.wait(function() return w:pending()[1] end))
    assert.equal("fs.write", w:pending()[1].operation.op)
    repl.kill()
    ended(w)
  end)

  it("a debugger takes none of the time that the card is allowed", function()
    local w = started({}, nil, { budgets = { cards = { A = { seconds = 1 } } } })
    local text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 'wait(20).at', 'wait(1.5)',
      'clear().cleared', 'continue("A").order')
    assert.equal(0, code, text)
    assert.truthy(world.wait(function() return w:card("A").status == "done" end), (w:orket("board")))
    assert.equal(0, #w:events("budget.reached"))
    ended(w)
  end)

  it("a debugger shows what a changed role would say, while the turn keeps its own", function()
    local w = started()
    local coder = world.orket.read("roles/coder.lua")
    w:write("edited.lua", (coder:gsub("write_file", "read_file", 1)))
    local text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 'wait(20).at',
      'd = dry("A")', 'd.prompt == "" and d.after.rule')
    assert.equal(0, code, text)
    assert.truthy(text:find("gate.allow", 1, true), text)
    ended(w)
    w = started()
    w:write("roles/coder.lua", (coder:gsub("%[%[You", "[[Salted: you", 1):gsub('"write_file", ', "")))
    text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 'wait(20).at', 'd = dry("A")',
      'd.before.rule', 'd.after.rule',
      'd.prompt:find("Salted", 1, true) ~= nil')
    assert.equal(0, code, text)
    ended(w)
  end)

  it("a debugger shows what a changed policy would say", function()
    local w = started()
    w:write(".test/plain.lua",
      'return { decide = function(call) if call.arguments.content == "plain" then return '
      .. '{ decision = "deny", rule = "plain", why = "no salt" } end end }')
    w:write(".test/before", 'breakpoint{tool="write_file", card="A"}.id\n' .. GO .. "\nwait(20).at\n")
    w:write(".test/after", 'd = dry("A")\nd.before.rule\nd.after.rule\n'
      .. 'judge{card="A", tool="write_file", arguments={path="dish", content="plain"}}.why\n')
    local text = world.orket.shell(string.format("cd %s && mkdir -p nodes/policy && { cat .test/before; "
      .. "until grep -q tool .test/out; do sleep 0.02; done; cp .test/plain.lua nodes/policy/; cat .test/after; } 2>/dev/null "
      .. "| timeout 60 %s repl --attach > .test/out; cat .test/out", w.dir, world.binary))
    assert.equal("1\nA\ntool\ngate.allow\npolicy.plain\nno salt\n", text)
    ended(w)
  end)

  it("a debugger shows the beginning of a call that is too long to be shown, and stays attached", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "Z" } },
      mock = (TEAM:gsub('"plain"', 'string.rep("ä", 450000)')) })
    w.run_now = w:start()
    assert(world.wait(function() return w:card("A").status == "waiting_for_developer" end), "A did not ask")
    local text, code = lines(w, 'breakpoint{tool="write_file", card="A"}.id', GO, 'wait(20).at',
      'i = inspect("A")', 'i.call.bytes',
      '#i.call.arguments < 140000', 'i.prompt[2].role', 'i.prompt[3].bytes > 900000', 'dry("A").too_large',
        'stopped()[1].card', 'clear().cleared',
      'continue("A").order')
    assert.equal(0, code, text)
    assert.equal("1\nA\ntool\n900028\ntrue\nuser\ntrue\nthe call's arguments\nA\n1\ngo\n", text)
    w:orket("halt")
    assert.equal(3, select(2, w.run_now.wait()))
  end)

  it("a debugger gives up a line that waits at ^C, and stays attached with its breakpoints", function()
    local w = started()
    local shown, code = terminal.play("exec " .. world.binary .. " repl --attach -C " .. w.dir, {
      { "see", "orket> " }, { "type", 'breakpoint{tool="write_file"}.id\r' }, { "see", " 1 " },
      { "see", "orket> " }, { "type", 'print("begun") wait(60)\r' }, { "see", " begun " },
      { "type", "\3" }, { "see", "ERR_CANCELED: given up" },
      { "see", "orket> " }, { "type", "#breakpoints() + 41\r" }, { "see", " 42 " },
      { "see", "orket> " }, { "type", "\4" },
    })
    assert.equal(0, code, shown)
    ended(w)
  end)

  it("a debugger stays when ^C comes before the line begins, and ends at a ^D that comes while one runs",
    function()
    local w = started()
    local shown, code = terminal.play("exec " .. world.binary .. " repl --attach -C " .. w.dir, {
      { "see", "orket> " }, { "signal", "INT" }, { "type", 'print("begun") wait(0.2)\r' },
      { "see", " begun " }, { "type", "\4" },
    })
    assert.equal(0, code, shown)
    ended(w)
  end)

  it("a debugger lets everything go when whoever attached is killed", function()
    local w = started()
    local repl = attach(w)
    repl.say('breakpoint{tool="*", card="A"}.id', GO, 'wait(20).at')
    repl.heard("tool")
    assert.equal("in_progress", w:card("A").status)
    repl.kill()
    assert.truthy(world.wait(function() return w:card("A").status == "done" end))
    ended(w)
  end)

  it("a debugger is one at a time, and needs a run", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(finish()) end" })
    assert.equal(0, select(2, w:run()))
    local text, code = lines(w, "1")
    assert.equal(1, code)
    assert.truthy(text:find("no run is under way", 1, true), text)
    assert.equal(2, select(2, w:orket("repl --attach --run ep.1 < /dev/null")))
  end)

  it("a debugger says what it does not understand", function()
    local w = started()
    for _, row in ipairs({
      { "breakpoint{}", "ERR_USAGE" }, { "breakpoint{tol='x'}", "ERR_USAGE" },
      { "breakpoint{tool=1}", "ERR_USAGE" }, { "breakpoint{tool='[a'}", "ERR_USAGE" },
      { "inspect('A')", "ERR_NOT_FOUND" }, { "continue('nobody')", "ERR_NOT_FOUND" },
      { "skip('A')", "ERR_NOT_FOUND" },
      { "clear(7).cleared", "^0\n$" }, { "wait(0.01)", "^$" },
      { "breakpoint('tool')", "ERR_USAGE: a breakpoint is a table" },
      { "breakpoint{tool='write_flie'}", "no tool 'write_flie'\n  fix: perhaps write_file\n" },
      { "breakpoint{role='nobody'}", "no role 'nobody'\n  fix: there are .*coder" },
      { "breakpoint{transition='dne'}", "no status 'dne'\n  fix: perhaps done\n" },
      { "breakpoint{tool='write_file', rule='house.*'}", "ERR_USAGE: .*one of them" },
      { "breakpoint{rule='*', transition='done'}", "ERR_USAGE" },
      { "breakpoint{rule='gate.path.escap'}", "no rule .*perhaps gate.path.escape\n" },
      { "breakpoint{rule='house.none'}", "no rule" },
      { "breakpoint{rule='gate.p*'}.id", "^%d+\n$" }, { "breakpoint{rule='policy.any'}.id", "^%d+\n$" },
      { "breakpoint{rule='*'}.id", "^%d+\n$" },
      { "wait('x')", "ERR_USAGE: seconds has to be a number" }, { "clear('x')", "ERR_USAGE" },
      { "stopped()", "^{}\n$" },
      { "inspect('A')", "\n  fix: stopped%(%) lists those that do\n" },
    }) do
      local text = lines(w, row[1])
      assert.truthy(text:find(row[2]), row[1] .. ": " .. text)
    end
    local text = w:orket("repl < /dev/null; echo 'stopped()' | timeout 20 " .. world.binary .. " repl")
    assert.truthy(text:find("not attached", 1, true), text)
    ended(w)
  end)
end)
