-- run_spec.lua: `orket run` from outside: a model that is a script, a project, and what came of it.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

local BUILD = [[
function work(talk)
  return steps(talk, function() return say(write(talk.card .. ".txt", "made by " .. talk.card .. "\n"), finish()) end)
end
]]

local function chain(n)
  local issues = {}
  for i = 1, n do
    issues[i] = { id = "C-" .. i, depends_on = i > 1 and { "C-" .. i - 1 } or nil }
  end
  return issues
end

describe("run", function()
  it("a run reaches what the environment names, wherever that leads", function()
    local w <close> = world.new({ issues = { { id = "A" } },
      mock = "function work() return say(finish()) end" })
    w.url = w.url:gsub("127%.0%.0%.1", "[::ffff:127.0.0.1]") -- from the configuration it would be refused
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("done", w:card("A").status)
  end)

  it("a run takes cards from ready to done, in the order of their dependencies", function()
    local w <close> = world.new({ issues = chain(3), mock = BUILD })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.same({ "ready>in_progress", "in_progress>ready_for_testing", "ready_for_testing>code_review",
      "code_review>done" },
      w:moves("C-2"))
    for i = 1, 3 do
      assert.equal("made by C-" .. i .. "\n", w:made("C-" .. i .. ".txt"))
    end
    assert.equal("done", w:card("ep").status)
    local checked, ok = w:check()
    assert.equal(0, ok, checked)
  end)

  it("a run of a finished epic says so; --again builds it anew", function()
    local w <close> = world.new({ issues = chain(1), mock = BUILD })
    assert.equal(0, select(2, w:run()))
    local before = w:requests()
    local text, code = w:run()
    assert.equal(0, code)
    assert(text:find("done", 1, true), text)
    assert.equal(before, w:requests())
    text, code = w:run("--again ep")
    assert.equal(0, code, text)
    assert.equal(2 * before, w:requests())
    assert.equal("done", w:card("C-1-b2").status)
    assert.equal("archived", w:card("C-1").status)
  end)

  it("a run finishes a chain of 50", function()
    local w <close> = world.new({ issues = chain(50), mock = BUILD })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("made by C-50\n", w:made("C-50.txt"))
  end)

  it("a run of one issue runs that one alone", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = BUILD })
    local text, code = w:run("B")
    assert.equal(0, code, text)
    assert.equal("done", w:card("B").status)
    assert.equal("ready", w:card("A").status)
    text, code = w:run("ep")
    assert.equal(0, code, text)
    assert.equal("done", w:card("A").status)
    text, code = w:run("A")
    assert.equal(0, code, text)
  end)

  local function rock_of(epics, options)
    options = options or {}
    local files = { ["config/rocks/ro.json"] = cjson.encode({ name = "Rock", epics = epics }) }
    for i, entry in ipairs(epics) do
      files["config/epics/" .. entry.epic .. ".json"] = entry.epic ~= "ep" and cjson.encode({ name = "Two",
        team = "t", environment = "e", issues = { { id = "Z" .. i, name = "Z", seat = "dev" } } }) or nil
    end
    return world.new({ issues = chain(1), mock = options.mock or BUILD, files = files, limits = options.limits })
  end

  local function held_together(w, cards)
    for _, card in ipairs(cards) do
      w:hold(card)
    end
    local run = w:start("ro")
    assert(world.wait(function()
      local claimed = 0
      for _, event in ipairs(w:events("turn.started")) do
        claimed = claimed + (event.card:find("^Z") and 1 or 0)
      end
      return claimed == #cards
    end), "they do not begin together")
    for _, card in ipairs(cards) do
      w:release(card)
    end
    return run.wait()
  end

  it("a run of a rock runs its epics beside each other", function()
    local w <close> = rock_of({ { epic = "ep" }, { epic = "ep2" }, { epic = "ep3" } })
    local text, code = held_together(w, { "Z2", "Z3" })
    assert.equal(0, code, text)
    assert.equal("done", w:card("ro").status)
    assert.equal("done", w:card("Z3").status)
    text, code = w:run("ro")
    assert.equal(0, code, text)
    for _, run in ipairs({ "ep.1", "ep2.1", "ep3.1" }) do
      w:derives(run)
    end
    assert.equal(0, (select(2, w:check())))
  end)

  it("a run of a rock begins an epic when those that it depends on are done", function()
    local w <close> = rock_of({ { epic = "ep2", depends_on = { "ep" } }, { epic = "ep" },
      { epic = "ep3", depends_on = { "ep2", "ep" } } })
    local text, code = w:run("ro")
    assert.equal(0, code, text)
    local order = {}
    for _, event in ipairs(w:events()) do
      if event.kind == "run.started" or event.kind == "run.ended" then
        order[#order + 1] = event.kind:match("%l+$") .. " " .. event.run
      end
    end
    assert.same({ "started ep.1", "ended ep.1", "started ep2.1", "ended ep2.1", "started ep3.1", "ended ep3.1" },
      order)
  end)

  it("a run of a rock begins its epics in the order in which the rock has them", function()
    local w <close> = rock_of({ { epic = "ep3" }, { epic = "ep" }, { epic = "ep2" } },
      { limits = { concurrency = 1 } })
    local text, code = w:run("ro")
    assert.equal(0, code, text)
    local order = {}
    for _, event in ipairs(w:events("run.started")) do
      order[#order + 1] = event.card
    end
    assert.same({ "ep3", "ep", "ep2" }, order)
  end)

  it("a run of a rock is parked when one of its epics is, and the others come to their end", function()
    local w <close> = rock_of({ { epic = "ep" }, { epic = "ep2" }, { epic = "ep3", depends_on = { "ep2" } } },
      { mock = [[function work(talk)
        if talk.card == "Z2" then
          return say(call("request_excuse", { reason = "which colour?" }))
        end
        return steps(talk, function() return say(write("a.txt", "a")) end, function() return say(finish()) end)
      end]] })
    local text, code = w:run("ro")
    assert.equal(3, code, text)
    assert.equal("done", w:card("ep").status)
    assert.equal("ready", w:card("ep3").status)
    assert.equal("in_progress", w:card("ro").status)
    assert(text:find("orket answer Z2", 1, true), text)
  end)

  it("a rock whose epics wait for each other, or for another rock's, does not load", function()
    local w <close> = rock_of({ { epic = "ep", depends_on = { "ep2" } }, { epic = "ep2", depends_on = { "ep" } } })
    local text, code = w:run("ro")
    assert.equal(1, code)
    assert(text:find("ro.json", 1, true) and text:find("cycle", 1, true), text)
    w:write("config/rocks/ro.json", cjson.encode({ name = "Rock", epics = {
      { epic = "ep", depends_on = { "nix" } }, { epic = "ep2" } } }))
    text, code = w:run("ro")
    assert.equal(1, code)
    assert(text:find("depends on 'nix', which is not in this rock", 1, true), text)
  end)

  it("a run observes priority and impact", function()
    local w <close> = world.new({ limits = { concurrency = 1 }, mock = BUILD, issues = {
      { id = "low", priority = "low" }, { id = "high", priority = "high" }, { id = "mid", priority = 2 },
      { id = "base", priority = "low" }, { id = "x1", depends_on = { "base" }, priority = "low" },
      { id = "x2", depends_on = { "base" }, priority = "low" },
      { id = "x3", depends_on = { "x1" }, priority = "low" },
    } })
    assert.equal(0, select(2, w:run()))
    local order = {}
    for _, event in ipairs(w:events("card.moved")) do
      if event.body.to == "in_progress" and event.card ~= "ep" then
        order[#order + 1] = event.card
      end
    end
    assert.same({ "base", "high", "mid", "x1", "low", "x2", "x3" }, order)
  end)

  it("a run runs cards that agents create, in the same run", function()
    local w <close> = world.new({ issues = { { id = "L", seat = "lead" } }, mock = [[
      function work(talk)
        if talk.card ~= "L" then
          return say(write("more.txt", talk.text), finish())
        end
        return steps(talk, function()
          return say(write("a.txt", "a"), call("create_issue", { seat = "dev", summary = "more work", description = "write it" }),
            call("create_issue", { seat = "dev", summary = "no such", depends_on = { "NOPE" } }),
            call("create_issue", { seat = "nobody", summary = "no such" }))
        end, function(t) return say(write("answers.txt", table.concat(t.said, "\n")), finish()) end)
      end
    ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert(w:made("more.txt"):find("write it", 1, true))
    local created = w:events("card.created")
    assert.equal(3, #created) -- the epic, L, one more
    local answers = w:made("answers.txt")
    assert(answers:find("NOPE", 1, true) and answers:find("nobody", 1, true), answers)
    assert.equal(0, select(2, w:run()))
  end)

  it("a run brings the changes of two cards together, a conflict is repaired by the second", function()
    local w <close> = world.new({ mock = [[
      function work(talk)
        if talk.card == "base" then
          return say(write("list.txt", "head\nmiddle\ntail\n"), finish())
        elseif talk.text:find("## Merge conflict", 1, true) then
          return steps(talk, function() return say(call("read_file", { path = "list.txt" })) end, function(t)
            assert(t.results[1]:find("<<<<<<<", 1, true), "markers are missing")
            return say(write("list.txt", "head\nby a and b\ntail\n"), finish("both"))
          end)
        end
        return say(write("list.txt", "head\nby " .. talk.card .. "\ntail\n"), finish())
      end
    ]], issues = { { id = "base" }, { id = "a", depends_on = { "base" } }, { id = "b", depends_on = { "base" } } } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("head\nby a and b\ntail\n", w:made("list.txt"))
    assert.equal(1, #w:events("tree.conflict"))
    local checked, ok = w:check()
    assert.equal(0, ok, checked)
  end)
end)

describe("run", function()
  it("the tools do what they say, each on the record", function()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",',
      '%0 "create_issue", "nominate_card", "refinement_proposal",')
    local w <close> = world.new({ issues = { { id = "A" } }, files = { ["roles/coder.lua"] = role },
      mock = world.orket.read("tests/support/teams/odd_replies.lua") })
    local text, code = w:run()
    assert.equal(0, code, text)
    local n = 0
    for line in w:made("said"):gmatch("[^\n]+") do
      n = n + 1
      assert.equal(n <= 11, cjson.decode(line).ok, line)
    end
    assert.equal(20, n)
    assert.equal(2.5, w:card("A").credits)
    assert.equal("x", w:made("child"))
    for _, kind in ipairs({ "comment.added", "card.nominated", "refinement.proposed", "card.credits" }) do
      assert.equal(1, #w:events(kind), kind)
    end
  end)
end)

describe("run", function()
  local issues = function() return { { id = "a", max_retries = 2 }, { id = "b", max_retries = 2 } } end

  it("a file where another card has a directory is a conflict: nothing is lost, and a repair that deletes waits for a person",
    function()
    local w <close> = world.new({ issues = issues(), limits = { concurrency = 1 }, mock = [[
      function work(talk)
        if talk.text:find("## Merge conflict", 1, true) then
          return say(call("delete_file", { path = "./x//y" }), write("z", "moved away"), finish())
        end
        return say(write(talk.card == "a" and "x" or "x/y", talk.card), finish())
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("a", w:made("x"))
    assert.equal("blocked", w:card("b").status)
    assert.equal("review", w:card("b").wait_reason)
    assert.equal(1, #w:events("tree.conflict"))
    local asked = w:events("approval.asked")
    assert.equal(1, #asked)
    assert.same({ "gate.confirm", "x/y" }, { asked[1].body.rule, asked[1].body.paths[1] })
    assert.equal(0, #w:events("file.deleted"))
    assert.equal(0, (select(2, w:orket("approve b"))))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("approval.asked"))
    assert.same({ "a", "moved away" }, { w:made("x"), w:made("z") })
  end)

  it("a file where another card has a directory waits for a person when it is not repaired", function()
    for _, order in ipairs({ { "x", "x/y" }, { "x/y/z", "x" } }) do
      local w <close> = world.new({ issues = issues(), limits = { concurrency = 1 }, mock = ([[
        function work(talk) return say(write(talk.card == "a" and "%s" or "%s", talk.card), finish()) end
      ]]):format(order[1], order[2]) })
      local text, code = w:run()
      assert.equal(3, code, text)
      assert.equal("a", w:made(order[1]))
      assert.equal("blocked", w:card("b").status)
      assert.equal(1, #w:events("tree.merged"))
    end
  end)
end)

describe("replies of a model", function()
  it("replies without calls are nudged, then the card is parked", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work() return { content = "all done, trust me" } end
    ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("C-1")
    assert.equal("waiting_for_developer", card.status)
    assert.equal("input", card.wait_reason)
    assert.equal(4, w:requests())
    local last = cjson.decode(w:request(2)).messages
    assert.equal("user", last[#last].role)
    assert(text:find("orket answer", 1, true), text)
  end)

  it("replies that change nothing three times park the card", function()
    for _, what in ipairs({
      'call("read_file", { path = "nothing.txt" })', -- fails each time
      'write("same.txt", "same")', -- nothing new after the first
      'write("flip.txt", talk.replies % 2 == 0 and "a" or "b")',
      'call("add_issue_comment", { comment = "working on it" })',
      'call("report_credits", { amount = 1 })',
      'call("no_such_tool", {})',
      'call("write_file", { path = "../../x", content = tostring(talk.replies) })',
    }) do
      local w <close> = world.new({ issues = chain(1), mock = "function work(talk) return say(" .. what
        .. ") end" })
      local text, code = w:run()
      assert.equal(3, code, what .. text)
      assert.equal("waiting_for_developer", w:card("C-1").status)
      assert(w:requests() <= 5, what .. ": " .. w:requests() .. " requests")
    end
  end)

  it("a turn whose replies go on making something new is bounded by limits.steps", function()
    local w <close> = world.new({ issues = chain(1), limits = { steps = 7 },
      mock = 'function work(talk) return say(write("n", tostring(talk.replies))) end' })
    local _, code = w:run()
    assert.equal(3, code)
    assert.equal(7, w:requests())
  end)

  it("replies may repeat the ids of their calls", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        return steps(talk, function()
          local a, b = write("a", "1"), write("b", "2")
          a.id, b.id = "call_0", "call_0"
          return say(a, b)
        end, function()
          local c = write("c", "3")
          c.id = "call_0"
          return say(c)
        end, function() return say(finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("123", w:made("a") .. w:made("b") .. w:made("c"))
  end)
end)

describe("failures in a run", function()
  it("a refusal goes back to the model as a tool message, with its rule and cure", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        return steps(talk, function()
          return say(status("done"), write("../../../outside", "x"), write("/etc/passwd", "x"),
            { name = "write_file", arguments = '{"path": "cut", "content": "it st' },
            call("write_file", { path = "a" }), call("create_issue", { seat = "dev", summary = "not my tool" }),
            call("read_file", { path = "missing.txt" }))
        end, function() return say(write("a", "x"), finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    local messages = cjson.decode(w:request(2)).messages
    local calls = messages[3].tool_calls
    assert.equal(7, #calls)
    local said = {}
    for i, call in ipairs(calls) do
      local message = messages[3 + i]
      assert.equal("tool", message.role)
      assert.equal(call.id, message.tool_call_id)
      said[i] = cjson.decode(message.content)
      assert.equal(false, said[i].ok)
      assert(said[i].error.message and (i == 7 or said[i].error.fix), message.content)
    end
    assert.equal("fsm.edge", said[1].error.rule or said[1].error.message)
    assert.equal("gate.path.escape", said[2].error.rule)
    assert(said[3].error.rule:find("^gate%.path"))
    assert.equal("gate.args.json", said[4].error.rule)
    assert(said[5].error.rule:find("^gate%.args"))
    assert(said[6].error.rule:find("^gate%."))
    assert.equal(nil, said[7].error.rule)
    assert.equal(false, w:exists("outside"))
  end)

  it("a model that fails is tried again, then the card waits for a person", function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 0 } },
      mock = "function work() return { status = 500 } end" })
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("C-1")
    assert.equal("blocked", card.status)
    assert.equal("system", card.wait_reason)
    assert.equal(3, w:requests())
    assert.equal(3, #w:events("step.failed"))
  end)

  it("a model that fails in the review is bounded as well", function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 1 } }, mock = BUILD .. [[
      function review() return { status = 400 } end ]] })
    local text, code = w:run()
    assert.equal(3, code, text:sub(1, 2000))
    assert.equal("blocked", w:card("C-1").status)
    assert.equal("code_review", w:card("C-1").return_to)
  end)

  it("a model that streams garbage, hangs up or hangs in its reply is a model failure", function()
    for name, answer in pairs({
      garbage = "{ content = 'x', malformed = true }",
      ["hung up"] = "{ content = 'many words of it', cut_after = 1 }",
      ["hangs"] = "{ content = 'many words of it', chunks = 1, pace_ms = 20000 }",
      calls = "{ calls = { { name = 'write_file', arguments = {path='a',content='b'} } }, cut_after = 2 }",
    }) do
      local w <close> = world.new({ issues = { { id = "C-1", max_retries = 0 } },
        mock = "function work() return " .. answer .. " end",
        model = { deadlines = { first_byte = 0.3, idle = 0.3, total = 1 } } })
      local text, code = w:run()
      assert.equal(3, code, name .. text)
      assert.equal("system", w:card("C-1").wait_reason, name)
      assert.equal(false, w:exists("workspace/ep/cards/C-1/a"))
    end
  end)

  it("a role that fails parks its card with a report, others go on", function()
    local role = [[
      return { name = "lead_architect", description = "fails", tools = { "read_file" },
        prompt = function(view) error("the role is broken for " .. view.card.id) end }
    ]]
    local w <close> = world.new({ issues = { { id = "A", seat = "lead" }, { id = "B" } }, mock = BUILD,
      files = { ["roles/lead_architect.lua"] = role } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("done", w:card("B").status)
    local card = w:card("A")
    assert.equal("blocked", card.status)
    assert.equal("system", card.wait_reason)
    assert(text:find("the role is broken for A", 1, true), text)
  end)

  it("a verification that never passes ends parked", function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 2,
      verification = { fixture_path = "no.json" } } },
      mock = [[ function work(talk) return say(write("a", talk.text), finish()) end ]],
      files = { ["verification/no.json"] = '{"argv": ["/bin/sh", "-c", "echo it is wrong; exit 1"]}' } })
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("C-1")
    assert.equal("blocked", card.status)
    assert.equal("review", card.wait_reason)
    assert.equal(3, w:requests())
    assert(w:request(2):find("it is wrong", 1, true))
  end)

  it("a verification may print anything, hang, or not start at all", function()
    for fixture, said in pairs({
      ['{"argv": ["/bin/sh", "-c", "head -c 30000 /dev/urandom; exit 1"]}'] = "exit code 1",
      ['{"argv": ["/bin/sh", "-c", "printf \'\\\\303\'; yes é | head -c 20001; exit 1"]}'] = "exit code 1",
      ['{"argv": ["/no/such/program"]}'] = "cannot be started",
      ['{"argv": ["/bin/sleep", "30"], "wall": 0.5}'] = "time limit",
    }) do
      local w <close> = world.new({ issues = { { id = "C-1", max_retries = 0,
        verification = { fixture_path = "f.json" } } },
        mock = BUILD, files = { ["verification/f.json"] = fixture } })
      local text, code = w:run()
      assert.equal(3, code, fixture .. text:sub(-1000))
      local log = w:events("verify.done")[1].body.log
      assert(log:find(said, 1, true) and utf8.len(log) and #log < 64 * 1024, log:sub(1, 300))
    end
  end)

  it("a verification that nobody at work can mend waits for a person at once, and passes when that is done",
    function()
    -- as in a container that may not make namespaces
    local confined = "unshare -r sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; "
      .. "exec setpriv --bounding-set -all --inh-caps -all --no-new-privs %s'"
    local w <close> = world.new({ issues = { { id = "C-1", verification = { fixture_path = "ok.json" } } },
      mock = BUILD, files = { ["verification/ok.json"] = '{"argv": ["/bin/grep", "made", "C-1.txt"]}' } })
    local text, code = world.orket.shell("cd " .. w.dir .. " && ORKET_MODEL_URL=" .. w.url .. " timeout 100 "
      .. confined:format(world.binary .. " run --plain ep") .. " 2>&1")
    assert.equal(3, code, text)
    assert(text:find("ERR_JAIL", 1, true) and text:find("seccomp=unconfined", 1, true), text)
    assert.equal("system", w:card("C-1").wait_reason)
    assert.equal(1, w:requests())
    assert.equal(0, select(2, w:orket("retry C-1")))
    os.rename(w.dir .. "/verification/ok.json", w.dir .. "/verification/away.json")
    text, code = w:run()
    assert.equal(1, code, text) -- said before anything starts
    os.rename(w.dir .. "/verification/away.json", w.dir .. "/verification/ok.json")
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal(2, w:requests())
  end)

  it("a review that never accepts ends parked", function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 2 } }, mock = BUILD .. [[
      function review() return say(status("in_progress", "it lacks taste")) end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("blocked", w:card("C-1").status)
    assert(w:request(3):find("it lacks taste", 1, true))
  end)

  it("a review that wants it tested again and again ends parked", function()
    local w <close> = world.new({ issues = { { id = "C-1", max_retries = 2 } }, mock = BUILD .. [[
      function review() return say(status("ready_for_testing", "once more")) end ]] })
    local text, code = w:run()
    assert.equal(3, code, text:sub(1, 2000))
    assert.equal("blocked", w:card("C-1").status)
    assert.equal(4, w:requests())
  end)

  it("work handed to the review without its verification is verified before it is done", function()
    local w <close> = world.new({ issues = { { id = "C-1", verification = { fixture_path = "has.json" } } }, mock = [[
      function work(talk)
        return say(write("a", talk.text:find("FAILED", 1, true) and "good" or "bad"), status("code_review", "no need to test"))
      end ]], files = { ["verification/has.json"] = '{"argv": ["/bin/grep", "good", "a"]}' } })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("good", w:made("a"))
  end)

  it("calls with no arguments, replies without calls, and too many calls end in words", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        return steps(talk, function()
          return say({ name = "get_issue_context", arguments = "" }, { name = "get_issue_context", arguments = "[]" },
            { name = "", arguments = "{}" }, { name = "write_file", arguments = '{"path":"x","content":"y","path":"z"}' },
            { name = ("n"):rep(300), arguments = "{}" }, write("ü/日本.txt", "ok"))
        end, function(t) return say(write("said", table.concat(t.said, "\n")), finish()) end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    local oks = {}
    for line in w:made("said"):gmatch("[^\n]+") do
      oks[#oks + 1] = tostring(cjson.decode(line).ok)
    end
    assert.equal("true false false false false true", table.concat(oks, " "))
    assert.equal("ok", w:made("ü/日本.txt"))
    local v <close> = world.new({ issues = { { id = "C-1", max_retries = 0 } }, mock = [[
      function work() local calls = {} for i = 1, 500 do calls[i] = write("f" .. i, "x") end return { calls = calls } end ]] })
    text, code = v:run()
    assert.equal(3, code, text)
    assert.equal(false, v:exists("workspace/ep/cards/C-1/f1"))
  end)

  it("the deadline of a turn parks its card", function()
    local w <close> = world.new({ issues = chain(1), limits = { seconds = 0.5 },
      mock = "function work() return { content = 'x', delay_ms = 30000 } end" })
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("C-1")
    assert.equal("blocked", card.status)
    assert.equal("resource", card.wait_reason)
  end)

  it("the budget of tokens parks the card", function()
    local w <close> = world.new({ issues = chain(1), limits = { tokens = 5000 },
      mock = 'function work(talk) return { calls = { write("n", tostring(talk.replies)) }, usage = { prompt_tokens = 2000, completion_tokens = 1 } } end' })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.equal("resource", w:card("C-1").wait_reason)
    assert.equal(3, w:requests())
  end)
end)

describe("people and rules in a run", function()
  it("a rule that asks parks the card, and its answer lets it go on", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        if (talk.said[1] or ""):find("use b.txt", 1, true) then return say(write("b.txt", "b"), finish()) end
        return say(write("locked/a.txt", "a"))
      end ]], gate = { { id = "mind-the-lock", effect = "ask", paths = { "locked/**" }, why = "a person decides" } } })
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("C-1")
    assert.equal("blocked", card.status)
    assert.equal("review", card.wait_reason)
    assert.equal(false, w:exists("workspace/ep/cards/C-1/locked/a.txt"))
    assert.equal(1, w:requests())
    text, code = w:orket("answer C-1 'no, use b.txt'")
    assert.equal(1, code, text)
    text, code = w:orket("deny C-1 --why 'no, use b.txt'")
    assert.equal(0, code, text)
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("b", w:made("b.txt"))
  end)

  it("a question is answered, and the answer is in the next prompt", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        if talk.text:find("tabs, please", 1, true) then return say(write("style", "tabs"), finish()) end
        return say(call("request_excuse", { reason = "tabs or blanks?" }))
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert(text:find("tabs or blanks?", 1, true), text)
    assert.equal(0, select(2, w:orket("answer C-1 'tabs, please'")))
    text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("tabs", w:made("style"))
  end)

  it("a question of the review waits for a person, and says what it asks", function()
    local w <close> = world.new({ issues = chain(1), mock = BUILD .. [[
      function review(talk)
        if talk.text:find("yes, ship it", 1, true) then return accept() end
        return say(call("request_excuse", { reason = "may this ship?" }))
      end ]] })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert(text:find("may this ship?", 1, true), text)
    assert.equal(0, select(2, w:orket("answer C-1 'yes, ship it'")))
    text, code = w:run()
    assert.equal(0, code, text)
  end)

  it("the work of a rejected card is done again with the review's words", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk)
        return say(write("a", talk.text:find("more salt", 1, true) and "salted" or "plain"), finish())
      end
      function review(talk)
        return steps(talk, function() return say(call("read_file", { path = "a" })) end, function(t)
          if t.results[1]:find("salted", 1, true) then return accept() end
          return say(status("in_progress", "more salt"))
        end)
      end ]] })
    local text, code = w:run()
    assert.equal(0, code, text)
    assert.equal("salted", w:made("a"))
    assert.equal(2, #w:events("turn.started") - 2)
  end)

  it("a canceled dependency parks its dependants, before the run and during it", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } }, { id = "C" } },
      mock = BUILD })
    assert.equal(0, select(2, w:orket("sync")))
    assert.equal(0, select(2, w:orket("move A canceled")))
    local text, code = w:run()
    assert.equal(3, code, text)
    local card = w:card("B")
    assert.equal("blocked", card.status)
    assert.equal("dependency", card.wait_reason)
    assert.equal("done", w:card("C").status)

    local v <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work() return say(status("canceled", "it makes no sense")) end ]] })
    text, code = v:run()
    assert.equal(3, code, text)
    assert.equal("canceled", v:card("A").status)
    assert.equal("dependency", v:card("B").wait_reason)
  end)

  it("an answer goes on in the run that is under way", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, mock = [[
      function work(talk)
        if talk.card == "A" then
          return talk.text:find("go left", 1, true) and say(write("a", "left"), finish())
            or say(call("request_excuse", { reason = "left or right?" }))
        end
        return say(write("b", "x"), finish())
      end ]] })
    w:hold("B")
    local run = w:start()
    assert(world.wait(function() return w:card("A").status == "waiting_for_developer" end))
    assert.equal(0, (select(2, w:orket("answer A go left"))))
    w:release("B")
    local text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("left", w:made("a"))
  end)

  it("a card canceled by a person while it is worked on stays canceled, and the run goes on", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B" } }, limits = { concurrency = 1 }, mock = [[
      function work(talk)
        return say(write(talk.card, "x"), finish())
      end ]] })
    local run = w:held(1)
    local text, code = w:orket("comment B 'take care'")
    assert.equal(0, code, text)
    text, code = w:orket("move A canceled")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal("canceled", w:card("A").status)
    assert.equal("done", w:card("B").status)
    assert(w:request(2):find("take care", 1, true))
  end)

  it("a card canceled while it is verified stays canceled", function()
    local w <close> = world.new({ issues = { { id = "A", verification = { fixture_path = "f.json" } },
      { id = "B", depends_on = { "A" } }, { id = "C" } },
      mock = BUILD, files = { ["verification/f.json"] = '{"argv": ["/bin/sleep", "1"]}' } })
    local run = w:start()
    assert(world.wait(function() return w:card("A").status == "ready_for_testing" end))
    assert.equal(0, (select(2, w:orket("move A canceled"))))
    local text, code = run.wait()
    assert.equal(3, code, text)
    assert.equal("canceled", w:card("A").status)
    assert.equal("dependency", w:card("B").wait_reason)
    assert.equal("done", w:card("C").status)
  end)

  it("card files that change during a run are applied to what has not begun", function()
    local w <close> = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = [[
      function work(talk) return say(write(talk.card, talk.text), finish()) end ]] })
    local run = w:held(1)
    w:write("config/epics/ep.json", cjson.encode({ name = "Epic", team = "t", environment = "e", issues = {
      { id = "A", name = "Issue A", seat = "dev" },
      { id = "B", name = "Issue B", seat = "dev", depends_on = { "A" }, description = "quite another B" },
      { id = "N", name = "New", seat = "dev", depends_on = { "B" } },
    } }))
    local text, code = w:orket("sync")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert(w:made("B"):find("quite another B", 1, true))
    assert(w:made("N"))
    text, code = w:check()
    assert.equal(0, code, text)
  end)

  it("a project may lie as deep as it likes", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk) return say(write("a", "x"), finish()) end ]] })
    local deep = w.dir .. "/" .. ("a"):rep(100) .. "/with blanks é/" .. ("b"):rep(60)
    world.orket.shell(string.format("mkdir -p '%s' && cp -R %s/config '%s/'", deep, w.dir, deep))
    local run = w:held(1, "-C '" .. deep .. "' ep")
    assert.equal(deep .. "/.orket/owner.sock\n", (world.orket.shell("find " .. w.dir .. " -type s")))
    local text, code = w:orket("comment -C '" .. deep .. "' C-1 'hello down there'")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert(text:find("hello down there", 1, true), text)
    assert.equal("", (world.orket.shell("find " .. w.dir .. " -type s")))
    text, code = w:orket("comment -C '" .. deep .. "' C-1 'anybody?'")
    assert.equal(0, code, text)
  end)

  it("a project has one owner at a time", function()
    local w <close> = world.new({ issues = chain(1), mock = [[
      function work(talk) return say(write("a", "x"), finish()) end ]] })
    local run = w:held(1)
    local text, code = w:run()
    assert.equal(1, code)
    assert(text:find("ERR_OWNED", 1, true), text)
    text, code = w:orket("comment C-1 'hello there'")
    assert.equal(0, code, text)
    text, code = run.wait()
    assert.equal(0, code, text)
    assert.equal(1, #w:events("comment.added"))
    local checked, ok = w:check()
    assert.equal(0, ok, checked)
  end)
end)
