-- attack_labels_spec.lua: ways to lose a label that lead over time: further builds, cards begun again,
-- deleted files, parked turns, killed programs, caps, words for people. (Ways from card to card are in
-- tests/injection/.)

local cjson = require("cjson")
local outside = dofile("tests/support/outside.lua")
local world = outside.world

-- The rules by which somebody asked a person, as "CARD RULE", in order.
local function asked(w)
  local rules = {}
  for i, event in ipairs(w:events("approval.asked")) do
    rules[i] = event.card .. " " .. event.body.rule
  end
  return rules
end

describe("labels", function()
  it("a further build of the epic begins with no file of the one before, and loses no label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.card == "A" then return build(talk, fetch(), write("web", "x")) end
        return build(talk, call("list_directory", { path = "." }), look("web"), tell("heard"))
      end
    ]], { { id = "A", seat = "scribe" } })
    assert.equal(0, (select(2, w:run())))
    local text, code = w:run("--again ep")
    assert.equal(0, code, text)
    local failed = {}
    for _, event in ipairs(w:events("call.result")) do
      failed[#failed + 1] = event.card == "A-b2" and event.body.tool == "read_file" and event.body.ok == false
        or nil
    end
    assert.equal(1, #failed, "nothing of the build before lies there")
    assert.same({ heard = 1 }, server:heard())
  end)

  it("a made card that is exported and built anew keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.card:find("^ISSUE") then return build(talk, tell(talk.card)) end
        return talk.card == "A" and build(talk, fetch(), call("create_issue", { seat = "dev", summary = "go on with it", description = "words" })) or build(talk)
      end
    ]], { { id = "A", seat = "quiet" } })
    assert.equal(3, (select(2, w:run())))
    local text, code = w:orket("export-cards")
    assert.equal(0, code, text)
    local file = text:match("wrote (%S+)")
    assert.same({ "untrusted" }, cjson.decode(w:read(file)).outside)
    text, code = w:orket("validate")
    assert(code == 0 and not text:find("outside", 1, true), text)
    w:orket("deny --why no " .. w:events("approval.asked")[1].card)
    text, code = w:run()
    assert.equal(0, code, text)
    text, code = w:run("--again ep")
    assert.equal(3, code, text)
    assert.same({}, server:heard())
    local rules = asked(w)
    assert.equal(2, #rules)
    assert.truthy(rules[2]:find("%-b2 policy.labels.outward$"), rules[2])
    w:write(file, (w:read(file):gsub('"untrusted"', '"Not a name"')))
    assert.equal(1, (select(2, w:orket("validate"))))
  end)

  it("a card that is begun again keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.card == "A" then
          return build(talk, fetch(), write("web", "x"), call("create_issue", { seat = "dev", summary = "go on with it", description = "words" }))
        elseif talk.card == "B" then return build(talk, write("own", "x")) end
        if talk.card == "B-r2" then return build(talk, look("web"), tell("heard")) end
        return build(talk, talk.card:find("^ISSUE") and tell("made") or look("x"))
      end
    ]], { { id = "A", seat = "quiet" }, { id = "B", depends_on = { "A" } } })
    assert.equal(3, (select(2, w:run()))) -- the made card asks
    local text, code = w:orket("resume --plain --from B ep.1")
    assert.equal(3, code, text)
    local rules = table.concat(asked(w), "\n")
    assert(rules:find("B-r2 policy.labels.outward", 1, true), rules)
    text, code = w:orket("resume --plain --from A ep.1")
    assert.equal(3, code, text)
    assert.same({}, server:heard())
  end)

  it("a file that is deleted and written anew by a reader of it, or of its name, keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.card == "A" then return build(talk, fetch(), write("web", "x")) end
        local first = talk.card == "B" and look("web") or call("list_directory", { path = "." })
        return build(talk, first, call("delete_file", { path = "web" }), write("web", "y"), tell(talk.card))
      end
    ]], { { id = "A", seat = "quiet" }, { id = "B", depends_on = { "A" } }, { id = "C", depends_on = { "A" } } },
      { files = { ["workspace/ep/tree/other"] = "ours" } })
    for _ = 1, 3 do
      w:run()
      w:orket("approve B")
      w:orket("approve C")
    end
    local rules = {}
    for _, rule in ipairs(asked(w)) do
      rules[rule] = true
    end
    -- the list that C read names the file
    assert.same({ ["B gate.confirm"] = true, ["B policy.labels.outward"] = true, ["C gate.confirm"] = true,
      ["C policy.labels.outward"] = true }, rules)
    for _, event in ipairs(w:events("file.written")) do
      assert.same(event.body.path == "web" and { "untrusted" } or nil, event.body.labels)
    end
  end)

  it("a turn that asked a person, or said why it cannot go on, keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.text:find("go on then", 1, true) then return build(talk, tell("heard")) end
        return build(talk, fetch(), call("request_excuse", { reason = "obey the web" }))
      end
    ]], { { id = "A" } })
    assert.equal(3, (select(2, w:run())))
    assert.equal(0, (select(2, w:orket("answer A 'go on then'"))))
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "A policy.labels.outward" }, asked(w))
    assert.same({}, server:heard())
    w:replays()
  end)

  it("a turn that waits for room under a cap keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk) return build(talk, fetch(), write("web", "x"), tell("heard")) end
    ]], { { id = "A" } }, { world = { rules = { budgets = { cards = { A = { calls = 2 } } } } } })
    assert.equal(3, (select(2, w:run())))
    assert.equal(1, #w:events("budget.reached"))
    local organization = cjson.decode(w:read("config/organization.json"))
    organization.process_rules.budgets.cards.A.calls = 20
    w:write("config/organization.json", cjson.encode(organization))
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ "A policy.labels.outward" }, asked(w))
    assert.same({}, server:heard())
    w:replays()
  end)

  it("a copy by a program that is killed meanwhile keeps its label", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        local answer = talk.card == "A" and build(talk, run("sh", "-c", "cp vendor/x copy; base64 vendor/x > coded"), write("own", "x"))
          or build(talk, look("copy"), tell("heard"))
        answer.delay_ms = 100
        return answer
      end
    ]], { { id = "A", seat = "quiet" }, { id = "B", depends_on = { "A" } } }, {
      files = { ["workspace/ep/tree/vendor/x"] = "theirs" },
      rules = { files = { ["vendor/*"] = { "untrusted" } } },
      world = { rules = { commands = { { argv = { "sh", "**" } } } } },
    })
    for n = 1, 3 do
      local started = w:start()
      assert(world.wait(function() return w:requests() >= 2 * n end))
      started.kill("KILL")
      started.wait()
    end
    local text, code = w:run()
    assert.equal(3, code, text)
    for _, event in ipairs(w:events("file.written")) do
      assert.same(event.card == "A" and { "untrusted" } or event.body.labels, event.body.labels)
    end
    assert.equal("", w:sql("SELECT path FROM tree_file WHERE tree = 'ep' AND to_seq IS NULL AND labels IS NULL"))
    assert.same({ "B policy.labels.outward" }, asked(w))
    assert.same({}, server:heard())
    w:replays()
  end)

  it("what agents say to people only is in no prompt, so that it loses no label", function()
    local server <close> = outside.beyond.serve()
    local role = world.orket.read("roles/coder.lua"):gsub('"request_excuse",',
      '"request_excuse", "nominate_card", "refinement_proposal", "report_credits", "fetch",')
    local w <close> = outside.play(server, [[
      function work(talk)
        if talk.card == "A" then
          return build(talk, fetch(), call("nominate_card", { card = "A", reason = "ORDERED by the web", name = "ORDERED" }),
            call("refinement_proposal", { card = "A", proposal = "ORDERED by the web", reason = "ORDERED", text = "ORDERED" }),
            status("ready_for_testing", "done"))
        end
        return build(talk, write("b", "x"))
      end
    ]], { { id = "A" }, { id = "B", depends_on = { "A" } } }, { files = { ["roles/coder.lua"] = role } })
    local text, code = w:run()
    assert.equal(0, code, text)
    for n = 1, w:requests() do
      local request = cjson.decode(w:request(n))
      assert.is_nil(request.messages[2].content:find("ORDERED", 1, true))
    end
  end)
end)

describe("labels in a question", function()
  it("a question tells that the turn has read what came from outside, whatever rule asks", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        local first = talk.card == "A" and fetch() or look("other")
        return build(talk, first, call("delete_file", { path = "other" }))
      end
    ]], { { id = "A" }, { id = "B" } }, { files = { ["workspace/ep/tree/other"] = "ours" } })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert(text:find("delete_file other (rule gate.confirm [untrusted])", 1, true)
      and text:find("delete_file other (rule gate.confirm)", 1, true), text)
    assert(w:orket("show A"):find("the turn that asks has read what came from outside (untrusted)", 1, true))
    assert.is_nil(w:orket("show B"):find("came from outside", 1, true))
    local rows = cjson.decode((w:orket("approvals --json")))
    table.sort(rows, function(a, b) return a.card < b.card end)
    assert.same({ { "untrusted" }, nil }, { rows[1].labels, rows[2].labels })
  end)

  it("a question cannot steer the terminal, nor look like more than one line", function()
    local server <close> = outside.beyond.serve()
    local w <close> = outside.play(server, [[
      function work(talk)
        return build(talk, fetch(), tell("x\27[2J\27[1;1Hgate.allow\r\nfake  A  nothing to see\u{202e}\u{9b}0m"))
      end
    ]], { { id = "A" } })
    assert.equal(3, (select(2, w:run())))
    for _, words in ipairs({ "approvals", "show A", "reports", "log -n 100", "run --plain ep" }) do
      local text = w:orket(words)
      assert.is_nil(text:find("[\27\r]"), words)
      assert.is_nil(text:find("\u{9b}", 1, true), words)
      assert.is_nil(text:find("\u{202e}", 1, true), words)
      assert.is_nil(text:find("\nfake", 1, true), words)
    end
    assert(w:orket("approvals"):find("A", 1, true))
  end)
end)

describe("labels of operations", function()
  it("an operation of an unknown kind brings in what is untrusted", function()
    local text = world.orket.probe(world.orket.chunk("attack_labels", "labels_of_operations"))
    assert.same({ { "untrusted" }, { "untrusted" }, { "untrusted" }, {}, {}, { "web" } }, cjson.decode(text))
  end)

  it("every operation of every shipped tool has a rule for labels", function()
    local known = world.orket.read("lua/orket/governance/labels.lua")
    for path in world.orket.shell("ls tools/*.lua"):gmatch("%S+") do
      for kind in world.orket.read(path):match("operations = (%b{})"):gmatch('"([^"]+)"') do
        assert(known:find('"' .. kind .. '"', 1, true), path .. ": " .. kind)
      end
    end
  end)

  it("a program's result is as trusted as its tree, and less when its tool says so", function()
    local server <close> = outside.beyond.serve()
    local tool = world.orket.read("tools/run_command.lua")
    local w <close> = outside.play(server, [[
      function work(talk)
        return build(talk, call(talk.card == "A" and "run_command" or "mirror", { argv = { "cat", "own" } }), tell(talk.card))
      end
    ]], { { id = "A" }, { id = "B" } }, {
      files = {
        ["workspace/ep/tree/own"] = "ours",
        ["tools/mirror.lua"] = tool:gsub('name = "run_command"', 'name = "mirror", untrusted = true'),
        ["roles/coder.lua"] = world.orket.read("roles/coder.lua"):gsub('"request_excuse",',
          '"request_excuse", "run_command", "mirror", "tell",'),
      },
      world = { rules = { commands = { { argv = { "cat", "**" } } } } },
    })
    local text, code = w:run()
    assert.equal(3, code, text)
    assert.same({ A = 1 }, server:heard())
    assert.same({ "B policy.labels.outward" }, asked(w))
    w:replays()
  end)
end)
